import { BackupCronJob } from '../backup/backup-cron-job';
import { RestoreDrill } from '../drill/restore-drill';

/** How alerts look and where they go, whatever they watch. */
export interface BackupAlertRulesOptions {
  /**
   * Name of the PrometheusRule (of the first, where several are needed), of the dashboard's ConfigMap, and first part of the names of the files: up to 52 lower-case letters,
   * digits and `-`.
   *
   * @default - the construct's id in kebab-case
   */
  readonly ruleName?: string;

  /**
   * Whether a PrometheusRule is defined, for the Prometheus operator. The plain rule file is written in any case.
   *
   * @default true
   */
  readonly prometheusRule?: boolean;

  /**
   * Labels of the PrometheusRule, by which Prometheus selects it. kube-prometheus-stack takes rules that have `release` with the name
   * of its Helm release, and ignores others without a word; so without this label a warning is given.
   *
   * @default - none
   */
  readonly ruleLabels?: { [key: string]: string };

  /**
   * Labels of every alert, such as `{ team: 'platform' }`, for the routes of Alertmanager.
   *
   * @default - none
   */
  readonly alertLabels?: { [key: string]: string };

  /**
   * Where people read what to do. `{alert}` in it becomes the name of the alert; without it, `#` and that name in lower case are
   * appended.
   *
   * @default - no `runbook_url`; the description says what to run first
   */
  readonly runbookUrl?: string;

  /**
   * Whether Prometheus scrapes a `BackupExporter`, or what `cdk8s-backup metrics` prints, without labels of its own on `backup` and
   * `store`. Then there are alerts on suspect and on shrinking backups, on what a store holds, and on how long a restore takes as well.
   *
   * @default false
   */
  readonly runnerMetrics?: boolean;

  /**
   * Namespace of the backups.
   *
   * @default - that of their charts, which must have one
   */
  readonly namespace?: string;

  /**
   * Label in which kube-state-metrics' series have the namespace of the object: `exported_namespace` where it is scraped without
   * `honorLabels`.
   *
   * @default "namespace"
   */
  readonly namespaceLabel?: string;

  /**
   * Label in which the kubelet's series on volumes have the namespace of the claim. The kubelet is scraped by another job than
   * kube-state-metrics, so the two may differ.
   *
   * @default "namespace"
   */
  readonly kubeletNamespaceLabel?: string;

  /**
   * Labels that all series have, such as `{ cluster: 'prod' }` where one Prometheus sees several clusters.
   *
   * @default - none
   */
  readonly matchLabels?: { [key: string]: string };

  /**
   * Labels of the ConfigMap with the Grafana dashboard, by which Grafana's sidecar finds it.
   *
   * @default { grafana_dashboard: '1' }
   */
  readonly dashboardLabels?: { [key: string]: string };

  /**
   * Whether a ConfigMap with the dashboard is defined. The dashboard's JSON file is written in any case.
   *
   * @default true
   */
  readonly dashboardConfigMap?: boolean;

  /**
   * Folder of the rule file, its tests and the dashboard, inside the output folder.
   *
   * @default "monitoring"
   */
  readonly folder?: string;
}

/** Properties of `BackupAlertRules`. */
export interface BackupAlertRulesProps extends BackupAlertRulesOptions {
  /** The backups to watch: at least one. */
  readonly backups: BackupCronJob[];

  /**
   * The drills to watch. Their backups must be among `backups`.
   *
   * @default - none
   */
  readonly drills?: RestoreDrill[];
}
