import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import {
  CreateMultipartUploadCommand, DeleteObjectCommand, GetBucketLifecycleConfigurationCommand, GetObjectCommand, HeadObjectCommand,
  ListMultipartUploadsCommand, ListObjectsV2Command, ListObjectVersionsCommand, PutBucketLifecycleConfigurationCommand, PutObjectCommand, S3Client,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import { addUsers, documentFor, LOCK, Policy, RoleBucket, roleBucket, ROLES, SERVERS } from './_roles';
import { S3Access } from '../../../src';
import { BackupConfig, DRILL_DATABASE, S3StoreConfig } from '../../../src/contract/config';
import { backupId } from '../../../src/contract/layout';
import { renderClaim } from '../../../src/runner/catalog/claim';
import { PATIENCE } from '../../../src/runner/store-api/service';
import { Store } from '../../../src/runner/store-api/store';
import { openStore } from '../../../src/runner/stores/open';
import { openS3 } from '../../../src/runner/stores/s3/client';
import { abortUpload, ownedBy } from '../../../src/runner/stores/s3/upload';
import { configOf, sqlite } from '../_configs';
import { backup, Ended, run, RunOptions } from '../_runner';
import { drillOf } from '../drill/_drill';
import { restoreOf } from '../restore/_restore';
import { DAY_MS, keysIn, open, writeBackup, writeNights } from '../retention/_history';
import { tempDir } from '../servers/_process';
import { rootClient, s3Store } from '../servers/_s3';
import { startFaultProxy } from '../servers/fault-proxy';
import { Radosgw } from '../servers/radosgw';
import { Versitygw } from '../servers/versitygw';

/* Each role works with exactly the policy that the constructs write for it, and the server refuses it everything else. */

const never = new AbortController().signal;

/** What a server does not ask for, so that nothing fails without it. Ceph 16 lets whoever wrote an object read and lock it. */
const NOT_ASKED_FOR: { readonly [kind: string]: (access: S3Access, action: string) => boolean } = {
  // It has no lifecycle rules, and says so to everybody.
  versitygw: (_access, action) => action === 's3:GetLifecycleConfiguration',
  radosgw: (access, action) => action === 's3:PutObjectRetention' || (access === S3Access.BACKUP && action === 's3:GetObject'),
};

/** What the servers answer to whoever may list this backup only. */
const HEAD_OF_NOTHING: { readonly [kind: string]: number } = { versitygw: 404, radosgw: 403 };

describe.each(SERVERS)('on %s', (kind, policyServer) => {
  let server: Versitygw | Radosgw;
  let users: Awaited<ReturnType<typeof addUsers>>;
  let count = 0;

  beforeAll(async () => {
    server = await policyServer.start();
    users = await addUsers(server);
  });
  afterAll(() => server?.stop());

  interface Place extends RoleBucket {
    readonly file: string;
    /** The store with the rights of root, and nothing locked. */
    readonly root: Store;
    /** What a backup of the role is run with. */
    options(access: S3Access, changes?: Partial<BackupConfig>): RunOptions & { readonly config: BackupConfig };
  }

  async function place(...roles: S3Access[]): Promise<Place> {
    const bucket = await roleBucket(server, users, policyServer, `roles-${count++}`, roles);
    const file = path.join(tempDir('roles'), 'app.db');
    const database = new DatabaseSync(file);
    database.exec('CREATE TABLE t (x); INSERT INTO t VALUES (1)');
    database.close();
    const { config, env } = s3Store(server, bucket.bucket, { prefix: 'db/nightly/app' });
    return {
      ...bucket,
      file,
      root: open({ stores: [config] }, env)[0]!,
      options: (access, changes) => {
        const store = bucket.as(access);
        return { config: configOf({ source: sqlite(file), stores: [store.config], ...changes }), env: store.env };
      },
    };
  }

  const clientOf = (access: S3Access) => new S3Client({ endpoint: server.endpoint, region: 'us-east-1', forcePathStyle: true, credentials: users.get(access)!, maxAttempts: 1 });

  /** An upload that nobody finished, begun by root or by a role. */
  async function unfinished(at: Place, key: string, client: S3Client) {
    const object = { Bucket: at.bucket, Key: `db/nightly/app/${key}` };
    const { UploadId } = await client.send(new CreateMultipartUploadCommand(object));
    await client.send(new UploadPartCommand({ ...object, UploadId, PartNumber: 1, Body: 'part' }));
    return { ...object, UploadId: UploadId! };
  }

  const oddities = ({ code, events, stderr }: Ended) => [
    ...code === 0 ? [] : [`exit code ${code}: ${stderr}`],
    ...events.filter(({ level }) => level !== 'info').map(({ event, message }) => `${event}: ${message}`),
  ];

  /** Of four backups three are past the retention, and one of these is more than stays in any case. */
  async function beforePrune(at: Place): Promise<void> {
    await writeNights(3, 8, [at.root]);
    await writeNights(1, 0, [at.root]);
  }

  /** What each role is for, end to end, step by step; each step's answer is what went wrong in it. */
  const WORK: { readonly [access in S3Access]: (at: Place) => AsyncGenerator<string[]> } = {
    [S3Access.BACKUP]: async function* (at) {
      yield oddities(await run(['backup'], at.options(S3Access.BACKUP)));
      const left = await unfinished(at, `${backupId('app', new Date())}.db`, rootClient(server));
      yield await abortUpload(clientOf(S3Access.BACKUP), left, never).then(() => [], error => [`${error}`]);
      yield oddities(await run(['doctor'], at.options(S3Access.BACKUP))).filter(text => !text.includes('lifecycle'));
    },
    [S3Access.READ]: async function* (at) {
      await writeBackup(new Date(), [at.root]);
      yield oddities(await run(['list'], at.options(S3Access.READ)));
      yield oddities(await run(['fetch', '--to', tempDir('fetched')], at.options(S3Access.READ)));
    },
    [S3Access.VERIFY]: async function* (at) {
      await writeBackup(new Date(), [at.root]);
      yield oddities(await run(['verify'], at.options(S3Access.VERIFY)));
    },
    [S3Access.PRUNE]: async function* (at) {
      await beforePrune(at);
      await unfinished(at, `${backupId('app', new Date(Date.now() - 3 * DAY_MS))}.db`, rootClient(server));
      const ended = await run(['prune', '--json'], at.options(S3Access.PRUNE));
      yield [...oddities(ended), ...ended.code === 0 && JSON.parse(ended.stdout).removed === 0 ? ['nothing was removed'] : []];
      yield oddities(await run(['pin', 'latest'], at.options(S3Access.PRUNE)));
      yield oddities(await run(['hold', '--reason', 'x'], at.options(S3Access.PRUNE)));
    },
    [S3Access.FULL]: async function* (at) {
      await beforePrune(at);
      await unfinished(at, `${backupId('app', new Date(Date.now() - 3 * DAY_MS))}.db`, rootClient(server));
      const ended = await run(['backup'], at.options(S3Access.FULL, { pruneAfterBackup: true }));
      yield [...oddities(ended), ...ended.events.filter(({ event, removed }) => event === 'prune.finished' && removed === 0).map(({ event }) => event)];
      yield oddities(await run(['pin', 'latest'], at.options(S3Access.FULL)));
    },
    [S3Access.LIFECYCLE]: async function* (at) {
      const rules = { Rules: [{ ID: 'cdk8s-backup.app', Status: 'Enabled', Filter: { Prefix: 'db/nightly/app/app_' }, NoncurrentVersionExpiration: { NoncurrentDays: 4 } }] };
      const file = path.join(tempDir('lifecycle'), 'rules.json');
      writeFileSync(file, JSON.stringify(rules));
      yield oddities(await run(['lifecycle', 'apply', '--lifecycle', file], at.options(S3Access.LIFECYCLE)));
    },
  };
  /** What went wrong first; nothing after that is tried. */
  async function firstTrouble(access: S3Access, at: Place): Promise<string[]> {
    for await (const trouble of WORK[access](at)) if (trouble.length > 0) return trouble;
    return [];
  }
  // versitygw has no lifecycle rules.
  const works = ROLES.filter(access => access !== S3Access.LIFECYCLE || kind === 'radosgw');

  test.each(works)('%s does its work with exactly its policy, and with no action of it left out', async access => {
    const at = await place(access);
    expect(await firstTrouble(access, at)).toEqual([]);
    const needless: string[] = [];
    for (const { Sid, Action } of at.policy.Statement) {
      for (const action of Action) {
        if (NOT_ASKED_FOR[kind]?.(access, action)) continue;
        const rest = { Sid, Action: Action.filter(each => each !== action) };
        const without = at.policy.Statement.map(statement => statement.Sid === Sid ? { ...statement, ...rest } : statement);
        const reduced = await place(access);
        await reduced.put(inBucket({ ...at.policy, Statement: without.filter(statement => statement.Action.length > 0) }, at.bucket, reduced.bucket));
        if ((await firstTrouble(access, reduced)).length === 0) needless.push(`${Sid} ${action}`);
      }
    }
    expect(needless).toEqual([]);
  });

  test('restores need to read only; drills and verifications note what they found, and can add nothing else', async () => {
    const at = await place(S3Access.BACKUP, S3Access.READ, S3Access.VERIFY);
    const { id } = await backup(at.options(S3Access.BACKUP));
    writeFileSync(at.file, 'damage');
    const target = { engine: 'sqlite', path: at.file, lockTimeoutSeconds: 1, keepPrevious: true, assertions: [] } as const;
    const { config, env } = at.options(S3Access.READ);
    const restored = await run(['restore', '--yes'], { config: restoreOf(config, target), env });
    expect(oddities(restored)).toEqual(['restore.note: stop every program that uses the file: no workloads are named']);
    expect(new DatabaseSync(at.file).prepare('SELECT x FROM t').all()).toEqual([{ x: 1 }]);

    const scratch = tempDir('scratch');
    const rehearse = async (access: S3Access) => {
      const { config: drilled, env: keys } = at.options(access);
      return run(['drill'], {
        config: drillOf(drilled, { ...target, keepPrevious: false, path: path.join(scratch, `${DRILL_DATABASE}.db`) }, { scratch: { directory: scratch, limitBytes: null } }),
        env: keys,
      });
    };
    expect(oddities(await rehearse(S3Access.VERIFY))).toEqual([]);
    expect((await keysIn(at.root)).filter(key => key.endsWith('.drill.json'))).toHaveLength(1);
    // With less, the drill counts as failed, since nobody will know of it; a verification says that it is not noted.
    expect(await rehearse(S3Access.READ)).toMatchObject({ code: 20, message: expect.stringMatching(/^the drill of app passed .* could not be recorded/) });
    const unnoted = await run(['verify'], at.options(S3Access.READ));
    expect(unnoted.code).toBe(0);
    expect(oddities(unnoted)).toEqual([expect.stringMatching(new RegExp(`^verification.not-recorded: ${id} was read in offsite, but that can't be noted there`))]);
  });

  test('an object that went away meanwhile is NOT_FOUND, although S3 says "denied" to whoever may not list everything', async () => {
    const at = await place(S3Access.READ);
    const { config, env } = at.as(S3Access.READ);
    await expect(openStore(config, env).get('app_20260101_020000.json', never)).rejects.toMatchObject({ exitCode: 15, message: expect.stringMatching(/there is no such object/) });
  });

  test('whether an object is ours can be asked where there is none: a HEAD of it is refused as if rights were missing', async () => {
    const at = await place(S3Access.BACKUP);
    const { config, env } = at.as(S3Access.BACKUP);
    const target = openS3(config as S3StoreConfig, env, PATIENCE);
    const head = (key: string) => target.client.send(new HeadObjectCommand({ Bucket: at.bucket, Key: key }))
      .then(() => 200, error => error.$metadata?.httpStatusCode);
    const missing = 'db/nightly/app/app_20260101_020000.json';
    // As S3 itself does with a right to list that has a condition on the prefix.
    expect(await head(missing)).toBe(HEAD_OF_NOTHING[kind]);
    expect(await ownedBy(target, missing, 'token', never)).toBe(false);
    // What is there and may not be read is another matter.
    const foreign = 'db/nightly/app_x/app_x_20260101_020000.json';
    await rootClient(server).send(new PutObjectCommand({ Bucket: at.bucket, Key: foreign, Body: 'x' }));
    expect(await head(foreign)).toBe(403);
    await expect(ownedBy(target, foreign, 'token', never)).rejects.toMatchObject({ $metadata: { httpStatusCode: 403 } });
  });

  describe('the server refuses', () => {
    let at: Place;
    let key: string;
    beforeAll(async () => {
      at = await place();
      key = `db/nightly/app/${await writeBackup(new Date(), [at.root])}.rdb`;
      for (const foreign of ['db/nightly/app_x/app_x_20260101_020000.json', 'db/other/app_20260101_020000.json']) {
        await rootClient(server).send(new PutObjectCommand({ Bucket: at.bucket, Key: foreign, Body: 'x' }));
      }
    });
    const ALL = ROLES.filter(access => access !== S3Access.LIFECYCLE);
    const mayDelete = [S3Access.PRUNE, S3Access.FULL];
    const mayPut = [S3Access.BACKUP, S3Access.FULL];
    const refusals: [string, readonly S3Access[], (client: S3Client) => Promise<unknown>][] = [
      ['deletion', ROLES.filter(access => !mayDelete.includes(access)), client => client.send(new DeleteObjectCommand({ Bucket: at.bucket, Key: key }))],
      ['a new artifact', ROLES.filter(access => !mayPut.includes(access)), client => client.send(new PutObjectCommand({ Bucket: at.bucket, Key: `${key}.age`, Body: 'x' }))],
      ['a record', ROLES.filter(access => !mayPut.includes(access)), client => client.send(new PutObjectCommand({ Bucket: at.bucket, Key: key.replace('.rdb', '.json'), Body: 'x' }))],
      ['reading a backup of another name', ROLES, client => client.send(new GetObjectCommand({ Bucket: at.bucket, Key: 'db/nightly/app_x/app_x_20260101_020000.json' }))],
      ['writing one', ROLES, client => client.send(new PutObjectCommand({ Bucket: at.bucket, Key: 'db/nightly/app_x/app_x_20260101_020000.json', Body: 'x' }))],
      ['deleting one', ROLES, client => client.send(new DeleteObjectCommand({ Bucket: at.bucket, Key: 'db/nightly/app_x/app_x_20260101_020000.json' }))],
      ['reading under another prefix', ROLES, client => client.send(new GetObjectCommand({ Bucket: at.bucket, Key: 'db/other/app_20260101_020000.json' }))],
      ['writing there', ROLES, client => client.send(new PutObjectCommand({ Bucket: at.bucket, Key: 'db/other/app_20260101_020000.json', Body: 'x' }))],
      ['a list of the bucket', ROLES, client => client.send(new ListObjectsV2Command({ Bucket: at.bucket }))],
      ['a list of another prefix', ROLES, client => client.send(new ListObjectsV2Command({ Bucket: at.bucket, Prefix: 'db/other/' }))],
      ['the names of another backup', ROLES, client => client.send(new ListObjectsV2Command({ Bucket: at.bucket, Prefix: 'db/nightly/app_x/' }))],
      ['those beside the folder', ROLES, client => client.send(new ListObjectsV2Command({ Bucket: at.bucket, Prefix: 'db/nightly/app_' }))],
      ['a list of uploads', [S3Access.READ, S3Access.VERIFY, S3Access.BACKUP], client => client.send(new ListMultipartUploadsCommand({ Bucket: at.bucket }))],
      ['the lifecycle rules', ALL.filter(access => !mayDelete.includes(access)), client => client.send(new GetBucketLifecycleConfigurationCommand({ Bucket: at.bucket }))],
      ['other lifecycle rules', ALL, client => client.send(new PutBucketLifecycleConfigurationCommand({ Bucket: at.bucket, LifecycleConfiguration: { Rules: [] } }))],
    ];
    // versitygw has no lifecycle rules, and says so to everybody.
    test.each(refusals.filter(([what]) => kind === 'radosgw' || !what.includes('lifecycle')))('%s', async (_what, roles, request) => {
      for (const access of roles) {
        await at.put(JSON.parse(documentFor(at.bucket, policyServer.principal, [access])));
        await expect(request(clientOf(access)).then(() => `${access} may`)).rejects.toMatchObject({ name: expect.stringMatching(/AccessDenied/) });
      }
    });
  });

  describe('a backup that may not delete', () => {
    test('succeeds, says once what stays, and prune removes it', async () => {
      const at = await place(S3Access.BACKUP, S3Access.PRUNE, S3Access.READ);
      const { id: first } = await backup(at.options(S3Access.BACKUP));
      expect(await keysIn(at.root)).toContain(`${first}.started`);
      await letClaimEnd(at, first);
      const second = await run(['backup'], at.options(S3Access.BACKUP));
      expect(oddities(second)).toEqual([]);
      expect(second.events.filter(({ event }) => event === 'claims.left').map(({ message }) => message)).toEqual([
        'The claims of 1 runs that have ended stay in offsite, which is harmless: these credentials may not delete, and "cdk8s-backup prune" removes them',
      ]);
      await letClaimEnd(at, second.result.id);
      expect(oddities(await run(['prune'], at.options(S3Access.PRUNE)))).toEqual([]);
      expect((await keysIn(at.root)).filter(key => key.endsWith('.started'))).toEqual([]);
      expect((await run(['list', '--json'], at.options(S3Access.READ))).stdout).toContain(first);
    });

    test('never marks files of somebody else as its own', async () => {
      const at = await place(S3Access.BACKUP, S3Access.PRUNE, S3Access.READ);
      // In each of the next seconds there is a file of a script, which a claim would turn into rubbish of ours.
      const foreign = Array.from({ length: 4 }, (_, i) => `${backupId('app', new Date(Date.now() + i * 1000))}.dump`);
      for (const key of foreign) await at.root.create(key, 'of a script', never);
      const { id } = await backup(at.options(S3Access.BACKUP));
      const keys = await keysIn(at.root);
      for (const key of foreign.filter(each => !each.startsWith(id))) expect(keys).not.toContain(key.replace('.dump', '.started'));
      expect(keys).toEqual(expect.arrayContaining(foreign));
    });

    test('that fails says what stays and who removes it, and so it happens', async () => {
      const at = await place(S3Access.BACKUP, S3Access.PRUNE, S3Access.READ);
      const { options, proxy } = await withSecondStore(at, url => url.includes('.sha256'));
      const failed = await run(['backup'], options);
      await proxy.stop();
      expect(failed.code).toBe(14);
      expect(failed.message).toMatch(/^no backup of app was taken, and earlier ones are as they were: /);
      const warnings = failed.events.filter(({ event }) => event === 'remains.left').map(({ message }) => message);
      expect(warnings).toEqual([expect.stringMatching(/^Files of the failed run (\S+) can't be removed from offsite now, "cdk8s-backup prune" does it with credentials that may delete: /)]);
      const id = /failed run (\S+) can't/.exec(warnings[0]!)![1]!;
      expect(await keysIn(at.root)).toEqual(expect.arrayContaining([`${id}.started`]));
      await letClaimEnd(at, id);
      expect(oddities(await run(['prune'], at.options(S3Access.PRUNE)))).toEqual([]);
      expect((await keysIn(at.root, id)).filter(key => !key.endsWith('.failed.json'))).toEqual([]);
    });

    test('that fails after a store has the record does not say that there is no backup', async () => {
      const at = await place(S3Access.BACKUP, S3Access.PRUNE, S3Access.READ);
      const { options, proxy } = await withSecondStore(at, url => /\d\.json/.test(url));
      const failed = await run(['backup'], options);
      await proxy.stop();
      expect(failed.code).toBe(14);
      expect(failed.message).toMatch(/^the backup of app is not in every store, and earlier ones are as they were: .*\. (app_\S+) is whole in offsite, from where it can't be removed: it is listed, and can be restored$/);
      const listed = await run(['list', '--json'], at.options(S3Access.READ));
      expect(JSON.parse(listed.stdout).backups).toHaveLength(1);
    });

    /** Beside the store in which nothing may be deleted one that refuses some uploads. */
    async function withSecondStore(at: Place, refused: (url: string) => boolean) {
      const bucket = `second-${count++}`;
      await server.makeBucket(bucket);
      const proxy = await startFaultProxy(server.endpoint);
      proxy.inject({ kind: 'status', status: 403, code: 'AccessDenied' }, ({ method, url }) => method === 'PUT' && refused(url), Infinity);
      const second = s3Store({ ...server, endpoint: proxy.endpoint }, bucket, { name: 'second' });
      const credentials = { accessKeyIdEnv: 'SECOND_ID', secretAccessKeyEnv: 'SECOND_KEY', sessionTokenEnv: null };
      const { config, env } = at.options(S3Access.BACKUP);
      return {
        proxy,
        options: {
          config: { ...config, stores: [...config.stores, { ...second.config, credentials }] },
          env: { ...env, SECOND_ID: server.accessKeyId, SECOND_KEY: server.secretAccessKey },
        },
      };
    }

    /** As if its time were over. */
    async function letClaimEnd(at: Place, id: string): Promise<void> {
      const past = new Date(Date.now() - 3_600_000);
      await rootClient(server).send(new PutObjectCommand({ Bucket: at.bucket, Key: `db/nightly/app/${id}.started`, Body: renderClaim(past, past) }));
    }
  });

  test('what locks is the work of the backup alone: nobody\'s role gets around a lock', async () => {
    const at = await place(S3Access.BACKUP, S3Access.PRUNE, S3Access.FULL);
    const { id } = await backup(at.options(S3Access.BACKUP));
    for (const access of [S3Access.PRUNE, S3Access.FULL]) {
      const listed = await rootClient(server).send(new ListObjectVersionsCommand({ Bucket: at.bucket, Prefix: `db/nightly/app/${id}.json` }));
      const Versions = (listed.Versions ?? []).filter(({ Key }) => Key === `db/nightly/app/${id}.json`);
      expect(Versions).toHaveLength(1);
      const [{ VersionId }] = Versions as [{ VersionId?: string }];
      const request = clientOf(access).send(new DeleteObjectCommand({ Bucket: at.bucket, Key: `db/nightly/app/${id}.json`, VersionId, BypassGovernanceRetention: true }));
      await expect(request).rejects.toMatchObject({ name: expect.stringMatching(/AccessDenied|ObjectLocked/) });
    }
    expect(LOCK.mode).toBe('GOVERNANCE');
  });
});

/** The policy of one bucket as that of another. */
function inBucket(policy: Policy, from: string, to: string): Policy {
  return JSON.parse(JSON.stringify(policy).replaceAll(`:::${from}`, `:::${to}`)) as Policy;
}
