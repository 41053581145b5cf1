import { Readable } from 'node:stream';
import { PartPlan } from './parts';
import { Part, sendInParts } from './send-parts';
import { Service } from './service';
import { ExitCode } from '../../contract/exit-code';
import { RunnerError } from '../core/errors';

/** An upload that was stopped has this long to be removed from the service: the whole run must be gone 5 s after SIGTERM. */
const CLEAN_UP_WHEN_STOPPED_MS = 3000;
/** After a failure nobody is in a hurry, and the service may be coming back. */
const CLEAN_UP_MS = 30_000;
/** What is begun must be known before it can be removed: its answer gets this long after a stop. */
const GRACE_MS = 1000;

/** The requests that one upload consists of. */
export interface UploadSteps<Confirmed> {
  /** Stores the object by one request, where all of it fits into one part. */
  whole(body: Buffer, signal: AbortSignal): Promise<void>;
  /** @param lateSignal is aborted a moment after the other one: for what has to be known before it can be removed */
  part(part: Part, signal: AbortSignal, lateSignal: AbortSignal): Promise<void>;
  /** Makes the parts one object, which is visible from then on. */
  complete(signal: AbortSignal): Promise<void>;
  /** Asks the service what it holds. */
  confirm(bytes: number, signal: AbortSignal): Promise<Confirmed>;
  /**
   * Removes what was sent. Does its best: what it can't remove, the next run finds by `Store.unfinished`, and without a record no object counts.
   *
   * @param visible whether the object itself may be there
   */
  discard(visible: boolean, signal: AbortSignal): Promise<void>;
  /** Says what a failed request means. */
  explain(error: unknown): unknown;
}

export interface Upload<Confirmed> {
  readonly service: Service;
  readonly key: string;
  readonly plan: PartPlan;
  readonly steps: UploadSteps<Confirmed>;
}

/** Uploads a body, in parts where it is large, and returns what the service confirms. See `Store.put`. */
export async function uploadInParts<Confirmed>(upload: Upload<Confirmed>, body: Readable, signal: AbortSignal): Promise<Confirmed> {
  return new RunningUpload(upload, body).run(signal);
}

/**
 * One upload, in parts of which several are sent at once.
 *
 * The one of AWS's lib-storage has up to four parts in memory for each that it sends. And left alone it does three things that a backup can't have:
 * after a failed part it reads the rest of the body before it says so, a stop leaves requests running, and its promise then rejects before the
 * parts are removed. Here each request passes through {@link send}, which stops everything at the first failure.
 */
class RunningUpload<Confirmed> {
  private readonly stopped = new AbortController();
  private readonly stoppedFully = new AbortController();
  private failure: { readonly reason: unknown } | undefined;
  private inParts = false;
  /** Whether the object may be visible. */
  private committing = false;
  private bytes = 0;

  constructor(private readonly upload: Upload<Confirmed>, private readonly body: Readable) {}

  public async run(signal: AbortSignal): Promise<Confirmed> {
    const { plan, steps } = this.upload;
    const stop = () => this.fail(signal.reason);
    const bodyFailed = (error: Error) => this.fail(error);
    signal.addEventListener('abort', stop, { once: true });
    this.body.on('error', bodyFailed);
    try {
      signal.throwIfAborted();
      await sendInParts(this.body, plan.partBytes, plan.buffers, part => this.sendPart(part));
      if (this.inParts) await this.commit(stopSignal => steps.complete(stopSignal));
      signal.throwIfAborted();
      return await steps.confirm(this.bytes, signal);
    } catch (error) {
      this.fail(error);
      await steps.discard(this.committing, AbortSignal.timeout(signal.aborted ? CLEAN_UP_WHEN_STOPPED_MS : CLEAN_UP_MS))
        .catch(() => {}); // the failure that led here is the one to report
      throw this.failure!.reason;
    } finally {
      signal.removeEventListener('abort', stop);
    }
  }

  /** The first failure counts: it stops all requests and the source of the body. */
  private fail(reason: unknown): void {
    if (this.failure) return;
    this.failure = { reason };
    this.stopped.abort();
    setTimeout(() => this.stoppedFully.abort(), GRACE_MS).unref();
    this.body.destroy(reason as Error);
  }

  private async sendPart(part: Part): Promise<void> {
    const { steps } = this.upload;
    if (part.number === 1 && part.last) {
      await this.commit(signal => steps.whole(part.body, signal));
    } else {
      this.inParts = true;
      await this.send(async signal => {
        this.checkPart(part.number);
        await steps.part(part, signal, this.stoppedFully.signal);
      });
    }
    this.bytes += part.body.length;
  }

  private async commit(action: (signal: AbortSignal) => Promise<void>): Promise<void> {
    await this.send(async signal => {
      this.committing = true;
      await action(signal);
    });
  }

  private async send(action: (signal: AbortSignal) => Promise<void>): Promise<void> {
    try {
      this.stopped.signal.throwIfAborted();
      await action(this.stopped.signal);
    } catch (error) {
      this.fail(this.upload.steps.explain(error));
      throw error;
    }
  }

  private checkPart(number: number): void {
    const { service: { name, location }, key, plan: { maxParts, partBytes, moreParts } } = this.upload;
    if (number <= maxParts) return;
    throw new RunnerError(
      `${name} (${location}): ${key} is larger than ${maxParts} parts of ${partBytes} bytes, and the estimate before ` +
        `the dump was less than half of that: start again once the estimate is right (for PostgreSQL after ANALYZE)${moreParts === '' ? '' : `, or${moreParts.replace(/,$/, '')}`}`,
      ExitCode.FAILED,
    );
  }
}
