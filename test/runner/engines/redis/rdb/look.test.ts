import { readFileSync } from 'node:fs';
import path from 'node:path';
import { RdbError } from '../../../../../src/runner/engines/redis/rdb/cursor';
import { RdbLook } from '../../../../../src/runner/engines/redis/rdb/look';
import { MARK_KEY } from '../../../../../src/runner/engines/redis/rdb/mark';
import { RdbWriter } from '../../../../../src/runner/engines/redis/rdb/write';

const fixture = JSON.parse(readFileSync(path.join(__dirname, 'redis-7.4.json'), 'utf8')) as { snapshot: string; withModule: string };
const snapshot = Buffer.from(fixture.snapshot, 'base64');
const valkey = Buffer.from((JSON.parse(readFileSync(path.join(__dirname, 'valkey-9.json'), 'utf8')) as { snapshot: string }).snapshot, 'base64');

test.each([1, 3, 64, 100_000])('tells what a server must have to load a snapshot, in chunks of %d bytes', size => {
  const nothing = { highestDatabase: 3, moduleTypes: [], functionEngines: ['lua'], isMixture: false };
  expect(look(snapshot, size).content).toEqual(nothing);
  expect(look(valkey, size).content).toEqual(nothing);
  expect(look(Buffer.from(fixture.withModule, 'base64'), size).content).toMatchObject({ moduleTypes: ['MBbloom--'] });
});

test('tells a mixture by its key in database 0, and by nothing else', () => {
  const mark = Buffer.from(MARK_KEY);
  const value = (text: Buffer) => Buffer.concat([Buffer.from([0, text.length]), text]);
  const made = (database: number, key: Buffer, content: Buffer) => {
    const writer = new RdbWriter();
    return Buffer.concat([writer.header(10, {}), writer.database(database), writer.key(key, value(content), null), writer.end()]);
  };
  expect(look(made(0, mark, Buffer.from('x'))).content).toMatchObject({ isMixture: true });
  expect(look(made(1, mark, Buffer.from('x'))).content).toMatchObject({ isMixture: false, highestDatabase: 1 });
  expect(look(made(0, Buffer.from('key'), Buffer.concat([Buffer.from([0, mark.length]), mark]))).content).toMatchObject({ isMixture: false });
});

test('says that it can\'t tell what is in a format that is not known, and of one that is damaged that it can\'t be read', () => {
  expect(look(Buffer.from('REDIS0013 and more')).content).toBeNull();
  expect(() => look(Buffer.from('no snapshot at all')).content).toThrow(RdbError);
  expect(() => look(snapshot.subarray(0, -20)).content).toThrow('ends in the midst');
});

function look(bytes: Buffer, size = 100_000): RdbLook {
  const result = new RdbLook();
  for (let at = 0; at < bytes.length; at += size) result.add(bytes.subarray(at, at + size));
  result.end();
  return result;
}
