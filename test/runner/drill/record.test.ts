import { DRILL_VERSION, DrillRecord } from '../../../src/contract/drill-record';
import { DRILL_SUFFIX } from '../../../src/contract/layout';
import { readDrills } from '../../../src/runner/catalog/history';
import { createReporter } from '../../../src/runner/core/reporter';
import { storeDrill } from '../../../src/runner/drill/record';
import { all } from '../stores/_bodies';
import { MemoryStore } from '../stores/_memory';

const never = new AbortController().signal;
const reporter = createReporter(process.stderr);

function drill(member: string, second = 0): DrillRecord {
  const at = new Date(Date.UTC(2026, 10, 22, 4, 0, second)).toISOString();
  return {
    version: DRILL_VERSION,
    id: `shop_20261122_04000${second}`,
    name: 'shop',
    member,
    backup: 'shop_20261122_020000',
    store: 's3',
    startedAt: at,
    finishedAt: at,
    outcome: 'passed',
    faults: [],
    server: null,
    bytes: 1,
    items: 1,
    seconds: { verify: 1, restore: 1, check: 1, total: 3 },
    recoveryPointAgeSeconds: 7200,
    rtoTargetSeconds: null,
    checks: [],
    tools: {},
  };
}

test('drills that began in the same second are all recorded, each under one id in all stores', async () => {
  const stores = [new MemoryStore('a'), new MemoryStore('b')];
  // Of another drill only one of the stores knows.
  await storeDrill(drill('cache', 1), 100, [stores[1]!], reporter, never);
  for (const member of ['db', 'files']) {
    expect(await storeDrill(drill(member), 100, stores, reporter, never)).toMatchObject({ stores: ['a', 'b'], record: { member } });
  }
  const history = await Promise.all(stores.map(async store => {
    const keys = (await all(store.list('shop_', never))).map(({ key }) => key);
    expect(keys.every(key => key.endsWith(DRILL_SUFFIX))).toBe(true);
    return (await readDrills(keys, store, never)).found.map(({ key, document }) => [key.slice(0, 20), document.id, document.member]);
  }));
  const db = ['shop_20261122_040000', 'shop_20261122_040000', 'db'];
  const files = ['shop_20261122_040002', 'shop_20261122_040002', 'files'];
  expect(history).toEqual([[db, files], [db, ['shop_20261122_040001', 'shop_20261122_040001', 'cache'], files]]);
});

test('a drill never stands under the id of a backup that began in its second, or may go on, in any store', async () => {
  const stores = [new MemoryStore('a'), new MemoryStore('b')];
  await stores[1]!.create('shop_20261122_040000.json', '{}', never);
  await stores[0]!.create('shop_20261122_040001.started', '{}', never);
  expect(await storeDrill(drill('db'), 100, stores, reporter, never)).toMatchObject({ stores: ['a', 'b'], record: { id: 'shop_20261122_040002' } });
});
