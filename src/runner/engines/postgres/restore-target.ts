import { PostgresClient } from './client';
import { explainRestore } from './restore-errors';
import { besideTime } from './restore-names';
import { DatabaseState, ServerState, serverStateQuery } from './restore-server';
import { endSwapStatements, swapSession } from './restore-swap';
import { PostgresTargetConfig } from '../../../contract/config';
import { ExitCode } from '../../../contract/exit-code';
import { BackupRecord, RecordedArtifact } from '../../../contract/record';
import { RunnerError } from '../../core/errors';
import { RestorerContext } from '../../engine-api/restorer';

/** From where databases are made and renamed; the second is for servers without the first. */
const MAINTENANCE_DATABASES = ['postgres', 'template1'];

/** What a server says of itself, and the database that it was asked from. */
export interface AskedServer {
  readonly maintenance: string;
  readonly server: ServerState;
}

/** The server that a restore goes to and the names in it, for whatever way of restoring. */
export class RestoreTarget {
  public readonly description: string;
  public readonly client: PostgresClient;
  /** The name that the restored database gets. */
  public readonly final: string;

  constructor(public readonly config: PostgresTargetConfig, public readonly context: RestorerContext) {
    this.client = new PostgresClient(config, context.env, explainRestore);
    this.description = `postgres database ${config.databaseName} on ${config.host}:${config.port}`;
    this.final = config.newName ?? config.databaseName;
  }

  public select(record: BackupRecord): readonly RecordedArtifact[] {
    const data = record.artifacts.filter(({ role }) => role === 'data');
    const wanted = this.config.sourceDatabaseName ?? (data.length === 1 ? data[0]!.database : this.config.databaseName);
    const chosen = data.find(({ database }) => database === wanted);
    if (!chosen) {
      throw new RunnerError(
        `${record.id} has no database ${wanted}; it has ${data.map(({ database }) => database).join(', ')}: --set target.sourceDatabaseName=NAME`, ExitCode.NOT_FOUND,
      );
    }
    return [...this.config.globals ? record.artifacts.filter(({ role }) => role === 'globals') : [], chosen];
  }

  public artifactsOf(record: BackupRecord): [data: RecordedArtifact, globals: RecordedArtifact | undefined] {
    const chosen = this.select(record);
    return [chosen.find(({ role }) => role === 'data')!, chosen.find(({ role }) => role === 'globals')];
  }

  public async ask(signal: AbortSignal): Promise<AskedServer> {
    for (const [index, maintenance] of MAINTENANCE_DATABASES.entries()) {
      try {
        return { maintenance, server: await this.client.query<ServerState>(maintenance, serverStateQuery(), signal) };
      } catch (error) {
        const next = error instanceof RunnerError && error.exitCode === ExitCode.NOT_FOUND && index + 1 < MAINTENANCE_DATABASES.length;
        if (!next) throw error;
      }
    }
    throw new Error('unreachable: there is a candidate');
  }

  /** Also of a run that was killed: once this has ended, its swap to the name is either done or undone. */
  public async endSwap(maintenance: string, signal: AbortSignal): Promise<void> {
    await this.client.run(maintenance, endSwapStatements(this.final), signal);
  }

  public isBeingSwapped({ swaps }: ServerState): boolean {
    return swaps.includes(swapSession(this.final));
  }

  /** Databases that restores have begun and never finished: those that this role may drop, or the others, which are in nobody's way. */
  public leftovers({ databases }: Pick<ServerState, 'databases'>, droppable = true): DatabaseState[] {
    return databases.filter(({ name, owned }) => owned === droppable && besideTime(name, this.final, 'restore') !== undefined);
  }
}
