import { mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { findOrphans } from '../../../src/runner/prune/orphans';
import { FolderStore } from '../../../src/runner/stores/folder/store';

const HOUR_MS = 3_600_000;
const signal = new AbortController().signal;

let directory: string;

beforeEach(() => {
  directory = mkdtempSync(path.join(tmpdir(), 'rubbish-'));
});
afterEach(() => rmSync(directory, { recursive: true }));

/** A part of a file, as a write that was killed leaves it. */
function partial(key: string, hoursAgo: number): void {
  const file = path.join(directory, `.${key}.partial-${String(hoursAgo).padStart(8, '0')}`);
  writeFileSync(file, 'half');
  const then = new Date(Date.now() - hoursAgo * HOUR_MS);
  utimesSync(file, then, then);
}

test('so do parts of a hold, and nothing of other names', async () => {
  partial('app.hold', 25);
  partial('app.hold', 1);
  for (const other of ['app_x.hold', 'app-x.hold', 'appx.hold', 'app_x_20261120_020000.json', 'appx_20261120_020000.json']) partial(other, 25);
  const store = new FolderStore({ type: 'folder', name: 'volume', directory, folder: null });
  const options = { recorded: new Set<string>(), unclaimed: false, now: new Date() };
  const [rubbish, ...others] = await findOrphans('app', [], store, options, () => {}, signal);
  expect(others).toEqual([]);
  expect(rubbish).toMatchObject({ id: 'app.hold', remove: true, files: [], uploads: [{ key: 'app.hold' }] });
});

test('parts of files beside a record go when they are older than a day: until then somebody may be writing there', async () => {
  partial('app_20261120_020000.verified.20261121_020000.json', 25);
  partial('app_20261120_020000.pinned', 1);
  partial('app_20261121_020000.json', 23);
  const store = new FolderStore({ type: 'folder', name: 'volume', directory, folder: null });
  const recorded = new Set(['app_20261120_020000', 'app_20261121_020000']);
  const rubbish = await findOrphans('app', [], store, { recorded, unclaimed: false, now: new Date() }, () => {}, signal);
  expect(rubbish.map(({ id, remove, files, uploads }) => ({ id, remove, files, uploads: uploads.map(({ key }) => key) }))).toEqual([
    { id: 'app_20261120_020000', remove: true, files: [], uploads: ['app_20261120_020000.verified.20261121_020000.json'] },
  ]);
});
