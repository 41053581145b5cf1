/*
 * What is found out, said and made ready before a restore into a PostgreSQL server, whether it goes beside the live database or into it.
 */
import { quoted } from './errors';
import { installed, restorerOf } from './programs';
import { readArchiveHead } from './restore-archive';
import { Facts, findingsOf, majorOf, rendersScript, serverMajor } from './restore-findings';
import { parseGlobals, roleDifferences } from './restore-globals';
import { Archive } from './restore-in-place';
import { librariesNotLoaded } from './restore-libraries';
import { besideTime } from './restore-names';
import { makeRoles, rolesNotMade } from './restore-roles';
import { ownersWithoutSchema } from './restore-schemas';
import { ExtensionState, extensionsQuery, tablesQuery } from './restore-server';
import { spaceFindings, spaceNote } from './restore-space';
import { dropDatabase, plannedSubscriptions, unfinishedCopies } from './restore-subscriptions';
import { tablespaceNotes } from './restore-tablespaces';
import { RestoreTarget } from './restore-target';
import { ExitCode } from '../../../contract/exit-code';
import { RecordedArtifact } from '../../../contract/record';
import { RunnerError } from '../../core/errors';
import { formatBytes } from '../../core/format';
import { Obstacle } from '../../core/obstacle';
import { RestoreInput } from '../../engine-api/restorer';
import { readText } from '../../stream/read-text';

const MOST_NAMED = 10;

/** All that is known before a restore begins, and from where the server is asked. */
export interface Found extends Facts {
  readonly maintenance: string;
}

/** Looks at the server and at the head of the archive. Changes nothing. */
export async function lookAt(target: RestoreTarget, { record, artifacts }: RestoreInput, signal: AbortSignal): Promise<Found> {
  const { config, client } = target;
  const { server, maintenance } = await target.ask(signal);
  const [data, script] = target.artifactsOf(record);
  const head = await readArchiveHead(await artifacts.peek(data, signal), data.file);
  const programs = await installed('pg_restore', signal);
  const program = restorerOf(programs, majorOf(head.dumpVersion)) ?? programs.at(-1)!;
  const globals = script ? parseGlobals(await readText(await artifacts.peek(script, signal), script.file)) : null;
  const names = head.entries.filter(({ type }) => type === 'EXTENSION').map(({ tag }) => tag);
  const extensions = await client.query<ExtensionState[]>(maintenance, extensionsQuery(names, server.versionNumber), signal);
  const live = server.databases.find(({ name }) => name === config.databaseName);
  return { config, client: program, server, head, globals, extensions, inScratch: artifacts.inScratch, live, maintenance };
}

/** What stands in the way. */
export async function missingFor(target: RestoreTarget, { bytes }: RecordedArtifact, found: Found, signal: AbortSignal): Promise<Obstacle[]> {
  const { config, client } = target;
  return [
    ...findingsOf(found),
    ...await rolesNotMade(client, found.maintenance, found, signal),
    ...await librariesNotLoaded(client, found.maintenance, found, signal),
    ...target.isBeingSwapped(found.server) ? [] : [
      ...await unfinishedCopies(client, found, signal),
      ...await ownersWithoutSchema(client, found.maintenance, ownerOf(found) ?? config.user, found, signal),
    ],
    ...spaceFindings(config, found.live, bytes),
  ];
}

/** Owner of the database to be made; `null`: the role that restores. */
export function ownerOf({ head, live, server, globals }: Facts): string | null {
  if (live) return live.owner;
  const archived = head.entries.find(({ type }) => type === 'DATABASE')?.owner ?? null;
  const making = server.createRole && globals?.roles.some(({ name }) => name === archived) && !server.roles.some(({ name }) => name === archived);
  return server.superuser || making || server.roles.some(({ name, member }) => name === archived && member) ? archived : null;
}

/** What is put right and made before anything is restored. */
export function firstSteps(target: RestoreTarget, { server, globals }: Found): string[] {
  const missing = globals?.roles.filter(({ name }) => !server.roles.some(role => role.name === name)) ?? [];
  return [
    ...target.isBeingSwapped(server) ? [`end the swap of another restore to ${target.final}, which is under way now: it is done before, or never`] : [],
    ...target.leftovers(server).map(({ name, sessions }) =>
      `drop the database ${name}, which a restore has begun and not finished${sessions > 0 ? ' (somebody is connected to it: if that restore still runs, it fails)' : ''}`),
    ...missing.length > 0 && server.createRole ? [`make the roles ${missing.map(({ name }) => name).join(', ')}`] : [],
  ];
}

/** Does the {@link firstSteps}. Returns the archive to restore, and what could not be made, a sentence each. */
export async function makeReady(
  target: RestoreTarget, { record, artifacts }: RestoreInput, found: Found, signal: AbortSignal,
): Promise<{ readonly archive: Archive; readonly notes: readonly string[] }> {
  const { client, context } = target;
  const [data, script] = target.artifactsOf(record);
  for (const { name } of target.leftovers(found.server)) {
    await dropDatabase(client, found.maintenance, name, signal).catch((error: unknown) => {
      // Another restore has finished it meanwhile, or dropped it.
      if (!(error instanceof RunnerError) || error.exitCode !== ExitCode.NOT_FOUND) throw error;
    });
  }
  const notes: string[] = [];
  if (script) {
    const globals = parseGlobals(await readText(await artifacts.open(script, signal), script.file));
    notes.push(...await makeRoles(client, found.maintenance, globals, found, context.reporter, signal));
  }
  return { archive: artifacts.file(data) ?? await artifacts.open(data, signal), notes };
}

/** What a person should know, however it is restored. */
export function notesOf(target: RestoreTarget, found: Found): string[] {
  const { config, server, head, live, globals } = found;
  const notes = globals ? roleDifferences(globals, server.roles) : [];
  if (serverMajor(found) < majorOf(head.serverVersion)) {
    notes.push(`the backup is of PostgreSQL ${head.serverVersion}, the server is ${server.version}: the restore fails, before anything is replaced, on anything that the older one does not know`);
  }
  if (rendersScript(found)) {
    notes.push(`pg_restore ${found.client.text} makes a script for the older server ${server.version} that psql runs${config.parallelJobs > 1 ? ', in one job' : ''}: `
      + `the backup was made by pg_dump ${head.dumpVersion}, which older clients can't read`);
  }
  notes.push(...plannedSubscriptions(head, target.final, config.mode === 'in-place'));
  notes.push(...target.leftovers(server, false).map(({ name, owner }) =>
    `the database ${name}, which a restore has begun and not finished, belongs to ${owner} and stays, since ${config.user} may not drop it: as ${owner}, DROP DATABASE ${quoted(name)}`));
  notes.push(...tablespaceNotes(found));
  if (live && live.lasting.length > 0 && config.mode !== 'new-database') {
    notes.push(`in the database ${live.name} are sessions of ${live.lasting.join(', ')} that ${config.user} may not end: if they are still there when it is replaced, the restore fails, and nothing is changed`);
  }
  if (live && !live.open) notes.push(`the database ${live.name} accepts no connections now. The restored one does`);
  const kept = server.databases.filter(({ name }) => besideTime(name, config.databaseName, 'before'));
  if (kept.length > 0) notes.push(`earlier restores have kept ${kept.map(({ name, bytes }) => bytes === null ? name : `${name} (${formatBytes(bytes)})`).join(', ')}: "cdk8s-backup discard" removes one`);
  if (config.mode === 'in-place' && !config.safetyBackup) notes.push('the present data are not stored before: there is no way back');
  notes.push(spaceNote(config, live));
  return notes;
}

/** The database that is replaced, for the confirmation. */
export function replacedBy({ client: { address } }: RestoreTarget, { live }: Found): string | null {
  return live ? `the database ${live.name} on ${address}, ${live.bytes === null ? 'of unknown size' : formatBytes(live.bytes)}` : null;
}

/** Tables that the live database has and the backup has not, as a list: of a migration since then, or left out of the backup on purpose. `null`: none. */
export async function tablesNotInBackup(target: RestoreTarget, { head, live, server }: Found, signal: AbortSignal): Promise<string | null> {
  if (!live?.open || live.bytes === null || target.isBeingSwapped(server)) return null;
  const inBackup = new Set(head.entries.filter(({ type }) => type === 'TABLE').map(({ schema, tag }) => `${schema}.${tag}`));
  const others = (await target.client.query<string[]>(live.name, tablesQuery(), signal)).filter(table => !inBackup.has(table));
  if (others.length === 0) return null;
  return `${others.slice(0, MOST_NAMED).join(', ')}${others.length > MOST_NAMED ? ` and ${others.length - MOST_NAMED} more` : ''}`;
}
