import { dropDatabase } from './restore-subscriptions';
import { Swap, swapStatements } from './restore-swap';
import { RestoreTarget } from './restore-target';
import { ExitCode } from '../../../contract/exit-code';
import { exitCodeOf, messageOf } from '../../core/errors';
import { RestoreFailure } from '../../engine-api/restorer';

/** To find out what a failed restore has left, and to put it right: a run that is being stopped has 5 s for all. */
const SETTLE_MS = 3500;
/** For the oid of a database that was made, and is gone already. */
const DROPPED = 'dropped';
const DROPPED_BY_ANOTHER = 'Another restore has dropped the database that this one was filling, which it took for that of a killed one: '
  + 'let it end, and look at what it has restored before you run this again';

/** One change of names, from the making of the database that goes live to what a failure has to put right. */
export class SwapIn {
  /** The oid of the database that was made, and no other: one of its name may be another restore's. */
  private made: string | undefined;
  /** The oid of the database that the swap makes live, once it has begun and may have been committed. */
  private swapping: string | undefined;
  private settleSignal: AbortSignal | null = null;

  constructor(private readonly target: RestoreTarget, private readonly maintenance: string) {}

  /** Makes the database that is going to be live. */
  public async create(database: string, statement: string, signal: AbortSignal): Promise<void> {
    await this.target.client.run(this.maintenance, statement, signal);
    this.made = await this.oidOf(database, signal) ?? DROPPED;
  }

  public async swap(swap: Swap, signal: AbortSignal): Promise<void> {
    const before = await this.oidOf(swap.incoming, signal);
    this.swapping = before;
    try {
      await this.target.client.run(this.maintenance, swapStatements(swap), signal);
    } catch (error) {
      // A connection that was lost during the commit leaves open whether it was done: the server knows.
      const now = await this.target.endSwap(this.maintenance, this.settling())
        .then(() => this.oidOf(swap.live, this.settling())).catch(() => undefined);
      if (now === undefined || now !== before) throw error;
      this.target.context.reporter.warn('swap.unsure', `the connection was lost during the swap, which was done all the same: ${messageOf(error)}`);
    }
  }

  /** Puts right what a failure has left, as far as the server can be reached, and says what the live name holds. */
  public async failure(error: unknown): Promise<RestoreFailure> {
    const { client, config, description } = this.target;
    let holds = `${description} is as it was`;
    let [dropped, live] = [false, false];
    try {
      const signal = this.settling();
      await this.target.endSwap(this.maintenance, signal);
      const { server } = await this.target.ask(signal);
      live = server.databases.some(({ oid, name }) => oid === this.swapping && name === config.databaseName);
      if (live) holds = `${description} is what was restored: the swap was done before the failure`;
      dropped = this.made !== undefined && !server.databases.some(({ oid }) => oid === this.made);
      const unfinished = this.target.leftovers(server).find(({ oid }) => oid === this.made);
      if (unfinished) await dropDatabase(client, this.maintenance, unfinished.name, signal);
    } catch (left) {
      holds = this.swapping !== undefined ? `${description} is either as it was or what was restored: the server can't be asked (${messageOf(left)})` : `${holds} (${messageOf(left)})`;
    }
    // It says that a database is not there, which is no fault of the config.
    return dropped
      ? new RestoreFailure(`${messageOf(error)}. ${DROPPED_BY_ANOTHER}`, holds, true, ExitCode.UNAVAILABLE, { cause: error })
      : new RestoreFailure(messageOf(error), holds, true, exitCodeOf(error), { cause: error, live });
  }

  /** The time in which everything has to be put right after a failure, all of it together. */
  private settling(): AbortSignal {
    this.settleSignal ??= AbortSignal.timeout(SETTLE_MS);
    return this.settleSignal;
  }

  private async oidOf(database: string, signal: AbortSignal): Promise<string | undefined> {
    return (await this.target.ask(signal)).server.databases.find(({ name }) => name === database)?.oid;
  }
}
