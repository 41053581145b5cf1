import { randomUUID } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { Readable } from 'node:stream';
import { PostgresClient } from './client';
import { ArchiveEntry, ArchiveHead } from './restore-archive';
import { Facts, rendersScript, restricts } from './restore-findings';
import { withoutUnknownSettings } from './restore-script';
import { oidsQuery } from './restore-server';
import { literal } from './restore-sql';
import { inDatabases, leaveStatements } from './restore-swap';
import { losesTablespaces } from './restore-tablespaces';
import { PostgresTargetConfig, ScratchConfig } from '../../../contract/config';
import { messageOf } from '../../core/errors';
import { scratchDirectory } from '../../core/scratch';

/** A run that was stopped is gone after 5 s. */
const SETTLE_MS = 3000;

/** A stream, or the name of a file. */
export type Archive = Parameters<PostgresClient['restore']>[2];

/** Shorter than the server's `deadlock_timeout`, whose victim might be the restore. */
const WATCH_MS = 500;
/** The script ends with this, and with comments: what has to be looked at before comes before it. */
const COMMIT = '\nCOMMIT;\n';

const RELATIONS = ['TABLE', 'VIEW', 'MATERIALIZED VIEW', 'SEQUENCE', 'FOREIGN TABLE'];

/** A failure after which nobody can say whether the transaction was committed. */
export class Unsure extends Error {
  constructor(public override readonly cause: unknown) {
    super(messageOf(cause));
  }
}

/** Oids by `schema.name`. */
interface Relations {
  readonly [name: string]: string;
}

/** Whether each relation is there, and is none that was there before. */
function madeAnew(before: Relations, now: Relations): boolean {
  const names = Object.keys({ ...before, ...now });
  return names.length > 0 && names.every(name => now[name] !== undefined && now[name] !== before[name]);
}

/** Replaces the objects of a database inside of it: all of them, or none. */
export class PostgresInPlace {
  /** By which its own session is known: others of ours, such as a backup's, are not it. */
  private readonly application = `cdk8s-backup restore ${randomUUID().slice(0, 8)}`;

  constructor(private readonly client: PostgresClient, private readonly config: PostgresTargetConfig, private readonly scratch: ScratchConfig) {}

  public steps(facts: Facts): string[] {
    const { databaseName: database, assertions } = this.config;
    const within = this.assertsWithin(facts);
    return [
      `drop all objects of the backup in the database ${database} and make them again, in one transaction${within ? `, which ends only if ${assertions.length} assertions are true` : ''}; `
        + 'sessions that are in the way are ended',
      `check objects and rows${within || assertions.length === 0 ? '' : ` and ${assertions.length} assertions`}, after that transaction, when nothing can be undone any more`,
    ];
  }

  /** Whether assertions are checked before the transaction ends. They are not where an archive could give commands to `psql`. */
  public assertsWithin({ client }: Pick<Facts, 'client'>): boolean {
    return this.config.assertions.length > 0 && restricts(client);
  }

  public async endSessions(maintenance: string, signal: AbortSignal): Promise<void> {
    await this.client.run(maintenance, leaveStatements(inDatabases([this.config.databaseName])), signal);
  }

  /**
   * Whatever fails, the server is asked whether the transaction was committed all the same: a run may be stopped, or lose its connection, while
   * that goes on.
   *
   * @returns what went wrong after the commit, a sentence each
   * @throws Unsure if the server can't be asked, and otherwise what failed: then the database is as it was
   */
  public async restore(archive: Archive, facts: Facts, maintenance: string, signal: AbortSignal): Promise<string[]> {
    const { databaseName: database } = this.config;
    const before = await this.relationsOf(facts, signal);
    const directory = await scratchDirectory(this.scratch, 'list');
    const stop = new AbortController();
    const watching = this.endBlockers(maintenance, AbortSignal.any([signal, stop.signal]));
    try {
      // A subscription can't be dropped in a transaction: what there is of it stays.
      const args = ['--clean', '--if-exists', '--exit-on-error', '--single-transaction', '--no-subscriptions'];
      if (losesTablespaces(facts)) args.push('--no-tablespaces');
      const order = orderFor(facts.head);
      if (order !== null) {
        const file = path.join(directory.path, 'order');
        await writeFile(file, order.map(id => `${id};\n`).join(''));
        args.push(`--use-list=${file}`);
      }
      await this.endSessions(maintenance, signal);
      if (this.assertsWithin(facts) || rendersScript(facts)) {
        const script = this.client.restoreScript(facts.client, args, archive, database, signal);
        const known = rendersScript(facts) ? withoutUnknownSettings(script) : script;
        const assertions = this.assertsWithin(facts) ? assertionStatements(this.config.assertions) : '';
        await this.client.named(this.application).runScript(database, Readable.from(beforeCommit(known, assertions), { objectMode: false }), signal);
      } else {
        await this.client.named(this.application).restore(facts.client, args, archive, database, signal);
      }
    } catch (error) {
      // A statement goes on at the server after its client is gone, and keeps everybody out of what it has locked. Where that can't be ended
      // either, the first failure is the one to tell, and the next run ends it.
      const settling = AbortSignal.timeout(SETTLE_MS);
      await this.endSessions(maintenance, settling).catch(() => {});
      const now = await this.relationsOf(facts, settling).catch(() => null);
      if (now === null) throw new Unsure(error);
      if (!madeAnew(before, now)) throw error;
      return [`the restore was committed, and then failed: ${messageOf(signal.aborted ? signal.reason : error)}`];
    } finally {
      await directory.remove();
      stop.abort();
      await watching;
    }
    return [];
  }

  /** What the archive makes anew, as it is in the database now. */
  private relationsOf({ head }: Facts, signal: AbortSignal): Promise<Relations> {
    const names = head.entries.filter(({ type }) => RELATIONS.includes(type)).map(({ schema, tag }) => `${schema}.${tag}`);
    return this.client.query(this.config.databaseName, oidsQuery(names), signal);
  }

  /** `pg_restore` waits for locks without a limit: whoever holds one that it wants is sent away. */
  private async endBlockers(maintenance: string, signal: AbortSignal): Promise<void> {
    const sql = `select pg_terminate_backend(blocker) from pg_stat_activity a, unnest(pg_blocking_pids(a.pid)) as blocker
      where a.application_name = ${literal(this.application)};`;
    while (!signal.aborted) {
      await this.client.run(maintenance, sql, signal).catch(() => {}); // the restore itself tells what is wrong
      await new Promise<void>(resolve => {
        const timer = setTimeout(done, WATCH_MS);
        signal.addEventListener('abort', done, { once: true });
        function done() {
          clearTimeout(timer);
          resolve();
        }
      });
    }
  }
}

/**
 * The order in which partitioned indexes can be dropped, which is the reverse of that in which they are made: those of the partitions
 * go with that of the whole, and can't go before. `null` if the archive has none, and its own order will do.
 */
export function orderFor({ entries }: ArchiveHead): number[] | null {
  const attached = entries.filter(({ type }) => type === 'INDEX ATTACH');
  if (attached.length === 0) return null;
  const parents = new Map(attached.map(({ definition, schema }) => [ATTACH.exec(definition)?.groups!.child, ATTACH.exec(definition)?.groups!.parent].map(name => qualified(name ?? '', schema)) as [string, string]));
  const depth = (name: string): number => (parents.has(name) ? 1 + depth(parents.get(name)!) : 0);
  const wholes = new Set(parents.values());
  const nameOf = ({ type, tag, schema, definition }: ArchiveEntry) => {
    if (type === 'INDEX') return qualified(quotedWhereNeeded(tag), schema);
    return type === 'CONSTRAINT' ? qualified(CONSTRAINT.exec(definition)?.groups!.name ?? '', schema) : '';
  };
  const late = entries.filter(entry => wholes.has(nameOf(entry))).sort((a, b) => depth(nameOf(b)) - depth(nameOf(a)));
  const rest = entries.filter(entry => !late.includes(entry));
  const at = rest.findIndex(({ type }) => type === 'INDEX ATTACH');
  return [...rest.slice(0, at), ...late, ...rest.slice(at)].map(({ id }) => id);
}

const NAME = '(?:"(?:[^"]|"")+"|[^\\s".;]+)';
const ATTACH = new RegExp(`^ALTER INDEX (?<parent>${NAME}(?:\\.${NAME})?) ATTACH PARTITION (?<child>${NAME}(?:\\.${NAME})?);`);
const CONSTRAINT = new RegExp(`ADD CONSTRAINT (?<name>${NAME}) `);

/** With its schema, as the archive writes both. */
function qualified(name: string, schema: string): string {
  return new RegExp(`^${NAME}\\.${NAME}$`).test(name) ? name : `${quotedWhereNeeded(schema)}.${name}`;
}

function quotedWhereNeeded(name: string): string {
  return /^[a-z_][a-z0-9_]*$/.test(name) ? name : `"${name.replaceAll('"', '""')}"`;
}

/** The script with statements before the end of its transaction. Fails where the script does, so that nothing is committed then. */
async function* beforeCommit(script: AsyncIterable<Buffer>, statements: string): AsyncGenerator<Buffer> {
  let tail = Buffer.alloc(0);
  for await (const chunk of script) {
    const all = Buffer.concat([tail, chunk]);
    const from = Math.max(0, all.length - TAIL_BYTES);
    if (from > 0) yield all.subarray(0, from);
    tail = all.subarray(from);
  }
  const at = tail.lastIndexOf(COMMIT);
  if (at < 0) throw new Error('pg_restore does not end its script with a COMMIT');
  yield Buffer.concat([tail.subarray(0, at), Buffer.from(`\n${statements}`), tail.subarray(at)]);
}

/** The comments behind the COMMIT are shorter. */
const TAIL_BYTES = 1024;

/** A text that an assertion answers may be of a row. */
const SHOWN_ANSWER = 'case when answer ~ \'^(f|false|-?[0-9.]{1,9})$\' then answer when answer is null then \'nothing\' else \'a text that is not shown since it may be of a row\' end';

function assertionStatements(assertions: readonly string[]): string {
  const each = assertions.map(assertion => `do $assert$ declare answer text; begin
  execute ${literal(assertion.trim().replace(/;*$/, ''))} into answer;
  if answer is distinct from 'true' and answer is distinct from 't' then raise exception 'assertion: %', ${literal(`${JSON.stringify(assertion)} is not true, it answers `)} || ${SHOWN_ANSWER}; end if;
end $assert$;`);
  return ['set local transaction_read_only = on;', 'set local search_path to default;', ...each, ''].join('\n');
}
