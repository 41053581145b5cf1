import { Readable } from 'node:stream';
import { DrillRecord } from '../../../src/contract/drill-record';
import { verificationKey } from '../../../src/contract/layout';
import { Metric, Metrics } from '../../../src/contract/metrics';
import { VerificationRecord } from '../../../src/contract/verification-record';
import { renderDocument } from '../../../src/runner/catalog/history';
import { renderRecord } from '../../../src/runner/catalog/record';
import { assess, BackupState, Targets } from '../../../src/runner/monitor/assess';
import { inspectBackups } from '../../../src/runner/monitor/inspect-backups';
import { samplesOf } from '../../../src/runner/monitor/metrics';
import { Observation } from '../../../src/runner/monitor/observe';
import { STATES, urgencyOf } from '../../../src/runner/status/states';
import { aRecord } from '../_fixtures';
import { MemoryStore } from '../stores/_memory';

/* One state for each backup, from typed values: the worst that is known of it. */

const ID = 'app_20261122_020000';
const signal = new AbortController().signal;
const TARGETS: Targets = {
  staleAfterSeconds: 90_000, rpoSeconds: 97_200, rtoSeconds: 1800, verifiedWithinSeconds: 691_200, drilledWithinSeconds: 691_200,
};

function hoursAfter(hours: number): Date {
  return new Date(Date.parse('2026-11-22T02:00:00Z') + hours * 3_600_000);
}

function drill(changes: Partial<DrillRecord> = {}): DrillRecord {
  const at = hoursAfter(1).toISOString();
  return {
    version: 1,
    id: 'app_20261122_030000',
    name: 'app',
    backup: ID,
    store: 'volume',
    startedAt: at,
    finishedAt: at,
    outcome: 'passed',
    faults: [],
    server: null,
    bytes: 1,
    items: 1,
    seconds: { verify: 1, restore: 1, check: 1, total: 200 },
    recoveryPointAgeSeconds: 1,
    rtoTargetSeconds: 1800,
    checks: [],
    tools: {},
    ...changes,
  };
}

function verification(store: string, faults: readonly string[] = []): VerificationRecord {
  const at = hoursAfter(1).toISOString();
  return { version: 1, id: ID, store, startedAt: at, finishedAt: at, formatRead: true, faults, repairedFrom: null, tools: {} };
}

/** Two stores with a whole copy of a backup in each. */
async function storesWith(verifications: readonly VerificationRecord[]): Promise<readonly MemoryStore[]> {
  const stores = ['volume', 's3'].map(name => new MemoryStore(name));
  for (const store of stores) {
    const record = aRecord(ID);
    for (const { file } of record.artifacts) await store.put(file, Readable.from([Buffer.from('abc')]), null, signal);
    await store.create(`${ID}.json`, renderRecord(record), signal);
  }
  for (const each of verifications) {
    await stores.find(({ name }) => name === each.store)!.create(verificationKey(each.id, new Date(each.startedAt)), renderDocument(each), signal);
  }
  return stores;
}

/** What is seen of them. */
async function seen(drills: readonly DrillRecord[], verifications: readonly VerificationRecord[] = [verification('volume'), verification('s3')]): Promise<Observation> {
  return { ...await inspectBackups('app', await storesWith(verifications), signal), drills };
}

async function stateAt(hours: number, observation: Promise<Observation>, targets: Partial<Targets> = {}): Promise<BackupState> {
  return assess(await observation, { ...TARGETS, ...targets }, hoursAfter(hours)).state;
}

test('whole, young, drilled and read back: restorable', async () => {
  expect(await stateAt(2, seen([drill()]))).toBe('restorable');
});

test('older than the RPO is a broken promise, and no mere risk, which a missing run within the RPO is', async () => {
  expect(await stateAt(28, seen([drill()]))).toBe('rpo-exceeded');
  expect(await stateAt(26, seen([drill()]))).toBe('at-risk');
  expect([STATES['rpo-exceeded'].tone, STATES['at-risk'].tone]).toEqual(['bad', 'warn']);
});

test('a copy that was found damaged is a risk; where all are, nothing can be restored, whole as they look', async () => {
  const damaged = ['it has another digest'];
  expect(await stateAt(2, seen([drill()], [verification('volume'), verification('s3', damaged)]))).toBe('at-risk');
  expect(await stateAt(2, seen([drill()], [verification('volume', damaged), verification('s3', damaged)]))).toBe('not-restorable');
});

test('where the newest is damaged, age and RPO are those of the backup that a restore takes', async () => {
  const record = aRecord('app_20261121_020000', { startedAt: '2026-11-21T02:00:00.000Z', finishedAt: '2026-11-21T02:00:05.000Z' });
  const [volume, s3] = await storesWith([verification('volume', ['x']), verification('s3', ['x'])]);
  await volume!.put(record.artifacts[0]!.file, Readable.from([Buffer.from('abc')]), null, signal);
  await volume!.create(`${record.id}.json`, renderRecord(record), signal);
  const observation = { ...await inspectBackups('app', [volume!, s3!], signal), drills: [drill()] };
  const { latest, ageSeconds, verdict, problems } = assess(observation, TARGETS, hoursAfter(2));
  expect([latest?.record.id, ageSeconds, verdict]).toEqual([record.id, 26 * 3600, 'but']);
  expect(problems.find(({ kind }) => kind === 'newest-damaged')?.text).toContain('which has nothing that was written from 2026-11-21T02:00:00.000Z to 2026-11-22T02:00:00.000Z');
  expect(assess(observation, TARGETS, hoursAfter(4)).state).toBe('rpo-exceeded');

  const value = (metric: Metric) => samplesOf(observation, { namespace: 'shop' }).find(sample => sample.metric === metric)?.value;
  expect([value(Metrics.LAST_RECOVERY_POINT), value(Metrics.RESTORABLE)]).toEqual([Date.parse(record.startedAt) / 1000, 1]);
});

test('a drill that failed puts a restore in doubt; one that only took too long has missed the RTO, that of the drill or of the backup', async () => {
  const late = drill({ outcome: 'failed', faults: ['too long'], seconds: { verify: 1, restore: 1, check: 1, total: 2000 } });
  expect(await stateAt(2, seen([drill({ outcome: 'failed', faults: ['the table orders is empty'], checks: [{ name: 'objects', passed: false, detail: '' }] })]))).toBe('drill-failed');
  expect(await stateAt(2, seen([drill({ outcome: 'failed', faults: ['no server'], seconds: { verify: null, restore: null, check: null, total: 9 } })]))).toBe('drill-failed');
  expect(await stateAt(2, seen([late]))).toBe('rto-exceeded');
  expect(await stateAt(2, seen([late]), { rtoSeconds: null })).toBe('rto-exceeded');
  expect(await stateAt(2, seen([late]), { rtoSeconds: 7200 })).toBe('rto-exceeded');
  // It has shown that the data come back, and within the time in which a drill is due.
  const { problems } = assess(await seen([late]), TARGETS, hoursAfter(2));
  expect(problems.map(({ kind }) => kind)).toEqual(['rto-exceeded']);
});

test('never drilled and never read back are risks where that is due', async () => {
  const { state, problems } = assess(await seen([], []), TARGETS, hoursAfter(2));
  expect([state, problems.map(({ kind }) => kind)]).toEqual(['at-risk', ['never-drilled', 'never-verified']]);
  expect(await stateAt(2, seen([], []), { drilledWithinSeconds: null, verifiedWithinSeconds: null })).toBe('restorable');
});

test('of several the worst counts, and the worst problem is told first', async () => {
  const { state, problems } = assess(await seen([drill({ outcome: 'failed', faults: ['x'] })], []), TARGETS, hoursAfter(40));
  expect([state, problems.map(({ kind }) => kind)]).toEqual(['drill-failed', ['drill-failed', 'rpo-exceeded', 'never-verified']]);
  expect(urgencyOf('drill-failed')).toBeLessThan(urgencyOf('rpo-exceeded'));
});
