import { execFile } from 'node:child_process';
import { readdirSync } from 'node:fs';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { promisify } from 'node:util';
import { ListObjectsV2Command } from '@aws-sdk/client-s3';
import { FolderStoreConfig } from '../../../src/contract/config';
import { backupId } from '../../../src/contract/layout';
import { shellBlock } from '../../pages';
import { configOf, sqlite } from '../_configs';
import { backup, filesIn, list, run, RunOptions } from '../_runner';
import { tempDir, until } from '../servers/_process';
import { rootClient, s3Store } from '../servers/_s3';
import { startVersitygw, Versitygw } from '../servers/versitygw';

/* A folder for each backup, and what becomes of backups that lie in the flat layout. */

let s3: Versitygw;
let count = 0;

beforeAll(async () => {
  s3 = await startVersitygw();
});
afterAll(() => s3?.stop());

/** A bucket and a volume that several backups share. */
interface Place {
  readonly bucket: string;
  readonly directory: string;
  options(name: string, inFolder: boolean): RunOptions;
  /** Keys in the bucket, below `db/nightly/`. */
  keys(): Promise<string[]>;
  /** A command of the docs, for this place, with `app` in place of their backup. */
  shell(command: string, cwd: string): Promise<string>;
}

async function place(): Promise<Place> {
  const bucket = `layout-${count++}`;
  await s3.makeBucket(bucket);
  const [directory, file] = [tempDir('volume'), path.join(tempDir('sqlite'), 'app.db')];
  const database = new DatabaseSync(file);
  database.exec('create table orders (id integer primary key); insert into orders values (1), (2), (3)');
  database.close();
  return {
    bucket,
    directory,
    options: (name, inFolder) => {
      // What the constructs make of `StoreLayout`.
      const { config, env } = s3Store(s3, bucket, inFolder ? { prefix: `db/nightly/${name}` } : {});
      const volume: FolderStoreConfig = { type: 'folder', name: 'volume', directory, folder: inFolder ? name : null };
      return { config: configOf({ name, source: sqlite(file), stores: [config, volume] }), env };
    },
    keys: async () => {
      const { Contents = [] } = await rootClient(s3).send(new ListObjectsV2Command({ Bucket: bucket, Prefix: 'db/nightly/' }));
      return Contents.map(({ Key = '' }) => Key.slice('db/nightly/'.length));
    },
    shell: async (command, cwd) => {
      const here = command.replaceAll('s3://your-backup-bucket/whispercache/backups', `s3://${bucket}/db/nightly`).replaceAll('whispercache', 'app')
        .replaceAll('aws s3 ', `aws --endpoint-url ${s3.endpoint} --region ${s3.region} s3 `);
      const { stdout } = await promisify(execFile)('sh', ['-ec', here], {
        cwd, env: { PATH: process.env.PATH, HOME: process.env.HOME, AWS_ACCESS_KEY_ID: s3.accessKeyId, AWS_SECRET_ACCESS_KEY: s3.secretAccessKey },
      });
      return stdout;
    },
  };
}

test('everything of a backup lies in its folder, in the bucket and on the volume, and no command touches that of another', async () => {
  const at = await place();
  const [app, other] = [at.options('app', true), at.options('app_x', true)];
  const [{ id }, { id: foreign }] = [await backup(app), await backup(other)];
  for (const args of [['verify', '--all'], ['pin', id], ['hold', '--reason', 'incident'], ['doctor'], ['release'], ['unpin', id], ['prune', '--unclaimed']]) {
    expect(await run(args, app)).toMatchObject({ code: 0 });
  }

  expect((await list(app)).backups.map(each => each.id)).toEqual([id]);
  expect((await list(other)).backups.map(each => each.id)).toEqual([foreign]);
  const keys = await at.keys();
  expect(keys.filter(key => !/^(app\/app_\d{8}_|app_x\/app_x_\d{8}_)/.test(key))).toEqual([]);
  expect(filesIn(at.directory)).toEqual(['app', 'app_x']);
  for (const name of ['app', 'app_x']) {
    const inBucket = keys.filter(key => key.startsWith(`${name}/`)).map(key => key.slice(name.length + 1));
    expect(filesIn(path.join(at.directory, name)).filter(file => !file.includes('.verified.'))).toEqual(inBucket.filter(key => !key.includes('.verified.')));
  }
});

test('the folder alone is a backup for stock tools, with the commands of the docs', async () => {
  const at = await place();
  const { id, artifacts } = await backup(at.options('app', true));
  const [copy = '', check = ''] = shellBlock('aws s3 cp').split('\n');
  const down = tempDir('down');

  await at.shell(`${copy}\n${check.replace(/whispercache_\d{8}_\d{6}/, id)}`, down);
  expect(readdirSync(path.join(down, 'app'))).toEqual(expect.arrayContaining([...artifacts.map(({ file }) => file), `${id}.json`, `${id}.sha256`]));
});

test('backups in the flat layout are told of, never "there is none"; moved with the commands of the docs they are all there, and no other is', async () => {
  const at = await place();
  const flat = at.options('app', false);
  const ids = [(await backup(flat)).id, (await backup(flat)).id];
  const { id: foreign } = await backup(at.options('app_x', false));
  await run(['hold', '--reason', 'incident'], flat);
  const own = at.options('app', true);
  // A folder knows nothing of the other layout: two backups of one second would have one name, and moving one would overwrite the other.
  await until('the next second', 5000, () => Promise.resolve(backupId('app', new Date()) > ids[1]!));
  const said = (where: string) => `2 backups of app in ${where} are not seen here, because the store`;

  for (const command of [['list'], ['doctor'], ['usage'], ['backup']]) {
    const { code, stdout, stderr } = await run(command, own);
    expect({ command, code }).toEqual({ command, code: 0 });
    for (const where of [`s3://${at.bucket}/db/nightly`, at.directory]) expect(stdout + stderr).toContain(said(where));
  }
  // There is one now, and it is told all the same.
  const [{ id: third }] = (await list(own)).backups as [{ id: string }];
  expect((await run(['list'], own)).stderr).toContain(said(at.directory));

  await at.shell(shellBlock('aws s3 mv'), at.directory);
  await at.shell('mv whispercache_????????_??????.* whispercache.hold whispercache/', at.directory);

  expect((await list(own)).backups.map(({ id }) => id)).toEqual([...ids, third]);
  const { stdout: verified } = await run(['verify', '--all', '--json'], own);
  expect((JSON.parse(verified) as { result: string }[]).map(({ result }) => result)).toEqual(Array.from({ length: 6 }, () => 'ok'));
  expect((await run(['release'], own)).stdout).toContain('No longer');
  expect((await run(['list'], own)).stderr).toBe('');
  expect(filesIn(at.directory).filter(file => file.startsWith('app_x_'))).toContain(`${foreign}.json`);
  expect((await at.keys()).filter(key => !key.startsWith('app/')).every(key => key.startsWith(foreign))).toBe(true);
  expect((await list(at.options('app_x', false))).backups.map(({ id }) => id)).toEqual([foreign]);
});

test('a restore, a fetch or a drill that finds no backup says how many lie in the other layout, and what to do', async () => {
  const at = await place();
  const { id } = await backup(at.options('app', false));
  const own = at.options('app', true);
  for (const args of [['show'], ['fetch', id, '--to', tempDir('fetched')], ['verify'], ['restore', '--dry-run'], ['pin', id]]) {
    const ended = await run(args, own);
    expect({ args, code: ended.code }).toEqual({ args, code: 15 });
    expect(ended.message).toContain(`there is no backup of app: 1 backup of app in s3://${at.bucket}/db/nightly is not seen here, because the store offsite looks in s3://${at.bucket}/db/nightly/app: `
      + 'set \'layout: StoreLayout.FLAT\' of the store, or move what is there (docs/reference/stored-files.md, "Changing the layout")');
  }
  // As the docs have it.
  const looked = await run(['list', '--json', '--set', 'stores.offsite.prefix=db/nightly', '--set', 'stores.volume.folder=null'], own);
  expect(JSON.parse(looked.stdout)).toMatchObject({ latest: id, elsewhere: [] });
});
