import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { ExitCode } from '../../../src/contract/exit-code';
import { readCatalog } from '../../../src/runner/catalog/catalog';
import { findBackup, findBackupAt } from '../../../src/runner/catalog/choose-backup';
import { backupsElsewhere } from '../../../src/runner/catalog/elsewhere';
import { renderRecord } from '../../../src/runner/catalog/record';
import { Store } from '../../../src/runner/store-api/store';
import { FolderStore } from '../../../src/runner/stores/folder/store';
import { aRecord } from '../_fixtures';

const signal = new AbortController().signal;
const directory = mkdtempSync(path.join(tmpdir(), 'elsewhere-'));
const flat = open(null);
const own = open('app');

afterAll(() => rmSync(directory, { recursive: true }));

function open(folder: string | null): Store {
  return new FolderStore({ type: 'folder', name: 'volume', directory, folder });
}

test('nothing is said of a store that is new', async () => {
  expect(await backupsElsewhere('app', [own, flat], signal)).toEqual([]);
  const catalog = await readCatalog('app', [own], signal);
  expect(() => findBackup(catalog, 'app', 'latest'))
    .toThrow('there is no backup of app: nothing was ever finished here, or the store, its prefix or its layout is another one');
});

test('who has changed to folders is told of the backups that lie beside them, and not that there is none', async () => {
  for (const id of ['app_20261121_020000', 'app_20261122_020000', 'app_x_20261122_020000']) await flat.create(`${id}.json`, renderRecord(aRecord(id)), signal);
  await flat.create('app_20261123_020000.started', '{}', signal);
  const said = `2 backups of app in ${directory} are not seen here, because the store volume looks in ${directory}/app: `
    + 'set \'layout: StoreLayout.FLAT\' of the store, or move what is there (docs/reference/stored-files.md, "Changing the layout")';

  expect(await backupsElsewhere('app', [own], signal)).toEqual([said]);
  const catalog = await readCatalog('app', [own], signal);
  expect(catalog).toMatchObject({ backups: [], elsewhere: [said] });
  for (const find of [() => findBackup(catalog, 'app', 'latest'), () => findBackup(catalog, 'app', 'app_20261122_020000'), () => findBackupAt(catalog, 'app', new Date())]) {
    expect(find).toThrow(expect.objectContaining({ exitCode: ExitCode.NOT_FOUND, message: expect.stringContaining(said) }));
  }
  // Those who see them are not told.
  expect(await readCatalog('app', [flat], signal)).toMatchObject({ elsewhere: [] });
});

test('who has gone back to the flat layout is told of the folder', async () => {
  await open('shop').create('shop_20261122_020000.json', renderRecord(aRecord('shop_20261122_020000')), signal);

  expect(await backupsElsewhere('shop', [flat], signal)).toEqual([
    `1 backup of shop in ${directory}/shop is not seen here, because the store volume looks in ${directory}: `
    + 'set \'layout: StoreLayout.FOLDER_PER_BACKUP\' of the store, or move what is there (docs/reference/stored-files.md, "Changing the layout")',
  ]);
});
