import { readFileSync } from 'node:fs';
import path from 'node:path';
import { Readable } from 'node:stream';
import { contentOf } from '../../../../src/runner/engines/redis/restore-keys-read';

const fixture = JSON.parse(readFileSync(path.join(__dirname, 'rdb', 'redis-7.4.json'), 'utf8')) as { snapshot: string; withModule: string };
const snapshot = Buffer.from(fixture.snapshot, 'base64');
const content = (bytes: Buffer, now = 0) => contentOf(Readable.from([bytes]), 'app_1.rdb', now);

test('tells what will be written', async () => {
  expect(await content(snapshot)).toEqual({ keys: new Map([[0, 16], [3, 1]]), expired: 0, functions: 1, leftOut: [], isMixture: false });
  expect(await content(snapshot, 4102444800000)).toMatchObject({ keys: new Map([[0, 15], [3, 1]]), expired: 1 });
});

test('a value of a module is refused before anything is written, by its name, with a way out', () =>
  expect(content(Buffer.from(fixture.withModule, 'base64'))).rejects.toMatchObject({
    exitCode: 10, message: expect.stringMatching(/^app_1\.rdb has a value of the module MBbloom--, .*restore with RestoreMode\.redisReplication or RestoreMode\.redisRdbFile/),
  }));

test.each([
  ['cut short', snapshot.subarray(0, 700), /can't be read key by key \(it ends in the midst\).*cdk8s-backup list/],
  ['of a later format', Buffer.from('REDIS0099'), /format 99, and known are 5 to 12/],
])('a snapshot that is %s is refused', (_, bytes, message) =>
  expect(content(bytes)).rejects.toMatchObject({ exitCode: 11, message: expect.stringMatching(message) }));
