import { Kept, Restored, RestoreInput, RestorePlan, Restorer } from './restorer';
import { PostgresTargetConfig } from '../../contract/config';
import { ExitCode } from '../../contract/exit-code';
import { BackupRecord, RecordedArtifact } from '../../contract/record';
import { RunnerError } from '../errors';
import { Reporter } from '../reporter';

const notYet = () => Promise.reject(new RunnerError('not there yet', ExitCode.USAGE));

export class PostgresRestorer implements Restorer {
  public readonly description: string;

  constructor(config: PostgresTargetConfig, _env: NodeJS.ProcessEnv, _reporter: Reporter) {
    this.description = `postgres database ${config.database} on ${config.host}:${config.port}`;
  }

  public select(record: BackupRecord): readonly RecordedArtifact[] {
    return record.artifacts;
  }

  public inspect(_input: RestoreInput, _signal: AbortSignal): Promise<RestorePlan> {
    return notYet();
  }

  public repair(_signal: AbortSignal): Promise<readonly string[]> {
    return notYet();
  }

  public restore(_input: RestoreInput, _signal: AbortSignal): Promise<Restored> {
    return notYet();
  }

  public kept(_signal: AbortSignal): Promise<readonly Kept[]> {
    return notYet();
  }

  public rollback(_kept: Kept, _signal: AbortSignal): Promise<Restored> {
    return notYet();
  }

  public discard(_kept: Kept, _signal: AbortSignal): Promise<void> {
    return notYet();
  }
}
