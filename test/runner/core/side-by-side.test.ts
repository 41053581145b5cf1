import { sideBySide } from '../../../src/runner/core/side-by-side';

const items = [1, 2, 3, 4, 5, 6, 7];

/** Remembers what was begun, and how many were under way at a time; an item ends when that is said. */
function observed() {
  const begun: number[] = [];
  const ends = new Map<number, { resolve: () => void; reject: (error: Error) => void }>();
  return {
    begun,
    ends,
    act: (item: number) => new Promise<void>((resolve, reject) => {
      begun.push(item);
      ends.set(item, { resolve, reject });
    }),
  };
}

const turn = () => new Promise(setImmediate);

test('all items are done, in their order, and no more at a time than asked', async () => {
  const { begun, ends, act } = observed();
  const all = sideBySide(items, 3, act);
  expect(begun).toEqual([1, 2, 3]);
  ends.get(2)!.resolve();
  await turn();
  expect(begun).toEqual([1, 2, 3, 4]);
  for (const item of [1, 3, 4, 5, 6, 7]) {
    ends.get(item)!.resolve();
    await turn();
  }
  await all;
  expect(begun).toEqual(items);
});

test('nothing is begun after a failure', async () => {
  const { begun, ends, act } = observed();
  const all = sideBySide(items, 2, act);
  ends.get(1)!.reject(new Error('of the first'));
  await expect(all).rejects.toThrow('of the first');
  ends.get(2)!.resolve();
  await turn();
  expect(begun).toEqual([1, 2]);
});

test('nothing is begun once it is stopped, and what is under way ends', async () => {
  const done: number[] = [];
  await sideBySide(items, 2, async (item, stop) => {
    if (item === 3) stop();
    await turn();
    done.push(item);
  });
  expect(done).toEqual([1, 2, 3]);
});

test('of nothing, nothing is done', async () => {
  await expect(sideBySide([], 4, () => Promise.reject(new Error('never')))).resolves.toBeUndefined();
});
