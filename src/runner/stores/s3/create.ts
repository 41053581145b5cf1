import { randomBytes, randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { DeleteObjectCommand, ListObjectsV2Command, PutObjectCommand, PutObjectCommandInput } from '@aws-sdk/client-s3';
import { S3Target } from './client';
import { s3Status } from './errors';
import { ownedBy, UPLOAD_ID_METADATA } from './upload';
import { ExitCode } from '../../../contract/exit-code';
import { RunnerError } from '../../core/errors';
import { monotonicMs } from '../../core/monotonic';

/*
 * Creating an object of which there may be one only, whoever else tries at the same moment.
 *
 * S3 itself refuses the second one by If-None-Match. Some services take no notice of that header, and of two runs that begin in one second
 * both would be told that the id is theirs. So where it was not seen to work, each writer first makes an object of its own beside the key:
 *
 *   KEY.creating-XXXXXXXXXXXX
 *
 * and looks who else has one. It goes on only while it is alone, and only where KEY is not there yet. Of two writers the later one to look
 * sees the other in any case, since lists show all that was written before. The object goes once KEY is there; one that a killed run has
 * left counts for a minute, and is an unfinished upload to everybody else.
 */

const INTENT = /^(.+)\.creating-[0-9a-f]{12}$/;
/** After so long whoever made it is dead for others. */
const INTENT_MS = 60_000;
/** A writer that was held up longer than this begins anew: others may soon take it for dead. */
const FRESH_MS = 20_000;
const PATIENCE_MS = 3 * INTENT_MS;
const WAIT_MS = 150;
const CLEAN_UP_MS = 3000;
/** Two writers at the same moment are told to try again; after this many times the other one has it. */
const MAX_CONFLICTS = 5;

/** Key of what somebody is about to create, if that is what this key says. */
export function keyOfIntent(key: string): string | undefined {
  return INTENT.exec(key)?.[1];
}

/** What is to be created. Its key is the whole one, prefix included. */
export type Creation = PutObjectCommandInput & { readonly Bucket: string; readonly Key: string; readonly Body: Buffer };

interface Sight {
  readonly there: boolean;
  /** What others have made who are about to create it. */
  readonly others: readonly string[];
}

export class S3Creator {
  /** Whether the service was seen to refuse the second object of one key; `null` while that is not known. */
  private conditional: boolean | null;

  /** @param conditional that this is known of the service beforehand: of S3 itself */
  constructor(private readonly target: S3Target, conditional: boolean) {
    this.conditional = conditional || null;
  }

  /** Stores an object of a key that was not there a moment ago; the answer is `false`, and nothing changes, where somebody else has been faster. */
  public async create(creation: Creation, signal: AbortSignal): Promise<boolean> {
    const token = randomUUID();
    const object = { ...creation, Metadata: { [UPLOAD_ID_METADATA]: token } };
    if (this.conditional === true) return this.put(object, token, signal);
    return this.alone(object, signal, async () => {
      if (!await this.put(object, token, signal)) return false;
      this.conditional ??= await this.refusesAnother(object, signal);
      return this.conditional === true || ownedBy(this.target, object.Key, token, signal);
    });
  }

  private async put(object: Creation, token: string, signal: AbortSignal): Promise<boolean> {
    const { client } = this.target;
    const isOurs = () => ownedBy(this.target, object.Key, token, signal);
    for (let conflicts = 0; ; conflicts++) {
      try {
        await client.send(new PutObjectCommand({ ...object, IfNoneMatch: '*' }), { abortSignal: signal });
        return true;
      } catch (error) {
        // Also the answer to a retry of our own request, if the first answer was lost.
        if (s3Status(error) === 412) {
          if (await isOurs()) return true;
          if ((await this.look(object, signal)).there) return false;
          break; // to some services a deletion in a bucket with versions is an object too
        }
        if (s3Status(error) === 501) {
          this.conditional = false;
          break;
        }
        if (s3Status(error) !== 409) throw error;
        if (conflicts >= MAX_CONFLICTS) return isOurs();
        await sleep(100 * (conflicts + 1), undefined, { signal });
      }
    }
    // A service without conditional writes, or with odd ones.
    await client.send(new PutObjectCommand(object), { abortSignal: signal });
    return isOurs();
  }

  /** Whether the service heeds the condition: the object is there and ours, and the same once more has to be refused. */
  private async refusesAnother(object: Creation, signal: AbortSignal): Promise<boolean | null> {
    try {
      await this.target.client.send(new PutObjectCommand({ ...object, IfNoneMatch: '*' }), { abortSignal: signal });
      return false;
    } catch (error) {
      signal.throwIfAborted();
      return s3Status(error) === 412 ? true : null;
    }
  }

  /** Does something while nobody else is about to create the same object; the answer is `false` where that is there. */
  private async alone(object: Creation, signal: AbortSignal, action: () => Promise<boolean>): Promise<boolean> {
    const { client, name, location } = this.target;
    const { Bucket, Key, ServerSideEncryption, SSEKMSKeyId } = object;
    const own = new Set<string>(); // more than one only where they can't be deleted
    const until = monotonicMs() + PATIENCE_MS;
    while (monotonicMs() < until) {
      const intent = { Bucket, Key: `${Key}.creating-${randomBytes(6).toString('hex')}` };
      const madeAt = monotonicMs();
      own.add(intent.Key);
      try {
        await client.send(new PutObjectCommand({ ...intent, ServerSideEncryption, SSEKMSKeyId, Body: '-' }), { abortSignal: signal });
      } catch (error) {
        // Who may write this one key only can't be better off than with the condition, and a look afterwards.
        if (s3Status(error) === 403) return action();
        throw error;
      }
      try {
        for (;;) {
          const { there, others } = await this.look(object, signal, own);
          if (there) return false;
          if (monotonicMs() - madeAt > FRESH_MS) break;
          if (others.length === 0) return await action();
          // One of several stays until the others have gone.
          if (others.some(other => other < intent.Key)) break;
          await sleep(WAIT_MS, undefined, { signal });
        }
      } finally {
        // Also of a run that was stopped. Where nothing may be deleted it stays, as the claims of runs do.
        await client.send(new DeleteObjectCommand(intent), { abortSignal: AbortSignal.timeout(CLEAN_UP_MS) }).catch(() => {});
      }
      while (monotonicMs() < until) {
        const { there, others } = await this.look(object, signal, own);
        if (there) return false;
        if (others.length === 0) break;
        await sleep(WAIT_MS * (1 + Math.random()), undefined, { signal });
      }
    }
    throw new RunnerError(
      `${name} (${location}): can't store ${Key}: others are about to do the same, by what they keep writing beside it: try again`, ExitCode.UNAVAILABLE,
    );
  }

  /** Whether the object is there, and who else is about to create it. */
  private async look({ Bucket, Key }: Creation, signal: AbortSignal, own?: ReadonlySet<string>): Promise<Sight> {
    const { client, clock } = this.target;
    const { Contents = [] } = await client.send(new ListObjectsV2Command({ Bucket, Prefix: Key }), { abortSignal: signal });
    const dead = Date.now() + (clock.offsetMs ?? 0) - INTENT_MS;
    const others = Contents.filter(({ Key: found = '', LastModified }) => keyOfIntent(found) === Key && !own?.has(found)
      && (LastModified === undefined || LastModified.getTime() > dead));
    return { there: Contents.some(({ Key: found }) => found === Key), others: others.map(({ Key: found = '' }) => found) };
  }
}
