import { DrillRecord } from '../../../src/contract/drill-record';
import { stateOf } from '../../../src/runner/monitor/drills';

function drill(day: number, outcome: DrillRecord['outcome'], total: number, changes: Partial<DrillRecord> = {}): DrillRecord {
  const at = new Date(Date.UTC(2026, 10, day)).toISOString();
  return {
    version: 1,
    id: `shop_202611${String(day).padStart(2, '0')}_000000`,
    name: 'shop',
    backup: 'shop_20261101_000000',
    store: 's3',
    startedAt: at,
    finishedAt: at,
    outcome,
    faults: outcome === 'failed' ? ['why'] : [],
    server: null,
    bytes: null,
    items: null,
    seconds: { verify: 1, restore: 1, check: 1, total },
    recoveryPointAgeSeconds: null,
    rtoTargetSeconds: null,
    checks: [],
    tools: {},
    ...changes,
  };
}

test('no drills', () => {
  expect(stateOf([])).toEqual({ last: undefined, lastPassed: undefined, measuredSeconds: null });
});

test('one database: the newest, the newest that passed, and how long the newest took that was not cut short', () => {
  const passed = drill(1, 'passed', 10);
  const tooSlow = drill(2, 'failed', 99);
  const cutShort = drill(3, 'failed', 5, { seconds: { verify: 1, restore: null, check: null, total: 5 } });
  expect(stateOf([passed])).toEqual({ last: passed, lastPassed: passed, measuredSeconds: 10 });
  expect(stateOf([passed, tooSlow])).toEqual({ last: tooSlow, lastPassed: passed, measuredSeconds: 99 });
  expect(stateOf([passed, tooSlow, cutShort])).toEqual({ last: cutShort, lastPassed: passed, measuredSeconds: 99 });
});

test('a set: a member that fails is not hidden by another that passes, and the weakest proof counts', () => {
  const failed = drill(2, 'failed', 20, { member: 'db' });
  const history = [drill(1, 'passed', 10, { member: 'db' }), failed, drill(3, 'passed', 7, { member: 'cache' })];
  expect(stateOf(history)).toEqual({ last: failed, lastPassed: history[0], measuredSeconds: 27 });
});
