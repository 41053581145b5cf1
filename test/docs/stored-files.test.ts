import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { CONFIG_ENV } from '../../src/contract/config';
import { run } from '../../src/runner/cli';
import { ROOT } from '../pages';
import { aConfig, capture } from '../runner/_fixtures';

/*
 * Another program, which knows docs/reference/stored-files.md and nothing of ours, writes a backup: none of our code makes a name or a document here.
 */
const ID = 'app_20261122_020000';
const root = mkdtempSync(path.join(tmpdir(), 'stored-files-'));
const required: readonly string[] = JSON.parse(readFileSync(path.join(ROOT, 'docs', 'reference', 'schemas', 'record.json'), 'utf8')).required;

interface Written {
  readonly directory: string;
  readonly bytes: Buffer;
}

/** A SQLite database as a backup in a folder of its own, with a record that is changed a little. */
function writeBackup(change: (record: Record<string, unknown>) => void = () => {}): Written {
  const directory = mkdtempSync(path.join(root, 'store-'));
  const folder = path.join(directory, 'app');
  mkdirSync(folder);
  const file = `${ID}.db`;
  const database = new DatabaseSync(path.join(folder, file));
  database.exec('CREATE TABLE t (a); INSERT INTO t VALUES (1), (2)');
  database.close();
  const bytes = readFileSync(path.join(folder, file));
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  writeFileSync(path.join(folder, `${ID}.sha256`), `${sha256}  ${file}\n`);
  const record: Record<string, unknown> = {
    version: 1,
    id: ID,
    name: 'app',
    source: { engine: 'sqlite', serverVersion: '3.50.4', address: '/data/app.db', database: null },
    startedAt: '2026-11-22T02:00:00.000Z',
    finishedAt: '2026-11-22T02:00:01.000Z',
    tools: { another: '1.0' },
    artifacts: [{
      file,
      role: 'data',
      database: null,
      bytes: bytes.length,
      sha256,
      compression: { algorithm: 'none', level: 0, where: 'outside' },
      plainBytes: bytes.length,
      counts: null,
    }],
    stores: ['volume'],
    suspect: null,
  };
  change(record);
  writeFileSync(path.join(folder, `${ID}.json`), JSON.stringify(record));
  return { directory, bytes };
}

async function ours({ directory }: Written, ...args: readonly string[]) {
  const [stdout, stderr] = [capture(), capture()];
  const config = aConfig({ stores: [{ type: 'folder', name: 'volume', directory, folder: 'app' }] });
  const env = { [CONFIG_ENV]: JSON.stringify(config) };
  const code = await run(args, { env, stdin: capture(), stdout, stderr, signal: new AbortController().signal });
  return { code, stdout: stdout.text(), stderr: stderr.text() };
}

test('a backup that another program has written is listed, read to its end, and fetched', async () => {
  const written = writeBackup();
  const list = await ours(written, 'list', '--json');
  expect(list).toMatchObject({ code: 0, stderr: '' });
  expect(JSON.parse(list.stdout)).toMatchObject({ latest: ID, backups: [{ usable: true, copies: { volume: 'ok' } }] });
  expect(await ours(written, 'verify', '--json')).toMatchObject({ code: 0, stdout: JSON.stringify([{ id: ID, store: 'volume', result: 'ok' }], null, 2) + '\n' });
  const to = mkdtempSync(path.join(root, 'fetched-'));
  expect(await ours(written, 'fetch', '--to', to)).toMatchObject({ code: 0 });
  expect(readFileSync(path.join(to, `${ID}.db`))).toEqual(written.bytes);
});

test.each(required)('a record without %s, which the schema requires, is none', async field => {
  const list = await ours(writeBackup(record => { delete record[field]; }), 'list', '--json');
  expect({ ...list, stdout: JSON.parse(list.stdout) }).toMatchObject({ code: 11, stdout: { latest: null, backups: [] } });
});

test.each<[string, (record: any) => void]>([
  ['of another version', record => { record.version = 2; }],
  ['of another id', record => { record.id = 'app_20261122_020001'; }],
  ['of another name', record => { record.name = 'shop'; }],
  ['that names a file of another backup', record => { record.artifacts[0].file = 'app_20261122_020001.db'; }],
  ['that names a file elsewhere', record => { record.artifacts[0].file = `${ID}./../x.db`; }],
  ['that names a note as an artifact', record => { record.artifacts[0].file = `${ID}.sha256`; }],
  ['that names one file twice', record => { record.artifacts.push(record.artifacts[0]); }],
])('a record %s is none', async (_what, change) => {
  expect(await ours(writeBackup(change), 'list')).toMatchObject({ code: 11, stdout: 'No backup of app.\n' });
});
