import { kept, Scenario } from './alert-test';
import { MISSING, OFFSITE, Timeline } from './timeline';
import { storeTooOldSeconds, trendSeconds } from '../rules/target';

const HOUR = 3600;

const FUTURE = 'BackupFromFuture/warning';
const FUTURE_ONLY = 'BackupFromFuture/critical';

/** What happens to the volumes and to what is in the stores, while runs go on. */
export class StoreScenarios extends Timeline {
  public all(): Scenario[] {
    const { target } = this;
    return [
      ...this.volumes.length > 0 ? [this.volumeFills(), this.volumeTrend()] : [],
      ...this.context.runnerMetrics ? [
        this.suspect(),
        ...target.suspectBelowPercent > 0 ? [this.shrinks()] : [],
        this.found('the stores can\'t be read for a while', 'BackupStoreUnreadable/warning', span => ({ storesDown: span })),
        this.found('a verification finds a damaged copy', 'BackupVerificationFailed/critical', span => ({ damaged: span })),
        ...this.volumes.length > 0 ? [this.noRoom()] : [],
        ...target.rtoSeconds === undefined ? [] : [this.slowDrill(target.rtoSeconds)],
        this.clockAhead(),
        ...target.stores.length < 2 ? [] : [this.found('two stores have records that differ', 'BackupRecordsDiffer/critical', span => ({ differing: span }))],
      ] : [],
      ...this.offsite ? [this.offsiteStale()] : [],
    ];
  }

  private volumeFills(): Scenario {
    const free = [80, 20, 9, 4];
    // Before the next run has begun, as these fire at once.
    const settled = (run: number) => this.at(run) + this.quick + this.pace.evaluation;
    return {
      name: 'the volume fills up, and is mounted during the runs only',
      jobs: this.runs(1, 4),
      freeAfterRun: run => free[run],
      ignore: 'BackupVolumeFullSoon',
      from: this.at(2),
      until: settled(4) + this.pace.evaluation,
      expect: [
        { at: settled(2), firing: [] },
        { at: settled(3), firing: ['BackupVolumeFillingUp/warning'] },
        { at: settled(4), firing: ['BackupVolumeFillingUp/warning', 'BackupVolumeFillingUp/critical'] },
      ],
    };
  }

  private volumeTrend(): Scenario {
    const window = Math.max(...this.volumes.map(({ windowSeconds }) => windowSeconds));
    const now = this.at(1) + trendSeconds(window) + HOUR + this.pace.settled;
    const runs = Math.floor(now / this.gap);
    return {
      name: 'the volume has room for the next run, but not for many more',
      jobs: kept(this.runs(1, runs), 3),
      freeAfterRun: run => Math.round(95 - 77 * run / (runs - 1)),
      from: this.at(1),
      until: now + this.pace.evaluation,
      expect: [{ at: this.at(2) + this.quick + this.pace.settled, firing: [] }, { at: now, firing: ['BackupVolumeFullSoon/warning'] }],
    };
  }

  private suspect(): Scenario {
    const from = this.at(2) + this.quick;
    return {
      name: 'the newest backup is suspect',
      jobs: this.runs(1, 2),
      suspectFrom: from,
      from: from - this.pace.evaluation,
      until: from + this.pace.settled + this.pace.evaluation,
      expect: [{ at: from - this.pace.evaluation, firing: [] }, { at: from + this.pace.settled, firing: ['BackupSuspect/critical'] }],
    };
  }

  private shrinks(): Scenario {
    const share = this.target.suspectBelowPercent / 100;
    const at = this.at(6) + this.quick + this.pace.settled;
    return {
      name: 'backups shrink',
      jobs: kept(this.runs(1, 6), 3),
      bytesOfRun: run => [1000, 1000, 1000, 1000, 1000 * share + 1, 1000 * share - 1][run],
      from: this.at(4) - 3 * this.pace.settled,
      until: at + this.pace.evaluation,
      expect: [{ at: this.at(5) + this.quick + this.pace.settled, firing: [] }, { at, firing: ['BackupShrinking/warning'] }],
    };
  }

  /** Something that is there for a while, and then is not. */
  private found(name: string, alert: string, changes: (span: { from: number; to: number }) => Partial<Scenario>): Scenario {
    const from = this.at(1) + this.quick;
    const to = from + HOUR + 2 * this.pace.settled;
    return {
      name,
      ...changes({ from, to }),
      from,
      jobs: kept(this.runs(1, Math.ceil((to + this.pace.settled) / this.gap)), 3),
      until: to + 2 * this.pace.settled,
      ignore: MISSING,
      expect: [{ at: from, firing: [] }, { at: to - this.pace.evaluation, firing: [alert] }, { at: to + this.pace.settled, firing: [] }],
    };
  }

  /** 1000 bytes are needed, and a fifth more. */
  private noRoom(): Scenario {
    const from = this.at(1) + this.quick + this.pace.evaluation;
    return {
      name: 'the next backup will not fit into the volume',
      jobs: this.runs(1, 2),
      freeBytes: time => time < from ? 1300 : 1100,
      from: from - this.pace.evaluation,
      until: from + this.pace.settled + this.pace.evaluation,
      expect: [{ at: from - this.pace.evaluation, firing: [] }, { at: from + this.pace.settled, firing: ['BackupVolumeTooSmall/critical'] }],
    };
  }

  private slowDrill(rtoSeconds: number): Scenario {
    const from = this.at(1) + this.quick;
    return {
      name: 'a drill takes longer than was promised',
      jobs: this.runs(1, 2),
      drillSeconds: time => time < from ? rtoSeconds : rtoSeconds + 1,
      from: from - this.pace.evaluation,
      until: from + this.pace.settled + this.pace.evaluation,
      expect: [{ at: from - this.pace.evaluation, firing: [] }, { at: from + this.pace.settled, firing: ['BackupRtoExceeded/warning'] }],
    };
  }

  private clockAhead(): Scenario {
    const ahead = this.at(1) + this.quick;
    const threshold = this.at(1) + storeTooOldSeconds(this.target);
    const count = Math.ceil((threshold + this.pace.settled) / this.gap) + 1;
    return {
      name: 'the clock is ahead after the first run: the others succeed, and all that they store is from the future',
      jobs: kept(this.runs(1, count), 3),
      clockAheadFrom: ahead,
      from: this.at(2) - this.pace.evaluation,
      until: threshold + 2 * this.pace.settled,
      expect: [
        { at: this.at(2) - this.pace.evaluation, firing: [] },
        { at: threshold - this.pace.evaluation, firing: [FUTURE] },
        { at: threshold + this.pace.settled, firing: [FUTURE, FUTURE_ONLY, ...this.offsite ? [OFFSITE] : []] },
      ],
    };
  }

  private offsiteStale(): Scenario {
    const threshold = storeTooOldSeconds(this.target);
    const count = Math.ceil((this.at(1) + threshold + this.pace.settled) / this.gap) + 1;
    return {
      name: 'runs succeed, but the store outside of the cluster gets no more of them',
      jobs: kept(this.runs(1, count), 3),
      offsiteStuckAt: this.at(1) + this.quick,
      from: this.at(1) + threshold - this.pace.evaluation,
      until: this.at(1) + threshold + 2 * this.pace.settled,
      expect: [
        { at: this.at(1) + threshold - this.pace.evaluation, firing: [] },
        { at: this.at(1) + threshold + this.pace.settled, firing: [OFFSITE] },
      ],
    };
  }
}
