/*
 * Names of the metrics: the runner emits them, alert rules read them. Timestamps, not ages; base units; suffix last.
 */

export interface Metric {
  readonly name: string;
  readonly help: string;
}

/** Labels that every metric carries: the name of the backup, and the store that was read. */
export const METRIC_LABELS = ['backup', 'store'] as const;

/** All metrics are gauges. */
export const Metrics = {
  LAST_SUCCESS: {
    name: 'backup_last_success_timestamp_seconds',
    help: 'When the newest backup that is not suspect was finished, in seconds since 1970.',
  },
  LAST_RECOVERY_POINT: {
    name: 'backup_last_recovery_point_timestamp_seconds',
    help: 'When the newest backup that is not suspect was started: what a restore now would go back to, in seconds since 1970.',
  },
  LAST_DURATION: {
    name: 'backup_last_duration_seconds',
    help: 'How long the newest backup that is not suspect took.',
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
} as const satisfies Readonly<Record<string, Metric>>;
