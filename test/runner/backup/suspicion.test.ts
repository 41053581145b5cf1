import { RecordedArtifact } from '../../../src/contract/record';
import { suspicion } from '../../../src/runner/backup/suspicion';
import { anArtifact, aRecord } from '../_fixtures';

const inside = { algorithm: 'zstd', level: 1, where: 'inside' } as const;

function taken(changes: Partial<RecordedArtifact>, empty = false) {
  return [{ artifact: anArtifact('app_20261122_020000', changes), empty }];
}

function previous(changes: Partial<RecordedArtifact>) {
  return aRecord('app_20261121_020000', { artifacts: [anArtifact('app_20261121_020000', changes)] });
}

test('an empty source is suspect, even the first time', () => {
  expect(suspicion(taken({}, true), 50, undefined)).toBe('the source is empty: there is no row or key in it');
});

test('the first backup of a source with something in it is not', () => {
  expect(suspicion(taken({}), 50, undefined)).toBeNull();
});

test('a backup with less than the given share of the one before is suspect', () => {
  expect(suspicion(taken({ plainBytes: 49 }), 50, previous({ plainBytes: 100 })))
    .toBe('it has 49 B, which is 49 % of the 100 B of app_20261121_020000; the limit is 50 %');
  expect(suspicion(taken({ plainBytes: 50 }), 50, previous({ plainBytes: 100 }))).toBeNull();
});

test('stored sizes are compared where both were compressed alike', () => {
  const before = previous({ plainBytes: null, compression: inside, bytes: 1000 });
  expect(suspicion(taken({ plainBytes: null, compression: { ...inside, level: 19 }, bytes: 100 }), 50, before)).toMatch('10 %');
});

test('sizes before and after a change of the compression say nothing', () => {
  const before = previous({ plainBytes: 1000, compression: { algorithm: 'none', level: 0, where: 'inside' }, bytes: 1000 });
  expect(suspicion(taken({ plainBytes: null, compression: inside, bytes: 100 }), 50, before)).toBeNull();
});

test('roles and tablespaces do not count', () => {
  const globals = { artifact: anArtifact('app_20261122_020000', { role: 'globals', plainBytes: 1_000_000 }), empty: false };
  expect(suspicion([...taken({ plainBytes: 10 }), globals], 50, previous({ plainBytes: 100 }))).toMatch('10 %');
  expect(suspicion([...taken({}, true), globals], 50, undefined)).toMatch('empty');
});

test('0 trusts everything', () => {
  expect(suspicion(taken({ plainBytes: 0 }, true), 0, previous({ plainBytes: 100 }))).toBeNull();
});
