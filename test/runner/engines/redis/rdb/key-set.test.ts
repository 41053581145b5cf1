import { KeySet } from '../../../../../src/runner/engines/redis/rdb/key-set';

test('knows which keys there are, in which database, however many', () => {
  const set = new KeySet();
  for (let i = 0; i < 20_000; i++) expect(set.add(i % 3, Buffer.from(`key ${i}`))).toBe(true);
  expect(set.size).toBe(20_000);
  for (let i = 0; i < 20_000; i++) {
    expect(set.add(i % 3, Buffer.from(`key ${i}`))).toBe(false);
    expect(set.has(i % 3 + 1, Buffer.from(`key ${i}`))).toBe(false);
  }
  expect(set.has(0, Buffer.from('another'))).toBe(false);
  expect(set.size).toBe(20_000);
});
