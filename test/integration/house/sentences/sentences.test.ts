/*
 * What code decides by is a typed value, never a sentence that was written for people. So every sentence may be reworded: those that the
 * runner makes, and those that are stored. A program that asks everything that decides something is bundled as it is, and with every
 * sentence of the runner reworded; and looks at the same stores, as they are, and with every stored sentence reworded.
 */
import { execFileSync } from 'node:child_process';
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { bundle } from './_reworded';
import { ADDRESS, HOUR_MS, prepare, rewordStored } from './_stores';
import { ExitCode } from '../../../../src/contract/exit-code';
import { backupId } from '../../../../src/contract/layout';

const directory = mkdtempSync(path.join(tmpdir(), 'sentences.'));
const now = new Date(Math.floor(Date.now() / 1000) * 1000);
const idAt = (hours: number) => backupId('app', new Date(now.getTime() - hours * HOUR_MS));
const decisions: { [version: string]: Readonly<Record<string, unknown>> } = {};

beforeAll(async () => {
  prepare(path.join(directory, 'as-it-is'), now);
  cpSync(path.join(directory, 'as-it-is'), path.join(directory, 'reworded'), { recursive: true, preserveTimestamps: true });
  rewordStored(path.join(directory, 'reworded'));
  for (const version of ['as-it-is', 'reworded']) {
    const { sentences } = await bundle(path.join(__dirname, '_decisions.ts'), path.join(directory, `${version}.js`), version === 'reworded');
    expect(sentences > 300).toBe(version === 'reworded');
    const out = execFileSync(process.execPath, [path.join(directory, `${version}.js`), path.join(directory, version), ADDRESS, String(now.getTime())],
      { encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 });
    decisions[version] = JSON.parse(out.replaceAll(path.join(directory, version), 'DIRECTORY')) as Readonly<Record<string, unknown>>;
  }
}, 300_000);

afterAll(() => rmSync(directory, { recursive: true, force: true }));

test('every sentence may be reworded, those of the runner and those that are stored: what is decided stays the same', () => {
  expect(decisions.reworded).toEqual(decisions['as-it-is']);
});

test('there is something to decide', () => {
  expect(decisions['as-it-is']).toMatchObject({
    'rolled back in one': 'one_kept',
    'rolled back in two': 'two_kept',
    'reply': true,
    'all': { rollback: [idAt(4), idAt(3)], verdict: 'but', repair: { code: ExitCode.OK }, verify: { code: ExitCode.CORRUPT }, prune: { said: { removed: 28 } } },
    'the last run failed': { prune: { said: { removed: 0 } } },
    'older records are damaged, or differ': { repair: { code: ExitCode.CORRUPT } },
    'a file of the newest is missing': { prune: { said: { stopped: [{ store: 'b' }] } } },
    'the record of the newest is damaged': { prune: { said: { stopped: [{ store: 'b' }] } } },
  });
});
