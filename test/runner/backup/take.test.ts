import { mkdtempSync, readdirSync, readFileSync, rmSync, unlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Readable } from 'node:stream';
import { ExitCode } from '../../../src/contract/exit-code';
import { takeBackup } from '../../../src/runner/backup/take';
import { renderClaim } from '../../../src/runner/catalog/claim';
import { createReporter } from '../../../src/runner/core/reporter';
import { Source } from '../../../src/runner/engine-api/source';
import { FolderStore } from '../../../src/runner/stores/folder/store';
import { aConfig, aRecord, capture } from '../_fixtures';

const signal = new AbortController().signal;

let directory: string;
beforeEach(() => void (directory = mkdtempSync(path.join(tmpdir(), 'backup-'))));
afterEach(() => rmSync(directory, { recursive: true, force: true }));

const claimIn = () => readdirSync(directory).find(file => file.endsWith('.started'))!;

/** A database that is dumped while something happens in the store. */
function sourceDuring(happens: () => void): Source {
  return {
    description: 'a database',
    inspect: async () => ({
      source: aRecord('app_20261122_020000').source,
      tools: {},
      dumps: [{
        role: 'data',
        part: null,
        extension: 'db',
        database: null,
        compressedInside: null,
        expectedBytes: 10,
        open: async () => ({ stream: Readable.from((async function* dump() { happens(); yield Buffer.from('ours'); })()), counts: null, empty: false }),
      }],
    }),
  };
}

function take(source: Source) {
  const store = new FolderStore({ type: 'folder', name: 'volume', directory, folder: null });
  return takeBackup(source, [store], { acceptSmaller: true, suspect: null }, { config: aConfig(), reporter: createReporter(capture()), signal });
}

test('a run whose id another one has got as well fails, so that it is started again, and removes nothing of the other\'s', async () => {
  const others = renderClaim(new Date(), new Date(Date.now() + 3_600_000));
  let id = '';
  const failure = take(sourceDuring(() => {
    id = claimIn().replace('.started', '');
    writeFileSync(path.join(directory, `${id}.started`), others);
    writeFileSync(path.join(directory, `${id}.globals.sql.zst`), 'of the other run');
  }));
  await expect(failure).rejects.toMatchObject({ exitCode: ExitCode.FAILED, message: expect.stringMatching(/another run has claimed app_\d{8}_\d{6} as well/) });
  expect(readFileSync(path.join(directory, `${id}.started`), 'utf8')).toBe(others);
  expect(readdirSync(directory)).toContain(`${id}.globals.sql.zst`);
  expect(readdirSync(directory)).not.toContain(`${id}.json`);
});

test('a run that was taken for dead writes no record, for its files may be gone', async () => {
  await expect(take(sourceDuring(() => unlinkSync(path.join(directory, claimIn()))))).rejects.toMatchObject({
    exitCode: ExitCode.FAILED, message: expect.stringMatching(/the claim of app_\d{8}_\d{6} is gone: another run has taken this one for dead/),
  });
  expect(readdirSync(directory)).toEqual([]);
});

test('a run that keeps its id has a record, and gives the claim back', async () => {
  const { id } = await take(sourceDuring(() => {}));
  expect(readdirSync(directory)).toEqual([`${id}.db.zst`, `${id}.json`, `${id}.sha256`]);
});
