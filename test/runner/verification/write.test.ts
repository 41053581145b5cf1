import { text } from 'node:stream/consumers';
import { createReporter } from '../../../src/runner/core/reporter';
import { writeVerification } from '../../../src/runner/verification/write';
import { aRecord, capture } from '../_fixtures';
import { MemoryStore } from '../stores/_memory';

const ID = 'app_20261122_020000';
const never = new AbortController().signal;

/** Notes readings that began at these times of 2026-11-22, and returns what is there then: each note's time and what it says. */
async function noted(store: MemoryStore, ...times: string[]): Promise<string[]> {
  const reporter = createReporter(capture());
  for (const time of times) {
    const reading = { fault: null, digestOnly: null, startedAt: new Date(`2026-11-22T${time}Z`), repairedFrom: time };
    await writeVerification(aRecord(ID), store, reading, { reporter, signal: never });
  }
  const notes: string[] = [];
  for await (const { key } of store.list(`${ID}.verified.`, never)) {
    const { repairedFrom } = JSON.parse(await text(await store.get(key, never)));
    notes.push(`${key.slice(-11, -5)} ${repairedFrom}`);
  }
  return notes.sort();
}

test('the newest three readings stay, in their order, however quickly they follow each other', async () => {
  const store = new MemoryStore();
  const all = ['03:00:00.1', '03:00:00.3', '03:00:00.5', '03:00:00.7', '03:00:00.9', '03:00:01.1'];
  expect(await noted(store, ...all)).toEqual(['030003 03:00:00.7', '030004 03:00:00.9', '030005 03:00:01.1']);
  expect(await noted(store, '03:00:10')).toEqual(['030004 03:00:00.9', '030005 03:00:01.1', '030010 03:00:10']);
});

test('a clock that was ahead hides no later reading', async () => {
  expect(await noted(new MemoryStore(), '05:00:00', '03:00:00')).toEqual(['050000 05:00:00', '050001 03:00:00']);
});
