import { createReadStream, createWriteStream } from 'node:fs';
import path from 'node:path';
import { pipeline, Readable, Writable } from 'node:stream';
import { pipeline as piped } from 'node:stream/promises';
import { RestoreConfig, SCRATCH_SPARE_BYTES, ScratchConfig } from '../../contract/config';
import { ExitCode } from '../../contract/exit-code';
import { RecordedArtifact } from '../../contract/record';
import { Identities } from '../age/keys';
import { bestFirst, openArtifact, useArtifact } from '../catalog/artifact';
import { Backup } from '../catalog/catalog';
import { isWhole } from '../catalog/copy-state';
import { identitiesFor, openPlain, unseal } from '../catalog/open-plain';
import { bytesOf } from '../catalog/sizes';
import { roomIn } from '../core/disk';
import { codeOf, messageOf, RunnerError } from '../core/errors';
import { formatBytes } from '../core/format';
import { Reporter } from '../core/reporter';
import { ScratchDirectory, scratchDirectory } from '../core/scratch';
import { Store } from '../store-api/store';
import { DigestStream } from '../stream/digest';
import { withholdEnd } from '../stream/withhold-end';

/** What reading a backup needs of the config. */
export type ReaderConfig = Pick<RestoreConfig, 'scratch' | 'decryption'>;

/** The artifacts of one backup, as a restorer reads them. */
export interface RestoreArtifacts {
  /** Whether they are all put into scratch files; known before anything is read. */
  readonly inScratch: boolean;

  /** The content from the beginning, its digest not verified, from the first store that has it. For a look at the head, before anything changes. */
  peek(artifact: RecordedArtifact, signal: AbortSignal): Promise<Readable>;

  /**
   * The content, decrypted, and decompressed where the file as a whole is compressed. Its digest was verified before; it is again on the way, and
   * the last bytes come only if it is right, so that a program that needs all of them can't succeed with others.
   */
  open(artifact: RecordedArtifact, signal: AbortSignal): Promise<Readable>;

  /** The file with the stored bytes, verified and decrypted; `null` where they are read from the store. */
  file(artifact: RecordedArtifact): string | null;
}

/**
 * Reads a backup so that its digest is verified before a byte reaches the target.
 *
 * Where the scratch directory has room for it, it is read over the network once, into files there: what is restored then are the
 * very bytes that were verified, decrypted on their way into the file. Otherwise it is read twice: once to verify, once to restore, from the same store. That costs the
 * transfer a second time, and no disk; the second reading is verified on its way as well.
 */
export class VerifiedArtifacts implements RestoreArtifacts {
  /**
   * Decides where the bytes go. Reads the identities, and nothing of the backup.
   *
   * @throws RunnerError if it is encrypted, and no identity can open it
   */
  public static async plan(
    backup: Backup, artifacts: readonly RecordedArtifact[], stores: readonly Store[], config: ReaderConfig, reporter: Reporter,
  ): Promise<VerifiedArtifacts> {
    const { scratch, decryption } = config;
    const identities = await identitiesFor(artifacts, decryption);
    const room = await roomOf(scratch) - SCRATCH_SPARE_BYTES;
    return new VerifiedArtifacts(backup, artifacts, bestFirst(backup, stores), scratch, identities, reporter, bytesOf(artifacts) <= room);
  }

  private directory: ScratchDirectory | null = null;
  private readonly from = new Map<string, Store>();

  private constructor(
    private readonly backup: Backup, private readonly artifacts: readonly RecordedArtifact[], private readonly stores: readonly Store[],
    private readonly scratch: ScratchConfig, private readonly identities: Identities | null, private readonly reporter: Reporter,
    private fits: boolean,
  ) {}

  public get inScratch(): boolean {
    return this.fits;
  }

  /** Names of the stores whose copies were verified. */
  public get verifiedIn(): string[] {
    return [...new Set([...this.from.values()].map(({ name }) => name))];
  }

  /** What is read and how, for the plan. */
  public get steps(): string[] {
    const files = this.artifacts.map(({ file, bytes }) => `${file} (${formatBytes(bytes)})`).join(' and ');
    const from = this.stores.filter(({ name }) => isWhole(this.backup.copies.get(name))).map(({ location }) => location).join(', else ');
    return [
      this.fits
        ? `read ${files} from ${from} into ${this.scratch.directory} and verify the digest there, before a byte reaches the target`
        : `read ${files} from ${from} twice: once to verify the digest before a byte reaches the target, once to restore, since ${this.scratch.directory} has no room for ${formatBytes(bytesOf(this.artifacts))}`,
    ];
  }

  /**
   * Reads all of it, in the first store whose copy is good.
   *
   * @param needsFile whether the restore can't do without files, and rather fails than reads twice
   */
  public async verify(needsFile: boolean, signal: AbortSignal): Promise<void> {
    for (const artifact of this.artifacts) {
      try {
        await this.verifyOne(artifact, signal);
      } catch (error) {
        if (!isFull(error) || needsFile) throw explainNoSpace(error, this.scratch.directory, bytesOf(this.artifacts));
        this.reporter.warn('scratch.full', `${this.scratch.directory} turned out to be too small: the backup is read from the store twice instead`);
        this.fits = false;
        await this.dispose();
        await this.verify(needsFile, signal);
        return;
      }
    }
  }

  /** Removes the files. Does not fail. */
  public async dispose(): Promise<void> {
    const directory = this.directory;
    this.directory = null;
    await directory?.remove();
  }

  public async peek(artifact: RecordedArtifact, signal: AbortSignal): Promise<Readable> {
    const faults: unknown[] = [];
    for (const store of this.stores.filter(({ name }) => isWhole(this.backup.copies.get(name)))) {
      try {
        return openPlain(artifact, await store.get(artifact.file, signal), this.identities);
      } catch (error) {
        signal.throwIfAborted();
        faults.push(error);
      }
    }
    throw faults[0] ?? new RunnerError(`no store has a whole copy of ${artifact.file}: try an older backup, see "cdk8s-backup list"`, ExitCode.NOT_FOUND);
  }

  public async open(artifact: RecordedArtifact, signal: AbortSignal): Promise<Readable> {
    const file = this.file(artifact);
    const stored = file === null ? await openArtifact(artifact, this.storeOf(artifact), this.reporter, signal) : this.metered(artifact, file);
    const end = withholdEnd();
    pipeline(stored, end, () => {});
    return file === null ? openPlain(artifact, end, this.identities) : openPlain({ ...artifact, recipients: undefined }, end, null); // a file is decrypted
  }

  public file(artifact: RecordedArtifact): string | null {
    return this.directory === null ? null : path.join(this.directory.path, artifact.file);
  }

  private async verifyOne(artifact: RecordedArtifact, signal: AbortSignal): Promise<void> {
    if (this.fits) this.directory ??= await scratchDirectory(this.scratch, 'restore');
    const file = this.file(artifact);
    await useArtifact(this.backup, artifact, this.stores, async (body, store) => {
      await piped(unseal(artifact, body, this.identities), file === null ? drain() : createWriteStream(file, { mode: 0o600 }), { signal });
      this.from.set(artifact.file, store);
    }, this.reporter, signal);
  }

  private metered(artifact: RecordedArtifact, file: string): Readable {
    const progress = this.reporter.progress(artifact.file, artifact.bytes, true);
    const meter = new DigestStream(bytes => progress.add(bytes));
    pipeline(createReadStream(file), meter, () => progress.done());
    return meter;
  }

  private storeOf(artifact: RecordedArtifact): Store {
    const store = this.from.get(artifact.file);
    if (!store) throw new Error(`${artifact.file} was not verified`);
    return store;
  }
}

function drain(): Writable {
  return new Writable({ write: (_chunk, _encoding, callback) => callback() });
}

async function roomOf(scratch: ScratchConfig): Promise<number> {
  try {
    return await roomIn(scratch);
  } catch (error) {
    throw new RunnerError(`the scratch directory ${scratch.directory} can't be used: ${messageOf(error)}`, ExitCode.BAD_CONFIG, { cause: error });
  }
}

function isFull(error: unknown): boolean {
  return codeOf(error) === 'ENOSPC' || (error instanceof RunnerError && error.exitCode === ExitCode.NO_SPACE);
}

function explainNoSpace(error: unknown, directory: string, bytes: number): unknown {
  if (!isFull(error)) return error;
  return new RunnerError(`${directory} is full: the restore needs ${formatBytes(bytes)} there: give it a larger scratch volume, or restore with one job, which needs none`, ExitCode.NO_SPACE, { cause: error });
}
