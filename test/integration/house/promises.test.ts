import { App, Chart, Cron, Duration, Size } from 'cdk8s';
import * as fc from 'fast-check';
import { Behaviour, brokenPromise, Promised } from './_simulation';
import {
  BackupBucketLifecycle, BackupCronJob, BackupStore, LifecycleProvider, LifecycleStorageClass, Retention, RetentionRules, S3Credentials,
} from '../../../src';
import { LifecycleDocument } from '../../../src/contract/lifecycle';
import { Dice } from '../../faults/_dice';
import { props } from '../../synth';

/*
 * Random apps against a year of their backups: whatever synth says that holds has to hold there. What it refuses is not looked at.
 */

const HOUR = 3600;
const DAY = 24 * HOUR;

interface Plan {
  readonly schedule: string;
  readonly timeZone: string;
  /** Shares of the shortest time between two runs. */
  readonly startingDeadline: number;
  readonly deadline: number;
  readonly retention: Pick<RetentionRules, 'count' | 'daily' | 'weekly' | 'monthly'> & { readonly ageMargin?: number } | null;
  readonly transition: { readonly marginDays: number; readonly storageClass: string } | null;
  readonly expire: boolean;
  /** What is promised beyond the least that synth is known to let pass, in seconds. */
  readonly spareRpo: number;
  readonly rtoHours: number;
  readonly noticeHours: number;
  readonly dice: number;
}

// Where clocks are changed, and where they are not.
const hour = fc.constantFrom(0, 1, 2, 3, 12, 23);
/** Hours beyond what the plain arithmetic of notice and gap asks for: what holds by an hour, and what fails by one, is where mistakes are. */
const margin = fc.constantFrom(-1, 0, 1, 5, 13, 30, 500);
const few = fc.option(fc.integer({ min: 2, max: 14 }), { nil: undefined, freq: 1 });
const PLAN: fc.Arbitrary<Plan> = fc.record({
  schedule: fc.oneof(
    { weight: 4, arbitrary: hour.map(h => `30 ${h} * * *`) },
    { weight: 2, arbitrary: fc.constantFrom('0 */12 * * *', '0 */6 * * *', '15 */8 * * *') },
    { weight: 2, arbitrary: hour.map(h => `0 ${h} * * 1-5`) },
    { weight: 1, arbitrary: hour.map(h => `0 ${h} * * 0`) },
    { weight: 1, arbitrary: hour.map(h => `0 ${h} 1,15 * *`) },
  ),
  timeZone: fc.constantFrom('Etc/UTC', 'Europe/Berlin', 'America/New_York', 'Australia/Lord_Howe', 'Asia/Kolkata'),
  startingDeadline: fc.constantFrom(0, 0.1, 0.5, 1),
  deadline: fc.constantFrom(0, 0.1, 0.3, 1),
  retention: fc.option(fc.record({
    ageMargin: fc.option(margin, { nil: undefined, freq: 4 }),
    count: fc.option(fc.integer({ min: 3, max: 40 }), { nil: undefined, freq: 1 }),
    daily: few,
    weekly: few,
    monthly: few,
  }), { nil: null, freq: 6 }),
  transition: fc.option(fc.record({
    marginDays: fc.constantFrom(-1, 0, 1, 2, 20), storageClass: fc.constantFrom('GLACIER_IR', 'GLACIER', 'DEEP_ARCHIVE'),
  }), { nil: null, freq: 1 }),
  expire: fc.boolean(),
  spareRpo: fc.constantFrom(-1, 0, 0, HOUR, 7 * DAY, 30 * DAY),
  rtoHours: fc.constantFrom(1, 6, 13, 24),
  noticeHours: fc.oneof(fc.integer({ min: 1, max: 24 * 20 }), fc.constant(73)),
  dice: fc.nat(),
});

const RESTORE = {
  backupSize: Size.gibibytes(1), downloadPerSecond: Size.mebibytes(100), restorePerSecond: Size.mebibytes(20), slack: Duration.minutes(1),
};
const RESTORE_SECONDS = 11 + 52 + 60;

type Judged = { readonly passes: false } | { readonly passes: true; readonly behaviour: Behaviour; readonly promise: Promised };

/** Synthesizes the app of a plan; an app that synth refuses does not pass. */
function judge(plan: Plan): Judged {
  const [minute, hourOfDay, day, month, weekDay] = plan.schedule.split(' ');
  const schedule = new Cron({ minute, hour: hourOfDay, day, month, weekDay });
  const define = (changes: Partial<Parameters<typeof props>[0]>) => {
    const chart = new Chart(new App(), 'chart', { namespace: 'shop' });
    const store = BackupStore.s3({ bucketName: 'shop-backups', region: 'eu-central-1', credentials: S3Credentials.workloadIdentity() });
    return { chart, backup: new BackupCronJob(chart, 'backup', props({ schedule, timeZone: plan.timeZone, stores: [store], ...changes })) };
  };
  try {
    const shortest = shortestOf(plan.schedule);
    const deadline = Math.max(60, Math.floor(plan.deadline * shortest));
    const startingDeadline = Math.max(10, Math.floor(plan.startingDeadline * shortest));
    const deadlines = { activeDeadline: Duration.seconds(deadline), startingDeadline: Duration.seconds(startingDeadline) };
    const { worstDataAgeSeconds, longestGapSeconds } = define(deadlines).backup.recoveryReport();
    const promise = {
      rpo: worstDataAgeSeconds! + plan.spareRpo, rto: plan.rtoHours * HOUR, notice: plan.noticeHours * HOUR, restore: RESTORE_SECONDS,
    };
    const needed = promise.notice + longestGapSeconds!;
    const { ageMargin, ...rules } = plan.retention ?? {};
    const retention = plan.retention === null ? Retention.FOREVER : Retention.of({
      ...rules,
      age: ageMargin === undefined ? undefined : Duration.hours(Math.ceil(needed / HOUR) + ageMargin),
    });
    const { chart, backup } = define({
      ...deadlines,
      retention,
      objectives: {
        rpo: Duration.seconds(promise.rpo),
        rto: Duration.seconds(promise.rto),
        restore: RESTORE,
        alertDelay: Duration.hours(1),
        humanDelay: Duration.seconds(promise.notice - HOUR),
        corruption: {},
        clusterLoss: {},
      },
    });
    const lifecycle = BackupBucketLifecycle.forBackups(chart, 'lifecycle', [backup], {
      provider: LifecycleProvider.AWS,
      expire: plan.expire && plan.retention !== null, // synth refuses to expire what is kept for ever
      transitions: plan.transition === null ? [] : [{
        storageClass: LifecycleStorageClass.of(plan.transition.storageClass),
        transitionAfter: Duration.days(Math.max(1, Math.ceil(needed / DAY) + plan.transition.marginDays)),
      }],
    });
    (chart.node.root as App).synthYaml();
    return {
      passes: true,
      promise,
      behaviour: {
        schedule: plan.schedule, timeZone: plan.timeZone, deadline, startingDeadline, retention: retention._toConfig(), ...actionsOf(lifecycle.json),
      },
    };
  } catch (error) {
    if (error instanceof TypeError) throw error;
    return { passes: false };
  }
}

/** What the written document does to the artifacts. */
function actionsOf(json: string): Pick<Behaviour, 'moves' | 'expiresAfterDays'> {
  const { Rules: rules }: LifecycleDocument = JSON.parse(json);
  const expirations = rules.flatMap(({ Expiration }) => Expiration?.Days ?? []);
  return {
    moves: rules.flatMap(({ Transitions = [] }) => Transitions.map(({ Days, StorageClass }) => ({ days: Days!, storageClass: StorageClass }))),
    expiresAfterDays: expirations.length === 0 ? null : Math.min(...expirations),
  };
}

function shortestOf(schedule: string): number {
  if (/\*\/(\d+)/.test(schedule)) return Number(/\*\/(\d+)/.exec(schedule)![1]) * HOUR;
  return schedule.endsWith('0') && !schedule.endsWith('*') ? 7 * DAY : DAY;
}

test('what synth says that holds, holds through a year of late starts, long runs, prunes and the bucket\'s lifecycle', () => {
  let passed = 0;
  fc.assert(fc.property(PLAN, plan => {
    const judged = judge(plan);
    if (!judged.passes) return;
    passed++;
    const broken = brokenPromise(judged.behaviour, judged.promise, new Dice(String(plan.dice)));
    if (broken !== undefined) throw new Error(`${broken}\n${JSON.stringify(judged, null, 1)}`);
  }), { numRuns: 300, seed: 11 });
  expect(passed).toBeGreaterThan(40); // else nothing was looked at
});

describe('the simulation sees', () => {
  const behaviour: Behaviour = {
    schedule: '0 2 * * *',
    timeZone: 'Etc/UTC',
    startingDeadline: HOUR,
    deadline: HOUR,
    retention: Retention.days(7)._toConfig(),
    moves: [],
    expiresAfterDays: null,
  };
  const promise: Promised = { rpo: 26 * HOUR, rto: HOUR, notice: 3 * DAY, restore: 600 };
  const seen = (changes: Partial<Behaviour & Promised>) => brokenPromise({ ...behaviour, ...changes }, { ...promise, ...changes }, new Dice('1'));

  test.each<[string, Partial<Behaviour & Promised>, RegExp | undefined]>([
    ['nothing where all is well', {}, undefined],
    ['an RPO that is a second too short', { rpo: 26 * HOUR - 2 }, /newest backup is \d+ s old/],
    ['the run that the clock skips', { timeZone: 'Europe/Berlin' }, /newest backup is \d+ s old/],
    ['a retention that is too short', { notice: 7 * DAY }, /nothing from before the damage/],
    ['a bucket that deletes in time', { expiresAfterDays: 3 }, /nothing from before the damage/],
    ['an archive that has to be thawed', { moves: [{ days: 3, storageClass: 'GLACIER' }] }, /the restore at .* takes 18600 s/],
  ])('%s', (_what, changes, expected) => {
    const broken = seen(changes);
    if (expected === undefined) expect(broken).toBeUndefined();
    else expect(broken).toMatch(expected);
  });
});
