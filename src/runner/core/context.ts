import { Readable, Writable } from 'node:stream';
import { Reporter } from './reporter';
import { BackupConfig } from '../../contract/config';

/** What a command gets from the process it runs in. */
export interface Context<C = BackupConfig> {
  readonly config: C;
  readonly env: NodeJS.ProcessEnv;
  /** Where a person may answer. */
  readonly stdin: Readable & { readonly isTTY?: boolean };
  /** For results; everything else goes through {@link reporter}. */
  readonly stdout: Writable & { readonly isTTY?: boolean };
  /** Whether results are for people, or one JSON object a line. */
  readonly asText: boolean;
  readonly reporter: Reporter;
  /** Aborted when the process is told to stop. */
  readonly signal: AbortSignal;
}
