import { mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { FOLDER, schemaFiles, SCHEMAS } from './json-schemas';
import { BackupConfig, CONFIG_ENV, CONFIG_VERSION } from '../../src/contract/config';
import { DRILL_VERSION } from '../../src/contract/drill-record';
import { FAILED_RUN_VERSION } from '../../src/contract/failed-run';
import { verificationKey } from '../../src/contract/layout';
import { VERIFICATION_VERSION } from '../../src/contract/verification-record';
import { drillSchema, renderDocument } from '../../src/runner/catalog/history';
import { renderRecord } from '../../src/runner/catalog/record';
import { run } from '../../src/runner/cli';
import { Monitor } from '../../src/runner/monitor/monitor';
import { apiDocument } from '../../src/runner/status/api';
import { assessAll } from '../../src/runner/status/summary';
import { openStore } from '../../src/runner/stores/open';
import { readPages } from '../pages';
import { aConfig, anArtifact, aRecord, capture } from '../runner/_fixtures';

const [old, id, suspect] = ['20261121', '20261122', '20261123'].map(day => `app_${day}_020000`) as [string, string, string];
const at = new Date('2026-11-22T05:00:00Z');
const stores = ['a', 'b'].map(name => ({ type: 'folder' as const, name, directory: mkdtempSync(path.join(tmpdir(), `schemas-${name}-`)), folder: null }));
const config: BackupConfig = aConfig({ stores });
const exporter = {
  version: CONFIG_VERSION,
  kind: 'exporter',
  cluster: null,
  environment: null,
  port: 8080,
  refreshSeconds: 60,
  backups: [{
    name: 'app',
    engine: 'sqlite',
    namespace: null,
    cronJob: 'app-backup',
    restoreJob: 'app-restore',
    stores,
    staleAfterSeconds: 3600,
    rpoSeconds: 60,
    rtoSeconds: 60,
    verifiedWithinSeconds: 60,
    drilledWithinSeconds: 60,
  }],
} as const;

/** Two stores with whatever there can be in one: a good backup, a suspect one, a damaged copy, and all kinds of notes. */
beforeAll(() => {
  const everywhere = (file: string, content: string) => stores.forEach(({ directory }) => writeFileSync(path.join(directory, file), content));
  const times = { startedAt: at.toISOString(), finishedAt: at.toISOString() };
  for (const each of [old, id, suspect]) {
    everywhere(anArtifact(each).file, 'abc');
    const day = `${each.slice(4, 8)}-${each.slice(8, 10)}-${each.slice(10, 12)}`;
    everywhere(`${each}.json`, renderRecord(aRecord(each, {
      stores: ['a', 'b'],
      startedAt: `${day}T02:00:00.000Z`,
      finishedAt: `${day}T02:00:05.000Z`,
      ...each === suspect && { suspect: 'it has 1 byte', warnings: ['odd'], safety: { before: old, rollback: false } },
      ...each === old && {
        artifacts: [anArtifact(old, {
          member: 'db', recipients: ['age1x'], plainBytes: null, counts: { precision: 'estimate', unit: 'keys', items: { 0: 1 }, unlisted: { items: 2, total: 3 } },
        })],
        members: { db: { engine: 'postgres', serverVersion: '17', address: 'db:5432', database: null } },
      },
    })));
  }
  everywhere(`${suspect}.accepted`, '{}\n');
  everywhere(`${id}.pinned`, '{}\n');
  for (const { name, directory } of stores) {
    writeFileSync(path.join(directory, verificationKey(id, at)), renderDocument({
      version: VERIFICATION_VERSION, id, store: name, ...times, formatRead: name === 'a', faults: name === 'a' ? [] : ['damaged'], repairedFrom: null, tools: { sqlite: '3' },
    }));
  }
  writeFileSync(path.join(stores[1]!.directory, anArtifact(old).file), 'abcd');
  everywhere('app_20261122_050000.drill.json', renderDocument({
    version: DRILL_VERSION,
    id: 'app_20261122_050000',
    name: 'app',
    member: 'db',
    backup: id,
    store: 'a',
    ...times,
    outcome: 'passed',
    faults: [],
    server: { engine: 'postgres', version: '17' },
    bytes: 3,
    items: 3,
    seconds: { verify: 1, restore: 1, check: null, total: 2 },
    recoveryPointAgeSeconds: 3,
    rtoTargetSeconds: 60,
    checks: [{ name: 'objects', passed: true, detail: '1' }],
    tools: {},
  }));
  everywhere('app_20261123_050000.failed.json', renderDocument({ version: FAILED_RUN_VERSION, name: 'app', startedAt: '2026-11-23T05:00:00.000Z', finishedAt: '2026-11-23T05:00:00.000Z', exitCode: 20, message: 'no' }));
});

async function printed(asked: object, ...args: readonly string[]): Promise<any> {
  const [stdout, stderr] = [capture(), capture()];
  const env = { [CONFIG_ENV]: JSON.stringify(asked) };
  await run(args, { env, stdin: capture(), stdout, stderr, signal: new AbortController().signal });
  if (stdout.text() === '') throw new Error(stderr.text());
  return JSON.parse(stdout.text());
}

test('the files of the schemas are as they are written now', () => {
  // `npx tsx test/docs/json-schemas.ts` writes them.
  expect(Object.fromEntries(readdirSync(FOLDER).map(name => [name, readFileSync(path.join(FOLDER, name), 'utf8')]))).toEqual(Object.fromEntries(schemaFiles()));
});

test('the page links each of them', () => {
  const { text } = readPages().find(({ file }) => file === 'docs/reference/json-outputs.md')!;
  expect([...text.matchAll(/\]\(schemas\/([\w-]+\.json)\)/g)].map(([, name]) => name!).sort()).toEqual([...schemaFiles().keys()].sort());
});

test.each<[keyof typeof SCHEMAS, readonly string[]]>([
  ['list', ['list', '--json']],
  ['show', ['show', id, '--json']],
  ['show', ['show', old, '--json']],
  ['show', ['show', suspect, '--json']],
  ['usage', ['usage', '--json']],
  ['drills', ['drills', '--json']],
  ['doctor', ['doctor', '--json']],
  ['doctor', ['doctor', '--break-glass', '--proofs', path.join(mkdtempSync(path.join(tmpdir(), 'proofs-')), 'break-glass.json'), '--json']],
  ['verify', ['verify', '--all', '--no-record', '--json']],
  ['verify', ['verify', '--all', '--repair', '--dry-run', '--json']],
  ['prune', ['prune', '--dry-run', '--json']],
])('%s: what %j prints is what its schema says, and no more', async (name, args) => {
  expect(SCHEMAS[name].safeParse(await printed(config, ...args)).error?.issues).toBeUndefined();
});

test.each(['list', 'usage', 'drills'] as const)('with the config of an exporter, %s prints a list of these', async name => {
  const all: unknown[] = await printed(exporter, name, '--json');
  expect(all.map(each => SCHEMAS[name].safeParse(each).error?.issues)).toEqual([undefined]);
});

test('the exporter answers what the schema of its status says, and no more', async () => {
  const monitor = new Monitor(exporter, store => openStore(store, {}), { info: () => {}, warn: () => {} } as never);
  const answer = () => {
    const place = { complete: monitor.complete, cluster: null, environment: null };
    return JSON.parse(JSON.stringify(apiDocument(assessAll(monitor.backups(), at), at, place)));
  };
  expect(SCHEMAS.status.safeParse(answer()).error?.issues).toBeUndefined();
  await monitor.lookOnce(new AbortController().signal);
  expect(SCHEMAS.status.safeParse(answer()).error?.issues).toBeUndefined();
  expect(answer().backups[0].backups.length).toBe(3);
});

test('a stored document is described as it is read, with the comments of the contract down to the fields of objects in objects', () => {
  const { properties, required } = JSON.parse(schemaFiles().get('drill.json')!);
  expect(Object.keys(properties)).toEqual(Object.keys(drillSchema.shape));
  expect(required).not.toContain('member');
  expect(properties.checks.items.properties.passed.description).toBe('Whether the answer is as it has to be.');
  expect(properties.seconds.properties.verify.description).toBe('Reading the artifacts and comparing their digests.');
  expect(JSON.parse(schemaFiles().get('record.json')!).properties.artifacts).toMatchObject({ minItems: 1, items: { properties: { counts: { anyOf: expect.anything() } } } });
});

test('a field that no schema has is found', async () => {
  expect(SCHEMAS.list.safeParse({ ...await printed(config, 'list', '--json'), more: 1 }).success).toBe(false);
});
