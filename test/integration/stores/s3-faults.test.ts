import { text } from 'node:stream/consumers';
import { describeFaults, Faults, LARGE, MiB, never } from './_faults';
import { ExitCode } from '../../../src/contract/exit-code';
import { S3Store } from '../../../src/runner/stores/s3/store';
import { failureOf, randomBody } from '../../runner/stores/_bodies';
import { s3Store } from '../servers/_s3';
import { isCompletion, isPart, isPut, isRead, SeenRequest } from '../servers/fault-proxy';
import { startVersitygw, Versitygw } from '../servers/versitygw';

/** Of the object itself, and not of what tells others that it is about to be created. */
const isCreation = (seen: SeenRequest) => isPut(seen) && !seen.url.includes('.creating-');

const faults = new Faults<Versitygw & { end(): Promise<void> }>({
  start: async () => {
    const server = await startVersitygw();
    return { ...server, end: server.kill };
  },
  makePlace: (server, bucket) => server.makeBucket(bucket),
  open: (server, { endpoint }, bucket, patience) => {
    const { config, env } = s3Store({ ...server, endpoint }, bucket);
    return new S3Store(config, env, () => {}, patience);
  },
  title: ({ endpoint }, bucket) => `offsite (s3://${bucket}/db/nightly at ${endpoint})`,
  busy: 'SlowDown',
  isPart,
  isCompletion,
  isCreation,
  isRead,
  creations: 3, // the last one is refused, so that it is known that the service does that
});

describeFaults(faults);

describe('a service that lacks something', () => {
  test('conditional writes: looks first, then writes', async () => {
    faults.proxy.inject({ kind: 'status', status: 501, code: 'NotImplemented' }, isCreation, 1);
    expect(await faults.open().create('app_1.json', 'first', never)).toBe(true);
    expect(await text(await faults.open().get('app_1.json', never))).toBe('first');
    expect(await faults.open().create('app_1.json', 'second', never)).toBe(false);
    expect(await text(await faults.open().get('app_1.json', never))).toBe('first');
  });

  test('removal of several objects at once: removes them one by one', async () => {
    for (const key of ['a_1', 'b_1', 'c_1']) await faults.open().create(key, '', never);
    faults.proxy.inject({ kind: 'status', status: 501, code: 'NotImplemented' }, ({ method }) => method === 'POST', 1);
    await faults.open().remove(['a_1', 'c_1', 'nothing'], never);
    expect(await faults.keys()).toEqual(['b_1']);
  });

  test('tries again when two writers meet', async () => {
    faults.proxy.inject({ kind: 'status', status: 409, code: 'ConditionalRequestConflict' }, isCreation, 2);
    expect(await faults.open().create('app_1.json', 'first', never)).toBe(true);
  });
});

test('a body that outgrows its estimate by far fails and leaves nothing', async () => {
  const { config, env } = s3Store({ ...faults.server, endpoint: faults.proxy.endpoint }, faults.place, { maxParts: 2 });
  const error = await failureOf(new S3Store(config, env).put('app_1.dump', randomBody(LARGE).stream, MiB, never));
  expect(error).toMatchObject({ exitCode: ExitCode.FAILED });
  expect(error.message).toMatch(/app_1\.dump is larger than 2 parts of 16777216 bytes/);
  expect(await faults.keys()).toEqual([]);
  expect(await faults.unfinishedKeys()).toEqual([]);
});
