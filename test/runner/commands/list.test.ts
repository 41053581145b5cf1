import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { CONFIG_ENV } from '../../../src/contract/config';
import { DRILL_VERSION, DrillRecord } from '../../../src/contract/drill-record';
import { backupId, verificationKey } from '../../../src/contract/layout';
import { VERIFICATION_VERSION } from '../../../src/contract/verification-record';
import { renderDocument } from '../../../src/runner/catalog/history';
import { renderRecord } from '../../../src/runner/catalog/record';
import { run } from '../../../src/runner/cli';
import { aConfig, anArtifact, aRecord, capture } from '../_fixtures';

const root = mkdtempSync(path.join(tmpdir(), 'list-'));
const startedAt = new Date('2026-11-22T02:00:00.000Z');
const id = backupId('app', startedAt);
const stores = ['a', 'b'].map(name => ({ type: 'folder' as const, name, directory: mkdtempSync(path.join(root, `${name}-`)), folder: null }));
const config = aConfig({ stores });

beforeAll(() => {
  for (const store of stores) {
    const at = (file: string, content: string) => writeFileSync(path.join(store.directory, file), content);
    const artifact = anArtifact(id);
    at(artifact.file, 'abc');
    at(`${id}.json`, renderRecord(aRecord(id, { stores: ['a', 'b'] })));
    at(verificationKey(id, startedAt), renderDocument({
      version: VERIFICATION_VERSION,
      id,
      store: store.name,
      startedAt: startedAt.toISOString(),
      finishedAt: startedAt.toISOString(),
      formatRead: true,
      faults: store.name === 'b' ? ['its SHA-256 is another one'] : [],
      repairedFrom: null,
      tools: {},
    }));
  }
});

async function said(...args: readonly string[]): Promise<string> {
  const stdout = capture();
  const stderr = capture();
  const env = { [CONFIG_ENV]: JSON.stringify(config) };
  const code = await run(args, { env, stdin: capture(), stdout, stderr, signal: new AbortController().signal });
  expect({ code, stderr: stderr.text() }).toEqual({ code: 0, stderr: '' });
  return stdout.text();
}

test('a copy that was found damaged when it was read back is not called whole any more', async () => {
  const damaged = 'damaged, as reading it back has shown at 2026-11-22T02:00:00.000Z: its SHA-256 is another one';
  expect(await said('list')).toMatch(new RegExp(`${id} .* a {2,}b: ${damaged} \\(latest\\)\n$`));
  expect(JSON.parse(await said('list', '--json')).backups[0].copies).toEqual({ a: 'ok', b: damaged });
  expect(await said('show')).toMatch(/\nb +damaged +.*ago: its SHA-256 is another one\n/);
  expect(JSON.parse(await said('show', '--json')).copies).toEqual({ a: 'ok', b: damaged });
});

test.each<[string, Partial<DrillRecord>, string]>([
  ['passed in time', { outcome: 'passed' }, '30 min held'],
  ['took too long', { outcome: 'failed', seconds: { verify: 1, restore: 2000, check: 1, total: 2002 } }, '30 min missed'],
  ['came to nothing', { outcome: 'failed', seconds: { verify: null, restore: null, check: null, total: 2 } }, '30 min not proved'],
])('of a drill that %s, "drills" says what that means for the RTO', async (_case, changes, rto) => {
  const drill: DrillRecord = {
    version: DRILL_VERSION,
    id: backupId('app', new Date(startedAt.getTime() + 60_000)),
    name: 'app',
    backup: id,
    store: 'a',
    startedAt: startedAt.toISOString(),
    finishedAt: startedAt.toISOString(),
    outcome: 'passed',
    faults: [],
    server: null,
    bytes: 3,
    items: 3,
    seconds: { verify: 1, restore: 10, check: 1, total: 12 },
    recoveryPointAgeSeconds: 60,
    rtoTargetSeconds: 1800,
    checks: [],
    tools: {},
    ...changes,
  };
  for (const store of stores) writeFileSync(path.join(store.directory, `${drill.id}.drill.json`), renderDocument(drill));
  expect(await said('drills')).toContain(` ${rto}`);
});
