import { randomBytes } from 'node:crypto';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { Readable } from 'node:stream';
import {
  CreateBucketCommand, DeleteObjectCommand, HeadObjectCommand, ListMultipartUploadsCommand, ListObjectsV2Command, ListObjectVersionsCommand,
  PutObjectCommand, S3Client,
} from '@aws-sdk/client-s3';
import { SERVERS } from './_roles';
import { BackupConfig, S3StoreConfig } from '../../../src/contract/config';
import { backupId, parseKey } from '../../../src/contract/layout';
import { openStore } from '../../../src/runner/stores/open';
import { all } from '../../runner/stores/_bodies';
import { configOf, folder, sqlite } from '../_configs';
import { backup, list, run, RunOptions } from '../_runner';
import { restoreOf } from '../restore/_restore';
import { writeNights } from '../retention/_history';
import { tempDir } from '../servers/_process';
import { rootClient, S3Server, s3Store } from '../servers/_s3';

/* What is locked stays, whoever deletes it, and everything else works as without a lock. */

const never = new AbortController().signal;
const DAY_SECONDS = 86_400;

describe.each(SERVERS)('on %s', (_kind, { start }) => {
  let server: S3Server;
  let root: S3Client;
  let count = 0;

  beforeAll(async () => {
    server = await start();
    root = rootClient(server);
  });
  afterAll(() => server?.stop());

  async function bucket(locked = true): Promise<string> {
    const name = `locked-${count++}`;
    await root.send(new CreateBucketCommand({ Bucket: name, ObjectLockEnabledForBucket: locked }));
    return name;
  }

  function database(): string {
    const file = path.join(tempDir('locked'), 'app.db');
    const opened = new DatabaseSync(file);
    opened.exec('CREATE TABLE t (x); INSERT INTO t VALUES (1)');
    opened.close();
    return file;
  }

  function lockedBackup(
    name: string, changes: Partial<BackupConfig> = {}, store: Partial<S3StoreConfig> = {},
  ): RunOptions & { readonly config: BackupConfig } {
    const { config, env } = s3Store(server, name, { objectLock: { mode: 'COMPLIANCE', durationSeconds: DAY_SECONDS }, ...store });
    return { config: configOf({ source: sqlite(database()), stores: [config], ...changes }), env };
  }

  const locked = async (Bucket: string, key: string) => {
    const { ObjectLockMode, ObjectLockRetainUntilDate } = await root.send(new HeadObjectCommand({ Bucket, Key: `db/nightly/${key}` }));
    const hours = ((ObjectLockRetainUntilDate?.getTime() ?? 0) - Date.now()) / 3_600_000;
    return ObjectLockMode === undefined ? null : { mode: ObjectLockMode, hours: Math.round(hours) };
  };

  describe.each(['auto', 'required-only'] as const)('with checksums %s', checksums => {
    test('what a backup consists of is locked, in one part or in several; the notes beside it are not', async () => {
      const name = await bucket();
      const { config, env } = s3Store(server, name, { objectLock: { mode: 'GOVERNANCE', durationSeconds: 2 * DAY_SECONDS }, checksums });
      const store = openStore(config, env);
      await store.check(never);
      const id = 'app_20260101_020000';
      await store.put(`${id}.sha256`, Readable.from([Buffer.from('small')]), null, never);
      await store.put(`${id}.db`, Readable.from([randomBytes(12 << 20), randomBytes(12 << 20)]), 24 << 20, never); // eslint-disable-line no-bitwise
      await store.create(`${id}.json`, '{}', never);
      for (const note of [`${id}.started`, `${id}.pinned`, `${id}.verified.20260101_030000.json`, `${id}.drill.json`, 'app.hold']) await store.create(note, '{}', never);
      for (const key of [`${id}.sha256`, `${id}.db`, `${id}.json`]) expect([key, await locked(name, key)]).toEqual([key, { mode: 'GOVERNANCE', hours: 48 }]);
      for (const note of [`${id}.started`, `${id}.pinned`, `${id}.verified.20260101_030000.json`, `${id}.drill.json`, 'app.hold']) expect([note, await locked(name, note)]).toEqual([note, null]);
    });
  });

  test.each([['GOVERNANCE', false], ['COMPLIANCE', true]] as const)('%s: not even root deletes the version', async (mode, bypass) => {
    const name = await bucket();
    const { id } = await backup(lockedBackup(name, {}, { objectLock: { mode, durationSeconds: DAY_SECONDS } }));
    const { Versions = [] } = await root.send(new ListObjectVersionsCommand({ Bucket: name }));
    const parts = Versions.filter(({ Key }) => /\.(db\.zst|sha256|json)$/.test(Key!) && Key!.includes(id));
    expect(parts).toHaveLength(3);
    for (const { Key, VersionId } of parts) {
      await expect(root.send(new DeleteObjectCommand({ Bucket: name, Key, VersionId, ...bypass && { BypassGovernanceRetention: true } })))
        .rejects.toMatchObject({ $metadata: { httpStatusCode: 403 } });
    }
    expect((await list(lockedBackup(name))).latest).toBe(id);
  });

  test('a plain deletion hides: for every reader it is gone, the bytes stay, and the name is free again', async () => {
    const name = await bucket();
    const options = lockedBackup(name);
    const { id, artifacts } = await backup(options);
    const store = openStore(options.config.stores[0]!, options.env!);
    const files = (await all(store.list(id, never))).map(({ key }) => key);
    expect(files).toHaveLength(3);
    await store.remove(files, never);
    expect(await all(store.list(id, never))).toEqual([]);
    expect((await list(options)).backups).toEqual([]);
    await expect(store.get(`${id}.json`, never)).rejects.toMatchObject({ exitCode: 15 });
    const { Versions = [], DeleteMarkers = [] } = await root.send(new ListObjectVersionsCommand({ Bucket: name, Prefix: `db/nightly/${id}.` }));
    const mine = ({ Key }: { Key?: string }) => files.some(file => Key!.endsWith(file));
    expect(Versions.filter(mine)).toHaveLength(3);
    expect(DeleteMarkers.filter(mine)).toHaveLength(3);
    const { file } = artifacts[0]!;
    expect(await store.put(file, Readable.from([Buffer.from('again')]), null, never)).toBe(5);
    expect(await store.create(`${id}.json`, '{}', never)).toBe(true);
    expect(await store.create(`${id}.json`, '{}', never)).toBe(false);
  });

  test('backup, verification, restore, repair and pruning work', async () => {
    const name = await bucket();
    const directory = tempDir('volume');
    const options = lockedBackup(name, { pruneAfterBackup: true });
    const config: BackupConfig = { ...options.config, stores: [options.config.stores[0]!, folder(directory)] };
    const both = { config, env: options.env };
    const old = await writeNights(10, 0, config.stores.map(store => openStore(store, options.env!)));
    const taken = await run(['backup'], both);
    expect({ code: taken.code, odd: taken.events.filter(({ level }) => level !== 'info') }).toEqual({ code: 0, odd: [] });
    expect(taken.events.filter(({ event }) => event === 'prune.hidden')).toEqual([expect.objectContaining({ store: 'offsite', message: expect.stringMatching(/^offsite keeps versions/) })]);
    const { backups } = await list(both);
    const weekAgo = backupId('app', new Date(parseKey(taken.result.id)!.startedAt.getTime() - 7 * DAY_SECONDS * 1000));
    // What is past a week is hidden in the bucket, and gone from the volume.
    expect(backups.map(({ id }) => id)).toEqual([...old.filter(id => id > weekAgo), taken.result.id]);
    expect(backups.length).toBeLessThan(old.length);

    // Written over, which versions allow: the locked version is below.
    const { file } = taken.result.artifacts[0]!;
    await root.send(new PutObjectCommand({ Bucket: name, Key: `db/nightly/${file}`, Body: 'damage' }));
    expect((await run(['verify'], both)).code).not.toBe(0);
    const repaired = await run(['verify', '--repair'], both);
    expect({ code: repaired.code, stdout: repaired.stdout }).toEqual({ code: 0, stdout: expect.stringMatching(/repaired from volume/) });
    expect(await locked(name, file)).toEqual({ mode: 'COMPLIANCE', hours: 24 });

    const target = path.join(tempDir('restored'), 'app.db');
    const bucketOnly = { config: restoreOf(options.config, { engine: 'sqlite', path: target, lockTimeoutSeconds: 1, keepPrevious: false, assertions: [] }), env: options.env };
    expect((await run(['restore', '--yes', '--to', `${target}.new`], bucketOnly)).code).toBe(0);
    expect(new DatabaseSync(`${target}.new`).prepare('SELECT x FROM t').all()).toEqual([{ x: 1 }]);

    const again = await run(['backup'], both);
    expect(again.events.filter(({ event }) => event === 'prune.hidden' || event === 'prune.delete')).toEqual([]);
  });

  test('a bucket without Object Lock is found by doctor, and before anything is dumped', async () => {
    const name = await bucket(false);
    const options = lockedBackup(name);
    const failed = await run(['backup'], options);
    expect(failed.code).toBe(10);
    expect(failed.message).toMatch(new RegExp(`the bucket ${name} has no Object Lock, and the config asks for one: switch it on with versioning, "aws s3api put-object-lock-configuration --bucket ${name} `));
    const { Contents = [] } = await root.send(new ListObjectsV2Command({ Bucket: name }));
    expect(Contents.map(({ Key }) => Key)).toEqual([expect.stringMatching(/\.failed\.json$/)]);
    const { Uploads = [] } = await root.send(new ListMultipartUploadsCommand({ Bucket: name }));
    expect(Uploads).toEqual([]);
    const diagnosis = await run(['doctor', '--json'], options);
    expect(diagnosis.code).toBe(10);
    expect(JSON.parse(diagnosis.stdout).findings).toContainEqual(expect.objectContaining({ level: 'error', subject: 'store offsite', message: expect.stringMatching(/no Object Lock/) }));
  });
});
