import { createHash } from 'node:crypto';
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { DRILL_VERSION, DrillRecord } from '../../../../src/contract/drill-record';
import { ExitCode } from '../../../../src/contract/exit-code';
import { FAILED_RUN_VERSION, FailedRun } from '../../../../src/contract/failed-run';
import { artifactFile, backupId, formatChecksums, verificationKey } from '../../../../src/contract/layout';
import { BackupRecord, RecordedSafety } from '../../../../src/contract/record';
import { VERIFICATION_VERSION } from '../../../../src/contract/verification-record';
import { renderClaim } from '../../../../src/runner/catalog/claim';
import { parseRecord, renderRecord } from '../../../../src/runner/catalog/record';
import { anArtifact, aRecord } from '../../../runner/_fixtures';

export const HOUR_MS = 3_600_000;
/** Of the server that the backups are of. */
export const ADDRESS = 'redis:6379';
const DAMAGED = '{"version":';
/** Of an empty server, without a checksum. */
const SNAPSHOT = Buffer.concat([Buffer.from('REDIS0011'), Buffer.from([0xff]), Buffer.alloc(8)]);

/** Two stores, a and b, with whatever may be wrong in them; and the same with something more, or something less, that is wrong. */
export function prepare(root: string, now: Date): void {
  const idAt = (hours: number) => backupId('app', new Date(now.getTime() - hours * HOUR_MS));
  const like = (name: string) => {
    cpSync(path.join(root, 'all'), path.join(root, name), { recursive: true, preserveTimestamps: true });
    return path.join(root, name);
  };
  prepareAll(path.join(root, 'all'), now);
  const failed = like('the last run failed');
  for (const store of ['a', 'b']) writeFileSync(path.join(failed, store, `${idAt(1)}.failed.json`), JSON.stringify(failedRun(now)));
  rmSync(path.join(like('a file of the newest is missing'), 'b', `${idAt(2)}.rdb`));
  writeFileSync(path.join(like('the record of the newest is damaged'), 'b', `${idAt(2)}.json`), DAMAGED);
  const damaged = like('older records are damaged, or differ');
  writeFileSync(path.join(damaged, 'b', `${idAt(11)}.json`), DAMAGED); // whole in a
  writeFileSync(path.join(damaged, 'a', `${idAt(14)}.json`), DAMAGED); // nowhere else
  const record = path.join(damaged, 'b', `${idAt(12)}.json`);
  writeFileSync(record, renderRecord({ ...parseRecord(`${idAt(12)}.json`, readFileSync(record, 'utf8')), tools: {} }));
}

/** The first is the newest. */
function prepareAll(root: string, now: Date): void {
  const at = (hours: number) => new Date(now.getTime() - hours * HOUR_MS);
  const idAt = (hours: number) => backupId('app', at(hours));
  for (const store of ['a', 'b']) mkdirSync(path.join(root, store), { recursive: true });
  const write = (stores: string, hours: number, file: string, content: string | Buffer) => {
    for (const store of stores) {
      writeFileSync(path.join(root, store, file), content);
      utimesSync(path.join(root, store, file), at(Math.max(hours, 0)), at(Math.max(hours, 0)));
    }
  };
  const backup = (hours: number, { record: changes, inB = true, stores = ['a', 'b'] }: { record?: Partial<BackupRecord>; inB?: boolean; stores?: string[] } = {}) => {
    const id = idAt(hours);
    const artifact = anArtifact(id, {
      file: artifactFile(id, null, 'rdb', 'none'),
      bytes: SNAPSHOT.length,
      sha256: createHash('sha256').update(SNAPSHOT).digest('hex'),
      compression: { algorithm: 'none', level: 0, where: 'outside' },
      plainBytes: SNAPSHOT.length,
      counts: null,
    });
    const record = aRecord(id, {
      source: { engine: 'redis', serverVersion: '7.4.0', address: ADDRESS, database: null },
      startedAt: at(hours).toISOString(),
      finishedAt: at(hours).toISOString(),
      artifacts: [artifact],
      stores,
      ...changes,
    });
    const where = inB ? 'ab' : 'a';
    write(where, hours, artifact.file, SNAPSHOT);
    write(where, hours, `${id}.sha256`, formatChecksums([artifact]));
    write(where, hours, `${id}.json`, renderRecord(record));
    return { id, file: artifact.file, record };
  };
  const verified = (stores: string, hours: number, faults: readonly string[]) => {
    for (const store of stores) {
      write(store, hours, verificationKey(idAt(hours), at(hours - 0.1)), JSON.stringify({
        version: VERIFICATION_VERSION,
        id: idAt(hours),
        store,
        startedAt: at(hours - 0.1).toISOString(),
        finishedAt: at(hours - 0.1).toISOString(),
        formatRead: true,
        faults,
        repairedFrom: null,
        tools: {},
      }));
    }
  };
  const safety = (hours: number, of: RecordedSafety) =>
    backup(hours, { record: { safety: of, suspect: `it is what was there before the restore of ${of.before}${of.rollback ? ', a rollback' : ''}` } });
  const drilled = (hours: number, changes: Partial<DrillRecord>) => {
    const drill: DrillRecord = {
      version: DRILL_VERSION,
      id: idAt(hours),
      name: 'app',
      backup: idAt(30),
      store: 'a',
      startedAt: at(hours).toISOString(),
      finishedAt: at(hours).toISOString(),
      outcome: 'passed',
      faults: [],
      server: { engine: 'redis', version: '7.4.0' },
      bytes: 1,
      items: 1,
      seconds: { verify: 1, restore: 1, check: 1, total: 3 },
      recoveryPointAgeSeconds: 60,
      rtoTargetSeconds: null,
      checks: [{ name: 'a key', passed: true, detail: 'it is there' }],
      tools: {},
      ...changes,
    };
    write('ab', hours, `${drill.id}.drill.json`, JSON.stringify(drill));
  };

  backup(2);
  safety(3, { before: safety(4, { before: idAt(30), rollback: false }).id, rollback: true });
  backup(5, { record: { suspect: 'it is empty' } });
  write('a', 6, `${backup(6, { record: { suspect: 'it is empty' } }).id}.accepted`, '{}');
  backup(7, { inB: false });
  backup(8, { inB: false, stores: ['a'] });
  rmSync(path.join(root, 'b', backup(9).file));
  write('b', 10, backup(10).file, 'short');
  backup(11);
  backup(12);
  write('a', 13, `${backup(13).id}.pinned`, '{}');
  backup(14, { inB: false });
  backup(-5); // from the future
  backup(15);
  verified('a', 15, ['the artifact is damaged']);
  backup(30, { record: { warnings: ['a table was left out'] } });
  verified('ab', 30, []);
  write('b', 31, backup(31).file, Buffer.alloc(SNAPSHOT.length)); // of the right size
  write('a', 40, `${idAt(40)}.rdb`, 'left');
  write('a', 40, `${idAt(40)}.started`, renderClaim(at(40), at(39)));
  write('b', 41, `${idAt(41)}.rdb`, 'whose?');
  write('b', 42, `.${idAt(42)}.rdb.partial-0123abcd`, 'the beginning');
  drilled(20, {});
  drilled(19.5, { outcome: 'failed', faults: ['a key is missing'], checks: [{ name: 'a key', passed: false, detail: 'it is missing' }] });
}

function failedRun(now: Date): FailedRun {
  return {
    version: FAILED_RUN_VERSION,
    name: 'app',
    startedAt: new Date(now.getTime() - HOUR_MS).toISOString(),
    finishedAt: new Date(now.getTime() - HOUR_MS / 2).toISOString(),
    exitCode: ExitCode.UNAVAILABLE,
    message: 'the server is down',
  };
}

/** Rewords every sentence in stored documents. */
export function rewordStored(root: string): void {
  for (const file of readdirSync(root, { recursive: true, encoding: 'utf8' }).filter(name => name.endsWith('.json'))) {
    const full = path.join(root, file);
    const text = readFileSync(full, 'utf8');
    if (text === DAMAGED) continue;
    const { mtime } = statSync(full);
    writeFileSync(full, JSON.stringify(JSON.parse(text, (_key, value: unknown) => typeof value === 'string' && value.includes(' ') ? 'x x' : value)));
    utimesSync(full, mtime, mtime);
  }
}
