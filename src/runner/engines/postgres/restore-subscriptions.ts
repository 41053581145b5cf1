/*
 * Subscriptions of logical replication. PostgreSQL drops no database that has one, `pg_dump` leaves every one disabled, and a slot at the
 * publisher may be that of a live subscription: it is never touched.
 */
import { PostgresClient } from './client';
import { quoted } from './errors';
import { ArchiveHead } from './restore-archive';
import { Facts } from './restore-findings';
import { literal } from './restore-sql';
import { dropStatements } from './restore-swap';
import { ExitCode } from '../../../contract/exit-code';
import { Obstacle } from '../../core/obstacle';

/** Drops a database with what keeps it from being dropped. */
export async function dropDatabase(client: PostgresClient, maintenance: string, database: string, signal: AbortSignal): Promise<void> {
  const subscriptions = await client.query<string[]>(maintenance, namesQuery(database, ''), signal);
  if (subscriptions.length > 0) await client.run(maintenance, removalStatements(database, subscriptions), signal);
  await client.run(maintenance, dropStatements(database), signal);
}

/** What a person has to do before anything is replicated into a database that is going to be called `live`, a sentence for each subscription. */
export async function disabledSubscriptions(
  client: PostgresClient, maintenance: string, database: string, live: string, signal: AbortSignal,
): Promise<string[]> {
  const names = await client.query<string[]>(maintenance, namesQuery(database, 'and not subenabled'), signal);
  return names.map(name => `${disabled(name)}: in the database ${live}, ${replicateAgain(name)}`);
}

/** The same of an archive that is going to be restored. */
export function plannedSubscriptions({ entries }: ArchiveHead, live: string, inPlace: boolean): string[] {
  return entries.filter(({ type }) => type === 'SUBSCRIPTION').map(({ tag }) => inPlace
    ? `the subscription ${tag} is not restored in place: it stays as it is, and afterwards, ${replicateAgain(tag)}`
    : `${disabled(tag)}: afterwards, in the database ${live}, ${replicateAgain(tag)}`);
}

/**
 * What keeps tables from being dropped in place: PostgreSQL drops none, from version 14 on, that a subscription has not copied to its end, be it
 * enabled or not.
 */
export async function unfinishedCopies(client: PostgresClient, { config, live, head, server }: Facts, signal: AbortSignal): Promise<Obstacle[]> {
  if (config.mode !== 'in-place' || !live?.open || live.bytes === null || server.versionNumber < 140_000) return [];
  const inBackup = new Set(head.entries.filter(({ type }) => type === 'TABLE').map(({ schema, tag }) => `${schema}.${tag}`));
  const copies = await client.query<{ subscription: string; table: string }[]>(live.name, COPIES_QUERY, signal);
  const inTheWay = copies.filter(({ table }) => inBackup.has(table));
  return [...new Set(inTheWay.map(({ subscription }) => subscription))].map(name => {
    const tables = inTheWay.filter(({ subscription }) => subscription === name).map(({ table }) => table);
    return {
      message: `the subscription ${name} has not copied ${tables.slice(0, MOST_NAMED).join(', ')}${tables.length > MOST_NAMED ? ` and ${tables.length - MOST_NAMED} more` : ''} to the end, and such tables can't be `
        + `dropped: in the database ${live.name}, ALTER SUBSCRIPTION ${quoted(name)} ENABLE and let it end that, or DROP SUBSCRIPTION ${quoted(name)}, or use RestoreMode.postgresSwap or --set target.mode=swap`,
      exitCode: ExitCode.FAILED,
    };
  });
}

const MOST_NAMED = 5;
const COPIES_QUERY = `select coalesce(json_agg(json_build_object('subscription', subname, 'table', nspname || '.' || relname) order by subname, nspname, relname), '[]')
  from pg_subscription_rel r join pg_subscription s on s.oid = srsubid join pg_class c on c.oid = srrelid join pg_namespace n on n.oid = relnamespace
  where srsubstate <> 'r';`;

function disabled(name: string): string {
  return `the subscription ${name} is disabled, as every one out of a backup, and what its publisher has changed since then is missing`;
}

function replicateAgain(name: string): string {
  return `ALTER SUBSCRIPTION ${quoted(name)} ENABLE; then empty its tables, and ALTER SUBSCRIPTION ${quoted(name)} REFRESH PUBLICATION copies them anew`;
}

/** The catalog of subscriptions is one for the server, so it can be read from any database, also about one that is closed. */
function namesQuery(database: string, condition: string): string {
  return `select coalesce(json_agg(subname order by subname), '[]')
    from pg_subscription s join pg_database d on d.oid = s.subdbid where datname = ${literal(database)} ${condition};`;
}

/**
 * A subscription is dropped from within its database only. One that was closed has to be opened for it; the next thing that happens is that its
 * subscriptions are disabled, before the server gets round to starting what reads from their slots.
 */
function removalStatements(database: string, subscriptions: readonly string[]): string {
  const names = subscriptions.map(quoted);
  return `alter database ${quoted(database)} allow_connections true;
\\connect -reuse-previous=on ${quoted(`dbname='${database.replace(/['\\]/g, '\\$&')}'`)}
begin;
${names.map(name => `alter subscription ${name} disable; alter subscription ${name} set (slot_name = none);`).join('\n')}
commit;
${names.map(name => `drop subscription ${name};`).join('\n')}
`;
}
