import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { DRILL_SUFFIX, FAILED_RUN_SUFFIX, parseKey, RECORD_SUFFIX, STARTED_SUFFIX } from '../../src/contract/layout';
import { BackupRecord } from '../../src/contract/record';

/*
 * What has to be true of the stores after every round. Everything is read from the disks of the servers, and every digest is computed
 * here: nothing that the product says of itself counts.
 */

/** Where the files of each store are, by its name. */
export interface Stores {
  readonly [store: string]: string;
}

/** Digests of all files of the backups that are there, by store and name of the file. */
export type Snapshot = ReadonlyMap<string, string>;

export function snapshot(stores: Stores): Snapshot {
  return new Map(Object.entries(stores).flatMap(([store, directory]) =>
    filesIn(directory).filter(file => parseKey(file) !== undefined).map(file => [`${store}/${file}`, sha256(path.join(directory, file))] as const)));
}

/** No record without a complete artifact, and every artifact as its record says. */
export function checkRecords(stores: Stores): string[] {
  const broken: string[] = [];
  for (const [store, directory] of Object.entries(stores)) {
    for (const file of filesIn(directory).filter(name => parseKey(name)?.suffix === RECORD_SUFFIX)) {
      broken.push(...checkRecord(directory, file).map(what => `${store}: ${what}`));
    }
  }
  return broken;
}

function checkRecord(directory: string, file: string): string[] {
  let record: BackupRecord;
  try {
    record = JSON.parse(readFileSync(path.join(directory, file), 'utf8'));
  } catch {
    return [`the record ${file} is not whole`];
  }
  const broken: string[] = [];
  for (const artifact of record.artifacts) {
    const at = path.join(directory, artifact.file);
    if (!existsSync(at)) broken.push(`the record ${file} is there, and its artifact ${artifact.file} is not`);
    else if (statSync(at).size !== artifact.bytes) broken.push(`${artifact.file} has ${statSync(at).size} bytes, its record says ${artifact.bytes}`);
    else if (sha256(at) !== artifact.sha256) broken.push(`${artifact.file} has another digest than its record says`);
  }
  const sums = path.join(directory, `${record.id}.sha256`);
  const expected = record.artifacts.map(artifact => `${artifact.sha256}  ${artifact.file}\n`).join('');
  if (!existsSync(sums) || readFileSync(sums, 'utf8') !== expected) broken.push(`${path.basename(sums)} is missing, or not what the record says`);
  return broken;
}

/** Whatever was there before is there still, to the byte, but for what may go or change. */
export function checkOlder(before: Snapshot, stores: Stores, mayGo: (key: string) => boolean): string[] {
  const now = snapshot(stores);
  return [...before].filter(([key, digest]) => now.get(key) !== digest && !mayGo(key.slice(key.indexOf('/') + 1)))
    .map(([key]) => `${key} was there before, and ${now.has(key) ? 'has changed' : 'is gone'}`);
}

/** What nobody wants: claims, parts of files, files of no backup, unfinished uploads. */
export function leftIn(stores: Stores, uploads: readonly string[]): string[] {
  const left = uploads.map(key => `an unfinished upload of ${key}`);
  for (const [store, directory] of Object.entries(stores)) {
    const files = filesIn(directory);
    const recorded = new Set(files.filter(file => parseKey(file)?.suffix === RECORD_SUFFIX).map(file => parseKey(file)!.id));
    for (const file of files) {
      const parsed = parseKey(file);
      if (parsed === undefined ? file.endsWith('.hold') : parsed.suffix === DRILL_SUFFIX || parsed.suffix === FAILED_RUN_SUFFIX) continue;
      if (parsed === undefined || !recorded.has(parsed.id) || parsed.suffix === STARTED_SUFFIX) left.push(`${store}/${file}`);
    }
  }
  return left;
}

/** Whether something that was said or stored has a secret in it. */
export function checkSecrets(secrets: readonly string[], said: string, stores: Stores): string[] {
  const documents = Object.values(stores).flatMap(directory => filesIn(directory).filter(file => file.endsWith('.json') || file.endsWith(STARTED_SUFFIX))
    .map(file => readFileSync(path.join(directory, file), 'utf8')));
  const all = [said, ...documents].join('\n');
  return secrets.filter(secret => all.includes(secret)).map((_secret, i) => `secret number ${i + 1} is in the output, or in a document`);
}

/** Ids of all records in a store, oldest first. */
export function idsIn(directory: string): string[] {
  return filesIn(directory).filter(file => parseKey(file)?.suffix === RECORD_SUFFIX).map(file => parseKey(file)!.id);
}

export function filesIn(directory: string): string[] {
  return existsSync(directory) ? readdirSync(directory, { withFileTypes: true }).filter(entry => entry.isFile()).map(({ name }) => name).sort() : [];
}

function sha256(file: string): string {
  return createHash('sha256').update(readFileSync(file)).digest('hex');
}
