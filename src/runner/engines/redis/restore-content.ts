import { Readable, Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { RedisConnection } from './connection';
import { replyOf } from './errors';
import { RdbError } from './rdb/cursor';
import { RdbContent, RdbLook } from './rdb/look';
import { ModuleValueError } from './rdb/value';
import { ServerError } from './resp';
import { nameOf } from './restore-facts';
import { Info, parseInfo } from './source';
import { ExitCode } from '../../../contract/exit-code';
import { BackupRecord } from '../../../contract/record';
import { messageOf, RunnerError } from '../../core/errors';
import { Obstacle } from '../../core/obstacle';
import { checked } from '../../stream/check';

/*
 * What a server can't load although it knows the format. It notices when it has dropped what it had and replaced its dump.rdb, ends, and
 * does not start again. So all of it is looked for before a server is told to replicate.
 */

/** Which modules have which types, where the server does not tell. Names of modules are in small letters. */
const MODULES_OF: { readonly [type: string]: readonly string[] } = {
  'vectorset': ['vectorset'],
  'ReJSON-RL': ['rejson', 'json'],
  'MBbloom--': ['bf'],
  'MBbloomCF': ['bf'],
  'CMSk-TYPE': ['bf'],
  'TopK-TYPE': ['bf'],
  'TDIS-TYPE': ['bf'],
  'TSDB-TYPE': ['timeseries'],
  'graphdata': ['graph'],
};
/** Such a type has nobody: a server that knows it does not tell which it has. */
const NO_TYPE = 'cdk8sNone';

/**
 * Reads a snapshot to its end, and tells what is in it.
 *
 * @returns `null` if its format is newer than what is known here
 */
export async function contentOfSnapshot(body: Readable, file: string, signal: AbortSignal): Promise<RdbContent | null> {
  const look = new RdbLook();
  await pipeline(checked(body, look), new Writable({ write: (_chunk, _encoding, callback) => callback() }), { signal }).catch(error => {
    signal.throwIfAborted();
    throw error;
  });
  try {
    return look.content;
  } catch (error) {
    if (!(error instanceof RdbError) && !(error instanceof ModuleValueError)) throw error;
    throw new RunnerError(
      `${file} can't be looked into (${messageOf(error)}), so whether a server can load it is not known, and one that can't does not start again: `
        + 'restore with RestoreMode.redisRdbFile, which keeps the present files beside, or another backup: cdk8s-backup list', ExitCode.CORRUPT, { cause: error },
    );
  }
}

/** Refuses a backup that is a mixture without saying so, as those that earlier versions have taken. */
export function refuseMixture({ id, suspect }: BackupRecord, isMixture: boolean): void {
  if (!isMixture || suspect !== null) return;
  throw new RunnerError(`${id} was taken while a restore key by key had not ended, and is a mixture of what was there and what it restored: restore another backup, see "cdk8s-backup list"`, ExitCode.CORRUPT);
}

/** What of a snapshot the server can't load. Changes nothing. */
export async function findingsOfContent(connection: RedisConnection, content: RdbContent): Promise<Obstacle[]> {
  const text = await connection.command('INFO');
  const server = { info: parseInfo(text), modules: modulesIn(text) };
  return [
    ...await findingsOfDatabases(connection, content),
    ...await findingsOfModules(connection, server, content),
    ...content.functionEngines.filter(engine => engine !== 'lua').map(engine => bad(
      `the snapshot has functions in the language ${engine}, and whether the server has an engine for it can't be told: FUNCTION DELETE them before the backup, or restore with RestoreMode.redisRdbFile`,
    )),
  ];
}

/** What a server has to have, for those who can't ask it. */
export function notesOfContent({ highestDatabase, moduleTypes }: RdbContent): string[] {
  return [
    ...highestDatabase > 15 ? [`the server needs ${highestDatabase + 1} databases (its setting "databases"), or it does not start`] : [],
    ...moduleTypes.map(type => `the server needs the module of the type ${type}${moduleOf(type)}, or it does not start`),
  ];
}

/** Names of the modules that are loaded, in small letters. INFO has a line for each. */
export function modulesIn(info: string): string[] {
  return [...info.matchAll(/^module:name=([^,\r\n]+)/gm)].map(([, name]) => name!.toLowerCase());
}

async function findingsOfDatabases(connection: RedisConnection, { highestDatabase }: RdbContent): Promise<Obstacle[]> {
  if (highestDatabase === 0) return [];
  const [answer] = await connection.all([['SELECT', String(highestDatabase)]]);
  if (!(answer instanceof ServerError)) {
    await connection.command('SELECT', '0');
    return [];
  }
  if (/out of range/.test(answer.message)) {
    return [bad(`the snapshot has keys in database ${highestDatabase}, and the server has fewer databases: set "databases ${highestDatabase + 1}", or more, in its config and start it anew, or restore into a server that has them`)];
  }
  return [{
    message: `the snapshot has keys in database ${highestDatabase}, and the server does not tell whether it has that ("${answer.message}"): ACL SETUSER name +select`, exitCode: ExitCode.DENIED,
  }];
}

async function findingsOfModules(
  connection: RedisConnection, { info, modules }: { readonly info: Info; readonly modules: readonly string[] }, { moduleTypes }: RdbContent,
): Promise<Obstacle[]> {
  const findings: Obstacle[] = [];
  const tells = moduleTypes.length > 0 && await lacksType(connection, NO_TYPE);
  for (const type of moduleTypes) {
    const known = MODULES_OF[type];
    const lacks = tells ? await lacksType(connection, type) : known ? !known.some(name => modules.includes(name)) : modules.length === 0 || undefined;
    if (lacks === false) continue;
    const has = `${nameOf(info)} with ${modules.length === 0 ? 'no module' : `the modules ${modules.join(', ')}`}`;
    findings.push(bad(lacks
      ? `the snapshot has data of the type ${type}${moduleOf(type)}, and the server, ${has}, does not know it: load the module that has it ("loadmodule"), or restore into a server that does`
      : `the snapshot has data of the type ${type}, and whether the server, ${has}, knows it can't be told: restore with RestoreMode.redisRdbFile, which keeps the present files beside`));
  }
  return findings;
}

/** Whether the server says that it has no such type: Valkey does, Redis finds no keys of it. */
async function lacksType(connection: RedisConnection, type: string): Promise<boolean> {
  try {
    await connection.scan('0', '*', type);
    return false;
  } catch (error) {
    const reply = replyOf(error);
    if (reply === undefined) throw error;
    return /unknown type/i.test(reply);
  }
}

function moduleOf(type: string): string {
  const names = MODULES_OF[type];
  return names === undefined ? '' : `, of the module ${names.join(' or ')}`;
}

function bad(message: string): Obstacle {
  return { message, exitCode: ExitCode.BAD_CONFIG };
}
