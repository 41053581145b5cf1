import { Readable } from 'node:stream';
import { HeadObjectCommand } from '@aws-sdk/client-s3';
import { S3StoreConfig } from '../../../src/contract/config';
import { ExitCode } from '../../../src/contract/exit-code';
import { S3Store } from '../../../src/runner/stores/s3/store';
import { all, failureOf, randomBody } from '../../runner/stores/_bodies';
import { freePort } from '../servers/_process';
import { makeBucket, rootClient, s3Store } from '../servers/_s3';
import { Radosgw, startRadosgw } from '../servers/radosgw';
import { startVersitygw, Versitygw } from '../servers/versitygw';

const MiB = 1024 ** 2;
const HASTY = { maxAttempts: 2, connectMs: 1000, idleMs: 5000 };
const never = new AbortController().signal;

let radosgw: Radosgw;
let versitygw: Versitygw;
let stranger: { readonly accessKeyId: string; readonly secretAccessKey: string };

beforeAll(async () => {
  [radosgw, versitygw] = await Promise.all([startRadosgw(), startVersitygw()]);
  await Promise.all([radosgw.makeBucket('backups'), versitygw.makeBucket('backups')]);
  stranger = await radosgw.addUser('stranger');
});
afterAll(() => Promise.all([radosgw?.stop(), versitygw?.stop()]));

describe.each(['radosgw', 'versitygw'] as const)('%s', kind => {
  const server = () => kind === 'radosgw' ? radosgw : versitygw;
  const open = (changes: Partial<Radosgw & S3StoreConfig>) => {
    const { config, env } = s3Store({ ...server(), ...changes }, 'backups', changes);
    return new S3Store(config, env, () => {}, HASTY);
  };

  test.each([
    ['a key id that is not known', { accessKeyId: 'AKNONESUCH' }, /the service does not know the access key id/],
    ['a wrong secret', { secretAccessKey: 'wrong' }, /the secret access key does not belong to the access key id/],
  ])('%s is DENIED by every method, and no secret is told', async (_case, changes, message) => {
    const store = open(changes);
    for (const call of callsOf(store)) {
      const error = await failureOf(call());
      expect(error).toMatchObject({ exitCode: ExitCode.DENIED });
      expect(error.message).toMatch(message);
      expect(error.message).toContain(`offsite (s3://backups/db/nightly at ${server().endpoint}): can't `);
      expect(error.message).not.toContain(server().secretAccessKey);
    }
  });

  test('a missing bucket is NOT_FOUND for every method', async () => {
    for (const call of callsOf(open({ bucketName: 'no-such-bucket' }))) {
      const error = await failureOf(call());
      expect(error).toMatchObject({ exitCode: ExitCode.NOT_FOUND });
      expect(error.message).toMatch(/the bucket no-such-bucket does not exist: create it, or correct its name/);
    }
  });

  test('an endpoint where nobody listens, or that has no address, is UNAVAILABLE', async () => {
    await expect(open({ endpoint: `http://127.0.0.1:${await freePort()}` }).check(never)).rejects.toMatchObject({
      exitCode: ExitCode.UNAVAILABLE, message: expect.stringMatching(/nothing listens at the endpoint.*2 times in a row/),
    });
    await expect(open({ endpoint: 'http://no-such-host.invalid' }).check(never)).rejects.toMatchObject({
      exitCode: ExitCode.UNAVAILABLE, message: expect.stringMatching(/the host name of the endpoint can't be resolved/),
    });
  });

  test('an endpoint that speaks no TLS is BAD_CONFIG', async () => {
    await expect(open({ endpoint: server().endpoint.replace('http:', 'https:') }).check(never)).rejects.toMatchObject({
      exitCode: ExitCode.BAD_CONFIG, message: expect.stringMatching(/should the endpoint begin with http:\/\//),
    });
  });
});

describe('radosgw', () => {
  test('a bucket of somebody else is DENIED', async () => {
    for (const call of callsOf(openRadosgw({}, stranger))) {
      const error = await failureOf(call());
      expect(error).toMatchObject({ exitCode: ExitCode.DENIED });
      expect(error.message).toMatch(/access denied \(AccessDenied.*\): the credentials are known, but their policy/);
    }
  });

  test('a full quota is NO_SPACE, and leaves nothing', async () => {
    const user = await radosgw.addUser('small', { maxBytes: 4 * MiB });
    const { config, env } = s3Store({ ...radosgw, ...user }, 'small-bucket');
    await makeBucket({ ...radosgw, ...user }, 'small-bucket');
    const store = new S3Store(config, env, () => {}, HASTY);
    await expect(store.put('app_1.dump', randomBody(40 * MiB).stream, 40 * MiB, never)).rejects.toMatchObject({
      exitCode: ExitCode.NO_SPACE, message: expect.stringMatching(/quota is full \(QuotaExceeded.*\): raise the quota/),
    });
    expect(await all(store.list('', never))).toEqual([]);
    expect(await all(store.unfinished('', never))).toEqual([]);
  });

  test('the storage class is that of artifacts only', async () => {
    const store = openRadosgw({ storageClass: radosgw.storageClass, prefix: 'classes' });
    await store.put('app_1.dump', randomBody(20 * MiB).stream, 20 * MiB, never);
    await store.put('app_2.dump', Readable.from(['small']), 5, never);
    await store.put('app_1.sha256', Readable.from(['x']), null, never);
    await store.create('app_1.json', '{}', never);
    expect((await head('classes/app_1.dump')).StorageClass).toBe(radosgw.storageClass);
    expect((await head('classes/app_2.dump')).StorageClass).toBe(radosgw.storageClass);
    expect((await head('classes/app_1.sha256')).StorageClass).toBeUndefined();
    expect((await head('classes/app_1.json')).StorageClass).toBeUndefined();
  });

  test('everything is encrypted with the key of the config', async () => {
    const store = openRadosgw({ encryption: { algorithm: 'aws:kms', kmsKeyId: radosgw.kmsKeyId }, prefix: 'encrypted' });
    await store.put('app_1.dump', randomBody(20 * MiB).stream, 20 * MiB, never);
    await store.put('app_1.sha256', Readable.from(['x']), null, never);
    await store.create('app_1.json', '{}', never);
    for (const key of ['app_1.dump', 'app_1.sha256', 'app_1.json']) {
      expect(await head(`encrypted/${key}`)).toMatchObject({ ServerSideEncryption: 'aws:kms', SSEKMSKeyId: radosgw.kmsKeyId });
    }
  });

  test('an encryption that the service does not confirm is told', async () => {
    const warnings: string[] = [];
    const { config, env } = s3Store(radosgw, 'backups', { encryption: { algorithm: 'AES256', kmsKeyId: null }, prefix: 'sse-s3' });
    await new S3Store(config, env, message => void warnings.push(message)).put('app_1.dump', Readable.from(['x']), 1, never);
    expect(warnings).toEqual([
      'offsite (s3://backups/sse-s3): app_1.dump was to be encrypted with AES256, but the service does not confirm any encryption: check what it supports',
    ]);
  });

  test('a key that does not exist fails and leaves nothing', async () => {
    const store = openRadosgw({ encryption: { algorithm: 'aws:kms', kmsKeyId: 'no-such-key' }, prefix: 'unencrypted' });
    const error = await failureOf(store.put('app_1.dump', Readable.from(['x']), 1, never));
    expect(error).toMatchObject({ name: 'RunnerError' });
    expect(await all(store.list('', never))).toEqual([]);
  });
});

describe('versitygw', () => {
  test('a wrong region is BAD_CONFIG', async () => {
    const { config, env } = s3Store(versitygw, 'backups', { region: 'eu-central-1' });
    const error = await failureOf(new S3Store(config, env).check(never));
    expect(error).toMatchObject({ exitCode: ExitCode.BAD_CONFIG });
    expect(error.message).toMatch(/the bucket is in another region than the config says/);
  });
});

test('credentials that are missing in the environment are BAD_CONFIG', () => {
  const { config } = s3Store(radosgw, 'backups');
  expect(() => new S3Store(config, { ACCESS_KEY_ID: 'x' }))
    .toThrow(/secret access key of the store offsite is missing: set the environment variable SECRET_ACCESS_KEY/);
});

function callsOf(store: S3Store): (() => Promise<unknown>)[] {
  return [
    () => store.check(never),
    () => store.put('app_9.dump', randomBody(20 * MiB).stream, 20 * MiB, never),
    () => store.put('app_9.sha256', Readable.from(['x']), null, never),
    () => store.create('app_9.json', '{}', never),
    () => store.get('app_9.json', never),
    () => all(store.list('', never)),
    () => all(store.unfinished('', never)),
    () => store.remove(['app_9.json', 'app_9.dump'], never),
  ];
}

function openRadosgw(changes: Partial<S3StoreConfig>, account: object = {}): S3Store {
  const { config, env } = s3Store({ ...radosgw, ...account }, 'backups', changes);
  return new S3Store(config, env, () => {}, HASTY);
}

async function head(key: string) {
  return rootClient(radosgw).send(new HeadObjectCommand({ Bucket: 'backups', Key: key }));
}
