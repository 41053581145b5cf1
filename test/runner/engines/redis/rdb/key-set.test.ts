import { KeySet } from '../../../../../src/runner/engines/redis/rdb/key-set';

test('knows which keys there are, in which database, however many', () => {
  const set = new KeySet();
  const keys = Array.from({ length: 20_000 }, (_, i) => ({ database: i % 3, key: Buffer.from(`key ${i}`) }));
  const which = (is: (one: typeof keys[number]) => boolean) => keys.filter(is).length; // to ask jest about each takes a hundred times as long
  expect(which(({ database, key }) => set.add(database, key))).toBe(20_000);
  expect(set.size).toBe(20_000);
  expect(which(({ database, key }) => set.add(database, key))).toBe(0);
  expect(which(({ database, key }) => set.has(database + 1, key))).toBe(0);
  expect(set.has(0, Buffer.from('another'))).toBe(false);
  expect(set.size).toBe(20_000);
});
