import { Scenario } from './alert-test';
import { MISSING, OFFSITE, Timeline } from './timeline';
import { Metrics } from '../../../contract/metrics';
import { storeTooOldSeconds } from '../rules/target';

const HOUR = 3600;

const INCOMPLETE = 'BackupMetricsIncomplete/warning';

/** What happens to the metrics themselves. */
export class AbsentScenarios extends Timeline {
  public all(): Scenario[] {
    const { stores, suspectBelowPercent, rtoSeconds } = this.target;
    const claims = stores.filter(({ claimName }) => claimName !== undefined).length;
    return [
      this.dropped('some metrics of kube-state-metrics', ['kube_cronjob_spec_suspend', 'kube_cronjob_status_active', 'kube_job_status_start_time'], 3),
      this.dropped('others of them', ['kube_cronjob_created', 'kube_cronjob_next_schedule_time', 'kube_job_owner'], 2),
      this.dropped('the time of the last success', ['kube_cronjob_status_last_successful_time'], 1, 'BackupJob.*|BackupOffsiteStale'),
      ...this.context.runnerMetrics ? [
        this.exporterLost(),
        this.dropped('metrics of the runner', [Metrics.VERIFICATION_FAILED, Metrics.AHEAD, Metrics.DIFFERING, Metrics.LAST_SUSPECT, Metrics.LAST_SIZE, Metrics.FREE_BYTES, Metrics.MEASURED_RTO].map(({ name }) => name),
          stores.length * (3 + Number(suspectBelowPercent > 0) + Number(rtoSeconds !== undefined)) + Number(stores.length > 1) + claims),
        this.dropped('the age of the stores\' data', [Metrics.LAST_RECOVERY_POINT.name], stores.length),
      ] : claims > 0 ? [this.dropped('the statistics of the volume', ['kubelet_volume_stats_available_bytes', 'kubelet_volume_stats_capacity_bytes'], claims)] : [],
      this.anotherCluster(),
    ];
  }

  private get jobs() {
    return this.runs(1, 2 + Math.ceil((3 * HOUR + 3 * this.pace.settled) / this.gap));
  }

  private dropped(what: string, dropped: readonly string[], incomplete: number, ignore = MISSING): Scenario {
    const now = this.at(2) + this.quick + HOUR + this.pace.settled;
    return {
      name: `the scrape drops ${what}`,
      jobs: this.jobs,
      dropped,
      incomplete,
      ignore,
      from: this.at(2),
      until: now + this.pace.evaluation,
      expect: [{ at: now, firing: [INCOMPLETE] }],
    };
  }

  private exporterLost(): Scenario {
    const lost = this.at(2) + this.quick + this.pace.evaluation;
    const now = lost + HOUR + this.pace.settled;
    return {
      name: 'the exporter goes away',
      jobs: this.jobs,
      exporterLostAt: lost,
      incomplete: this.target.stores.length,
      from: lost - this.pace.evaluation,
      until: now + this.pace.evaluation,
      expect: [
        { at: lost - this.pace.evaluation, firing: [] },
        { at: now, firing: [INCOMPLETE, ...this.offsite ? this.after(now, storeTooOldSeconds(this.target), OFFSITE) : []] },
      ],
    };
  }

  private anotherCluster(): Scenario {
    const from = this.at(2);
    const now = from + HOUR + this.pace.settled;
    return {
      name: 'this Prometheus sees another cluster with the same backup',
      jobs: this.jobs,
      otherClusterFrom: from,
      ignore: MISSING,
      from: from - this.pace.evaluation,
      until: now + this.pace.evaluation,
      expect: [
        { at: from - this.pace.evaluation, firing: [] },
        { at: now, firing: 'cluster' in this.context.matchLabels ? [] : ['BackupAlertsAmbiguous/warning'] },
      ],
    };
  }
}
