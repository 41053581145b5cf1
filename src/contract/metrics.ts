/*
 * Names of the metrics: the runner emits them, alert rules read them. Timestamps, not ages; base units; suffix last.
 */

export interface Metric {
  readonly name: string;
  readonly help: string;
}

/**
 * Labels of the metrics: namespace and name of the backup, and the store where the metric is about one. The namespace is not called `namespace`:
 * that is the scrape's own label, the namespace of the pod that is scraped, and Prometheus would rename or overwrite one of the two.
 */
export const METRIC_LABELS = ['backup_namespace', 'backup', 'store'] as const;

/** All metrics are gauges. */
export const Metrics = {
  RESTORABLE: {
    name: 'backup_restorable',
    help: 'Whether a restore of the latest backup could begin: 1 if a whole copy that was not found damaged can be read, 0 if not; absent as long as no store could be read.',
  },
  LAST_SUCCESS: {
    name: 'backup_last_success_timestamp_seconds',
    help: 'When the newest backup that is neither suspect nor was found damaged was finished, in seconds since 1970.',
  },
  LAST_RECOVERY_POINT: {
    name: 'backup_last_recovery_point_timestamp_seconds',
    help: 'When the newest backup that is neither suspect nor was found damaged was started, in seconds since 1970: a restore now would go back to it.',
  },
  LAST_DURATION: {
    name: 'backup_last_duration_seconds',
    help: 'How long the newest backup that is neither suspect nor was found damaged took.',
  },
  LAST_SIZE: {
    name: 'backup_last_size_bytes',
    help: 'Stored bytes of the newest backup, suspect or not.',
  },
  LAST_SUSPECT: {
    name: 'backup_last_suspect',
    help: 'Whether the newest backup is suspect: 1 if it is, 0 if not.',
  },
  BACKUPS: {
    name: 'backup_repository_backups',
    help: 'Number of backups, suspect ones included.',
  },
  BYTES: {
    name: 'backup_repository_bytes',
    help: 'Stored bytes of all backups.',
  },
  AHEAD: {
    name: 'backup_ahead_backups',
    help: 'Number of backups that say they are from later than now, or than they were stored, by the clock of the store; of a volume, by that of whoever looks. None of them is the latest.',
  },
  DIFFERING: {
    name: 'backup_differing_backups',
    help: 'Number of backups whose records differ between stores: which of them is right can\'t be told, and nothing is restored of them until a store is named.',
  },
  PINNED: {
    name: 'backup_repository_pinned_backups',
    help: 'Number of backups that no retention removes.',
  },
  FREE_BYTES: {
    name: 'backup_store_free_bytes',
    help: 'Free space of the volume; absent for object storage.',
  },
  STORE_UP: {
    name: 'backup_store_up',
    help: 'Whether the store could be read the last time: 1 if so, 0 if not, and then the other values are those of the last time it could.',
  },
  STORE_READ: {
    name: 'backup_store_read_timestamp_seconds',
    help: 'When the store was read the last time with success, in seconds since 1970.',
  },
  LAST_RUN: {
    name: 'backup_last_run_timestamp_seconds',
    help: 'When the newest run that left anything in the store ended, in seconds since 1970.',
  },
  LAST_RUN_FAILED: {
    name: 'backup_last_run_failed',
    help: 'Whether the newest run that left anything in the store failed: 1 if so, 0 if not.',
  },
  LAST_VERIFICATION: {
    name: 'backup_last_verification_success_timestamp_seconds',
    help: 'When a copy was last read back and found good, in seconds since 1970.',
  },
  VERIFICATION_FAILED: {
    name: 'backup_verification_failed_backups',
    help: 'Number of backups whose newest verification found a fault.',
  },
  LAST_DRILL: {
    name: 'backup_last_drill_success_timestamp_seconds',
    help: 'When the newest restore drill that passed was finished, in seconds since 1970.',
  },
  LAST_DRILL_FAILED: {
    name: 'backup_last_drill_failed',
    help: 'Whether the newest restore drill failed, or could not run: 1 if so, 0 if it passed.',
  },
  MEASURED_RTO: {
    name: 'backup_measured_rto_seconds',
    help: 'How long the newest restore drill that got as far as its last check took, from the choice of the backup on; of a set, those of all members together.',
  },
  RPO_TARGET: {
    name: 'backup_rpo_target_seconds',
    help: 'The declared recovery point objective.',
  },
  RTO_TARGET: {
    name: 'backup_rto_target_seconds',
    help: 'The declared recovery time objective.',
  },
  PRUNE_HELD: {
    name: 'backup_prune_held',
    help: 'Whether somebody has stopped pruning: 1 if so, 0 if not.',
  },
} as const satisfies Readonly<Record<string, Metric>>;
