import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Readable } from 'node:stream';
import fc from 'fast-check';
import { EVIL_NAMES, refusalIn, runs } from './_hostile';
import { ExitCode } from '../../src/contract/exit-code';
import { readCatalog } from '../../src/runner/catalog/catalog';
import { renderRecord } from '../../src/runner/catalog/record';
import { isKey } from '../../src/runner/store-api/keys';
import { FolderStore } from '../../src/runner/stores/folder/store';
import { anArtifact, aRecord } from '../runner/_fixtures';
import { all } from '../runner/stores/_bodies';

jest.setTimeout(60_000); // bounded by numbers of runs, and not by the time of a busy machine

const signal = new AbortController().signal;
const ID = 'app_20261122_020000';
const root = mkdtempSync(path.join(tmpdir(), 'hostile-folder-'));
const directory = path.join(root, 'backups');
const store = new FolderStore({ type: 'folder', name: 'volume', directory, folder: null });
/** Stands beside the store's directory: nothing must read, change or remove it. */
const CANARY = path.join(root, 'canary', `${ID}.db.zst`);

beforeEach(async () => {
  mkdirSync(directory);
  mkdirSync(path.dirname(CANARY));
  writeFileSync(CANARY, 'a canary');
  await store.put(anArtifact(ID).file, Readable.from([Buffer.from('abc')]), null, signal);
  await store.create(`${ID}.json`, renderRecord(aRecord(ID)), signal);
});

afterEach(() => {
  expect(readFileSync(CANARY, 'utf8')).toBe('a canary');
  expect(readdirSync(root).sort()).toEqual(['backups', 'canary']);
  expect(readdirSync(path.dirname(CANARY))).toEqual([path.basename(CANARY)]);
  for (const entry of readdirSync(root)) rmSync(path.join(root, entry), { recursive: true });
});

afterAll(() => rmSync(root, { recursive: true }));

test('whatever somebody puts beside the backups, those are listed, and the rest is none', async () => {
  const inside = (name: string) => path.join(directory, name);
  mkdirSync(inside('app_20261122_030000.json')); // a directory called like a record
  execFileSync('mkfifo', [inside('app_20261122_040000.json')]); // a pipe into which nobody writes
  symlinkSync(CANARY, inside('app_20261122_050000.json'));
  symlinkSync(path.dirname(CANARY), inside('app_20261122_060000.json'));
  symlinkSync(inside('app_20261122_070000.json'), inside('app_20261122_070000.json')); // in a circle
  symlinkSync('/dev/zero', inside('app_20261122_080000.json'));
  writeFileSync(inside('app_20261122_090000.a\\..\\b.json'), '{}');
  writeFileSync(inside('app_20261122_090000.a\nb'), 'x');
  writeFileSync(Buffer.concat([Buffer.from(`${directory}/app_20261122_090000.`), Buffer.from([0xff, 0xfe])]), 'no UTF-8');
  writeFileSync(inside('app_99999999_999999.json'), '{}');

  const catalog = await readCatalog('app', [store], signal);
  expect(catalog.backups.map(({ record, copies }) => [record.id, copies.get('volume')])).toEqual([[ID, { kind: 'whole' }]]);
  expect(catalog.unreadable).toEqual([]);
  expect((await all(store.list('', signal))).map(({ key }) => key)).toEqual([`${ID}.db.zst`, `${ID}.json`, 'app_20261122_090000.a\nb', 'app_99999999_999999.json']);
  for (let hour = 3; hour < 9; hour++) {
    await expect(store.get(`app_20261122_0${hour}0000.json`, signal)).rejects.toMatchObject({ exitCode: ExitCode.NOT_FOUND });
  }
});

test('what becomes a pipe or a link between the listing and the reading is neither waited for nor followed', async () => {
  const file = path.join(directory, `${ID}.json`);
  for (const replace of [() => execFileSync('mkfifo', [file]), () => symlinkSync(CANARY, file)]) {
    renameSync(file, `${file}.away`);
    replace();
    await expect(store.get(`${ID}.json`, signal)).rejects.toThrow('there is no such file');
    rmSync(file);
    renameSync(`${file}.away`, file);
  }
});

test('no key leads out of the directory, whoever names it', async () => {
  const before = readdirSync(directory).sort();
  const evil = fc.oneof(
    fc.constantFrom(...EVIL_NAMES, `../canary/${ID}.db.zst`, CANARY, `${ID}.json/../../canary/${ID}.db.zst`),
    fc.string({ unit: fc.constantFrom('.', '/', '\\', '\0', 'a', '%', '2', 'e', ':', '~') }),
    fc.string(),
  );
  await fc.assert(fc.asyncProperty(evil, async key => {
    const results = [
      await refusalIn(() => store.get(key, signal)),
      await refusalIn(() => store.create(key, 'evil', signal)),
      await refusalIn(() => store.put(key, Readable.from(['evil']), null, signal)),
      await refusalIn(() => all(store.unfinished(key, signal))),
      await refusalIn(() => all(store.list(key, signal))),
      await refusalIn(() => store.remove([key], signal)),
    ];
    if (isKey(key) || key === '') return;
    for (const result of results) expect(result).toMatchObject({ refused: { exitCode: ExitCode.BAD_CONFIG } });
  }), runs(100));
  expect(readdirSync(directory).sort()).toEqual(before);
});
