import { Expected, kept, minutes, roundUp, Scenario, unique } from './alert-test';
import { SimulatedJob } from './cluster-simulation';
import { MISSING, OFFSITE, Timeline, TOO_OLD } from './timeline';
import { goneJobsSeconds, neverScheduledSeconds, overdueSeconds, rememberedSeconds, storeTooOldSeconds, tooOldSeconds } from '../rules/target';

const HOUR = 3600;
const DAY = 24 * HOUR;

const FAILED = 'BackupJobFailed/warning';
const TOO_LONG = 'BackupJobRunningTooLong/warning';
const SUSPENDED = 'BackupJobSuspended/warning';
const NEVER = 'BackupJobNeverScheduled/critical';
const ABSENT = 'BackupMetricsAbsent/critical';

/** So long after their end Jobs are gone where none is kept. */
const JOB_REMOVED_SECONDS = 600;

/** What clusters drop that want few series. */
const AGE = ['kube_cronjob_created'];

/** What happens to the CronJob and its Jobs. */
export class Scheduled extends Timeline {
  public all(): Scenario[] {
    const { target } = this;
    return [
      this.quickAndSlow('all is well', 3),
      this.failsOnce('a run fails and the next one succeeds', {}),
      this.failsOnce('the same, seen by two kube-state-metrics at a time', { replicas: 2 }),
      this.failsOnce('the same, and kube-state-metrics is restarted meanwhile', { restartedAt: this.restartAfterFailure() }),
      ...target.keepsFailedJobs ? [this.failsOnce('the same, and no Job that succeeded is kept', {}, true), this.failedWhileTheNextRuns()] : [],
      this.quickAndSlow('the same, and no Job that succeeded is kept', 0),
      this.jobDeleted(),
      this.failsAlways(),
      this.failsAlways(true),
      this.rerunByHand(),
      this.others(),
      this.missing('the controller stops', {}),
      this.missing('the CronJob is suspended', { suspendedFrom: this.at(2) + Math.min(HOUR, minutes(this.gap / 2)) }),
      this.missing('the CronJob is suspended and its Jobs are gone', { suspendedFrom: this.at(2) + Math.min(HOUR, minutes(this.gap / 2)) }, true),
      this.stuck(),
      this.slow(),
      ...this.short(),
    ];
  }

  /** What needs no run to succeed. */
  public short(): Scenario[] {
    const first = this.gap > 62 * DAY ? [] : [this.neverScheduled(), this.neverScheduled(true), this.suspendedFromTheStart()];
    return [...first, this.metricsLost(), this.deleted()];
  }

  private quickAndSlow(what: string, limit: number): Scenario {
    const count = Math.min(11, Math.max(5, Math.ceil(11 * DAY / this.gap)));
    // From nearly no time to nearly what is "too long".
    const all = this.runs(1, count, run => run % 2 === 0 ? 60 : minutes(0.75 * this.target.deadlineSeconds));
    const jobs = kept(all.map(job => ({ ...job, removed: undefined })), limit);
    return { name: `${what} for ${count} runs, quick ones and slow ones in turn`, jobs, until: this.at(count + 1), quiet: true, expect: [] };
  }

  /** When the alert has been looked at, and early enough for it to fire anew: what has to last for a while begins again then. */
  private restartAfterFailure(): number {
    return roundUp(this.at(3) + this.quick + this.pace.noticed, this.pace) + this.pace.evaluation;
  }

  private failsOnce(name: string, changes: Partial<Scenario>, noneKept: boolean = false): Scenario {
    const jobs = kept([...this.runs(1, 2), this.failed(3), this.run(4)], noneKept ? 0 : 3);
    const failedAt = this.at(3) + this.quick;
    // The last evaluation before the next success.
    const last = roundUp(this.at(4) + this.quick, this.pace) - this.pace.evaluation;
    const cleared = this.at(4) + this.quick + this.clearing();
    // Without Jobs the start of the last good run is a guess; and a moment too near to its deadline would not be asked about.
    const ignore = noneKept || changes.restartedAt !== undefined ? MISSING : undefined;
    const missing = (time: number) => ignore === undefined ? this.missingAt(time, 2) : [];
    return {
      name,
      ...changes,
      ignore,
      jobs,
      from: this.at(3),
      until: cleared + this.pace.evaluation,
      expect: [
        { at: this.at(3), firing: [] },
        { at: failedAt + this.pace.noticed, firing: [FAILED, ...missing(failedAt + this.pace.noticed)] },
        { at: last, firing: [FAILED, ...missing(last)] },
        { at: cleared, firing: [] },
      ],
    };
  }

  private failedWhileTheNextRuns(): Scenario {
    const now = this.at(4) + minutes(this.target.deadlineSeconds / 2);
    return {
      name: 'a run has failed, and the next one goes on',
      jobs: [...this.runs(1, 2), this.failed(3), { ...this.run(4), end: undefined }],
      from: this.at(4) - this.pace.settled,
      until: now + this.pace.evaluation,
      ignore: MISSING,
      expect: [{ at: this.at(4), firing: [FAILED] }, { at: now, firing: [FAILED] }],
    };
  }

  /** Somebody deletes it, or a time to live does. */
  private jobDeleted(): Scenario {
    const { end } = this.run(3);
    return {
      name: 'a run fails, the next one succeeds, and its Job is deleted',
      jobs: [this.run(1), this.failed(2), { ...this.run(3), removed: end! + 600 }],
      from: this.at(3),
      until: this.at(4),
      expect: [{ at: end! + this.clearing(), firing: [] }, { at: this.at(4), firing: [] }],
    };
  }

  /**
   * @param ageUnknown as in clusters that drop the moment at which objects were made
   */
  private failsAlways(ageUnknown = false): Scenario {
    const count = Math.ceil(this.horizon / this.gap);
    const now = this.horizon;
    const remembered = rememberedSeconds(this.target);
    const missing = (time: number) => ageUnknown ? this.after(time, this.at(1) + remembered, TOO_OLD) : this.missingAt(time);
    const jobs = Array.from({ length: count + 1 }, (_, i) => this.failed(i + 1))
      .map((job, i, all) => ({ ...job, removed: job.removed ?? all[i + 3]?.end }));
    return {
      name: `no run has ever succeeded${ageUnknown ? ', and when the CronJob was made is not known' : ''}`,
      dropped: ageUnknown ? AGE : [],
      jobs,
      until: now + this.pace.evaluation,
      expect: [
        { at: this.at(1) + this.quick + this.pace.settled, firing: [FAILED, ...missing(this.at(1) + this.quick + this.pace.settled)] },
        { at: now, firing: [FAILED, ...missing(now)] },
      ],
    };
  }

  private rerunByHand(): Scenario {
    const again = roundUp(this.at(3) + minutes(this.gap / 2), this.pace);
    const jobs: SimulatedJob[] = [...this.runs(1, 2), this.failed(3), { name: 'by-hand', byHand: true, start: again, end: again + this.quick }];
    return {
      name: 'a run fails, and somebody runs it again by hand',
      jobs,
      from: this.at(3),
      until: again + this.quick + this.clearing() + this.pace.evaluation,
      expect: [{ at: again, firing: [FAILED, ...this.missingAt(again, 2)] }, { at: again + this.quick + this.clearing(), firing: [] }],
    };
  }

  private others(): Scenario {
    const count = Math.ceil(this.horizon / this.gap) + 1;
    const later = (job: SimulatedJob) => ({ ...job, start: job.start + 300, end: job.end! + 300, removed: undefined });
    // While all is well with the last but one run and the last.
    const good = count - 1;
    const neighbour = { ...later(this.failed(good)), name: `${this.target.cronJob}-eu-${good}`, owner: `${this.target.cronJob}-eu` };
    const elsewhere = { ...later(this.failed(good)), name: this.run(good).name, namespace: `${this.target.namespace}-staging` };
    return {
      name: 'others do badly: a CronJob whose name begins alike, the same names in another namespace, another claim',
      jobs: [...this.runs(1, count), neighbour, elsewhere],
      neighboursFail: true,
      from: this.at(good),
      until: this.at(count) + this.quick + this.pace.settled,
      quiet: true,
      expect: [],
    };
  }

  /** After two runs there are no more. */
  private missing(name: string, changes: Partial<Scenario>, jobsGone: boolean = false): Scenario {
    const jobs = this.runs(1, 2).map(job => jobsGone ? { ...job, removed: job.end! + JOB_REMOVED_SECONDS } : job);
    const ended = this.at(2) + this.quick;
    const oldFrom = jobsGone ? this.ageFrom(this.at(2), ended, ended + JOB_REMOVED_SECONDS) : this.at(2);
    const at = (time: number): Expected => ({
      at: time,
      firing: [
        ...changes.suspendedFrom === undefined ? [] : this.after(time, changes.suspendedFrom + HOUR, SUSPENDED),
        ...this.missingSince(time, ended, oldFrom, this.at(2)),
      ],
    });
    const thresholds = [ended + overdueSeconds(this.target), oldFrom + tooOldSeconds(this.target), this.at(2) + storeTooOldSeconds(this.target)];
    const around = thresholds.flatMap(threshold => [threshold - 2 * this.pace.evaluation, threshold + this.pace.settled]);
    const moments = [...around, this.at(2) + this.horizon].map(time => roundUp(time, this.pace));
    const until = this.at(2) + this.horizon + this.pace.evaluation;
    return { name, ...changes, jobs, from: this.at(2), until, expect: unique(moments).filter(time => time > ended).map(at) };
  }

  /** From when the age of data counts whose Job is gone: from its start, as long as that is remembered, and then the deadline is taken for its duration. */
  private ageFrom(started: number, ended: number, removed: number): number {
    const tooOld = tooOldSeconds(this.target);
    const forgotten = removed + goneJobsSeconds(this.target);
    return started + tooOld <= forgotten ? started : Math.max(ended - this.target.deadlineSeconds, forgotten - tooOld);
  }

  /** The cluster refuses the pods and nothing ends the Job, as without a deadline; `Forbid` keeps the next runs away. */
  private stuck(): Scenario {
    const from = this.at(3);
    const now = from + minutes(0.8 * this.target.deadlineSeconds) + this.pace.settled;
    return {
      name: 'the pods of a run are refused, and it never ends',
      jobs: [...this.runs(1, 2), { name: 'stuck', start: from, withoutDeadline: true }],
      from,
      until: now + this.pace.evaluation,
      ignore: MISSING,
      expect: [{ at: from + minutes(0.4 * this.target.deadlineSeconds), firing: [] }, { at: now, firing: [TOO_LONG] }],
    };
  }

  private slow(): Scenario {
    const from = this.at(3);
    const { deadlineSeconds } = this.target;
    const end = from + minutes(deadlineSeconds);
    const long = from + 0.8 * deadlineSeconds;
    // With a deadline of some minutes there is no moment between the alert and the end of the run.
    const before = long - this.pace.evaluation;
    const noticed = long + this.pace.settled;
    const between = noticed + this.pace.evaluation < end ? [{ at: noticed, firing: [TOO_LONG] }] : [];
    return {
      name: 'a run takes nearly all of its deadline',
      jobs: [...this.runs(1, 2), { ...this.run(3), end }],
      from,
      until: end + this.pace.settled + this.pace.evaluation,
      ignore: MISSING,
      expect: [{ at: before, firing: [] }, ...between, { at: end + this.pace.settled, firing: [] }],
    };
  }

  private neverScheduled(ageUnknown = false): Scenario {
    const never = neverScheduledSeconds(this.target);
    // Then only the first run is known, which is due a gap after that.
    const missing = (time: number) => ageUnknown ? this.missingAt(time - this.gap).filter(alert => alert !== OFFSITE) : this.missingAt(time);
    const at = (time: number): Expected => ({ at: time, firing: [...this.after(time, never, NEVER), ...missing(time)] });
    return {
      name: `no run is ever started${ageUnknown ? ', and when the CronJob was made is not known' : ''}`,
      dropped: ageUnknown ? AGE : [],
      jobs: [],
      from: this.shortest - 2 * this.pace.evaluation,
      until: this.horizon + this.pace.evaluation,
      expect: [never - 2 * this.pace.evaluation, never + this.pace.settled, this.horizon].map(time => roundUp(time, this.pace)).map(at),
    };
  }

  private suspendedFromTheStart(): Scenario {
    return {
      name: 'the CronJob is suspended from the start',
      suspendedFrom: 0,
      jobs: [],
      from: this.shortest - 2 * this.pace.evaluation,
      until: this.horizon + this.pace.evaluation,
      expect: [this.horizon].map(time => ({ at: roundUp(time, this.pace), firing: [SUSPENDED] })),
    };
  }

  private metricsLost(): Scenario {
    const lost = Math.min(DAY, minutes(this.gap / 2));
    return {
      name: 'kube-state-metrics goes away',
      jobs: [],
      metricsLostAt: lost,
      from: lost,
      until: lost + this.pace.settled + this.pace.evaluation,
      expect: [{ at: lost, firing: [] }, { at: lost + this.pace.settled, firing: [ABSENT] }],
    };
  }

  private deleted(): Scenario {
    const deleted = Math.min(DAY, minutes(this.gap / 2));
    return {
      name: 'the CronJob is deleted',
      jobs: [],
      deletedAt: deleted,
      from: deleted,
      until: deleted + this.pace.settled + this.pace.evaluation,
      expect: [{ at: deleted, firing: [] }, { at: deleted + this.pace.settled, firing: [ABSENT] }],
    };
  }
}
