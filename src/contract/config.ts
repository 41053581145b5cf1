/*
 * The config of the runner: one JSON document in one environment variable of the container.
 *
 * It carries every value, defaults included: the constructs apply them, the runner has none. Units are in the names. Secrets
 * never are in it, only the name of the environment variable or the path of the file that holds them.
 */

import { DatabaseTargetConfig, EngineName, SourceConfig, TargetConfig } from './engines/table';
import { StoreConfig } from './stores/table';

export * from './engines/kubernetes';
export * from './engines/postgres';
export * from './engines/redis';
export * from './engines/sqlite';
export * from './engines/table';
export * from './stores/azure';
export * from './stores/folder';
export * from './stores/s3';
export * from './stores/table';

/** Environment variable that holds the config. */
export const CONFIG_ENV = 'CDK8S_BACKUP_CONFIG';

/**
 * Stands behind the name of a variable with a secret, as in the official images of databases: the variable `NAME_FILE` has the path of a file
 * that holds what `NAME` would.
 */
export const FILE_SUFFIX = '_FILE';

/** Environment variable with the namespace of the pod; there where the config does not know it. */
export const NAMESPACE_ENV = 'CDK8S_BACKUP_NAMESPACE';

/** Version of the document. A runner refuses every other one by name. */
export const CONFIG_VERSION = 1;

/**
 * Begins the name of the database, and of the file, that a drill makes. A database with such a name is a drill's, and is thrown away by the
 * next one if that was killed; a file is in a directory of its drill.
 */
export const DRILL_DATABASE = 'cdk8s_backup_drill';

/** A restore leaves so much of its scratch directory free: what does not fit beside it is read from the store twice. */
export const SCRATCH_SPARE_BYTES = 16 * 1024 * 1024;

export type Config = BackupConfig | RestoreConfig | DrillConfig | ExporterConfig;

/** The configs that are about one backup name and its stores. */
export type NamedConfig = BackupConfig | RestoreConfig | DrillConfig;

/** What one backup run needs to know. */
export interface BackupConfig {
  readonly version: typeof CONFIG_VERSION;
  readonly kind: 'backup';
  /** First part of the name of everything this backup stores, see `layout.ts`. */
  readonly name: string;
  /** Of the CronJob: its metrics have it, since names of backups are alike in all namespaces. `null`: what {@link NAMESPACE_ENV} says. */
  readonly namespace: string | null;
  readonly source: SourceConfig;
  /** At least one; their names differ. */
  readonly stores: readonly StoreConfig[];
  readonly compression: CompressionConfig;
  readonly retention: RetentionConfig;
  /** Whether a run removes at its end what {@link retention} does not keep; `prune` does it in any case. */
  readonly pruneAfterBackup: boolean;
  /** What `verify --scheduled` reads. */
  readonly verify: VerificationConfig;
  /** `null`: artifacts are stored as they are. */
  readonly encryption: EncryptionConfig | null;
  /** Base URL of a Pushgateway that is told the end of every run, good or bad; `null`: none. */
  readonly pushgatewayUrl: string | null;
  /** A dump with less than this share of the previous one's bytes is marked suspect; 0 switches the check off, for empty dumps too. */
  readonly suspectBelowPercent: number;
  /** Within this time after its start a run has ended, one way or the other. */
  readonly activeDeadlineSeconds: number;
  readonly scratch: ScratchConfig;
}

export interface VerificationConfig {
  /** This share of all backups but the newest is read beside it, those first that were not read for the longest time. */
  readonly olderPercent: number;
  /** Whether a copy that is missing or damaged is replaced by a good one of another store. */
  readonly repair: boolean;
}

export interface EncryptionConfig {
  /** X25519 recipients in the spelling of age, `age1…`; at least one. Any one of their identities opens the backup. */
  readonly recipients: readonly string[];
}

export interface DecryptionConfig {
  /** File with age identities, `AGE-SECRET-KEY-1…`, one a line. */
  readonly identityFile: string;
}

/** What one restore needs to know. */
export interface RestoreConfig {
  readonly version: typeof CONFIG_VERSION;
  readonly kind: 'restore';
  /** First part of the name of what the backup has stored, see `layout.ts`. */
  readonly name: string;
  readonly target: TargetConfig;
  /** At least one; their names differ. Read in this order: the next one where a copy is missing or damaged. */
  readonly stores: readonly StoreConfig[];
  /** `latest` or an id. */
  readonly backup: string;
  /** ISO 8601: with `latest`, the newest backup that was started at this time or before; `null`: the newest of all. */
  readonly notAfter: string | null;
  /** Name of the only store to read from, as where the records differ between them; `null`: any that has a good copy. */
  readonly store: string | null;
  /** Stopped before anything in the target changes, in this order, and started again afterwards, in reverse. */
  readonly workloads: readonly WorkloadConfig[];
  /** Asked after the workloads are ready again, until it answers with 2xx; `null`: nothing is asked. */
  readonly healthUrl: string | null;
  /** `null`: only what is not encrypted can be restored. */
  readonly decryption: DecryptionConfig | null;
  /** Of the safety backup. It is not taken from what is restored: whoever can write to a store says what stands there. */
  readonly encryption: EncryptionConfig | null;
  /** Within this time after its start a run has ended, one way or the other. */
  readonly activeDeadlineSeconds: number;
  readonly scratch: ScratchConfig;
  /** Where the pod of a Job that applying starts notes that it has restored, to do it once; absent where a person starts each. */
  readonly once?: RestoreOnceConfig;
}

export interface RestoreOnceConfig {
  readonly namespace: string;
  /** Of the manifest, and without data there: so applying it again leaves the notes. */
  readonly configMap: string;
  /** Of the note. It follows from what somebody has decided to restore, and not from the image or the shape of a config. */
  readonly key: string;
}

/** What one restore drill needs to know. */
export interface DrillConfig {
  readonly version: typeof CONFIG_VERSION;
  readonly kind: 'drill';
  /** First part of the name of what the backup has stored, see `layout.ts`. */
  readonly name: string;
  /** Of the backup, as there. */
  readonly namespace: string | null;
  /** Which member of a set is rehearsed; `null` where the source is one database. */
  readonly member: string | null;
  /** An empty server in the drill's own pod, on `localhost`, or a file in the scratch directory: thrown away after the drill. */
  readonly target: DatabaseTargetConfig;
  /** At least one; their names differ. */
  readonly stores: readonly StoreConfig[];
  /** Tables, as `schema.table`, that may be empty after a restore although the server counted rows in them before the backup. */
  readonly tablesThatMayBeEmpty: readonly string[];
  /** Size of the volume that the scratch server has its data on; `null`: not known. */
  readonly dataBytes: number | null;
  /** How fresh the restored data have to be. */
  readonly freshness: readonly FreshnessConfig[];
  /** What a restore must not take longer than; `null`: nothing is declared, and none is too long. */
  readonly rtoSeconds: number | null;
  /** The scratch server has to answer within this time. */
  readonly serverStartTimeoutSeconds: number;
  /** This many newest drills stay in the history. */
  readonly keepDrills: number;
  /** `null`: only what is not encrypted can be restored. */
  readonly decryption: DecryptionConfig | null;
  readonly pushgatewayUrl: string | null;
  /** Within this time after its start a run has ended, one way or the other. */
  readonly activeDeadlineSeconds: number;
  readonly scratch: ScratchConfig;
}

export interface FreshnessConfig {
  /** SQL that returns one time: the newest there is, as in `SELECT max(created_at) FROM orders`. */
  readonly sql: string;
  /** It may be this much older than the start of the backup. */
  readonly maxAgeSeconds: number;
}

/** What the exporter watches. It only reads the stores. */
export interface ExporterConfig {
  readonly version: typeof CONFIG_VERSION;
  readonly kind: 'exporter';
  /** Where it looks, for the pages: names that people give; `null` where nobody did. */
  readonly cluster: string | null;
  readonly environment: string | null;
  /** Where the runbook is published, for the pages; absent: nobody has said. */
  readonly runbookUrl?: string | undefined;
  /** At least one. */
  readonly backups: readonly ExportedBackupConfig[];
  readonly port: number;
  /** Time between two looks at the stores. */
  readonly refreshSeconds: number;
}

export interface ExportedBackupConfig {
  /** First part of the name of what the backup has stored, see `layout.ts`. */
  readonly name: string;
  readonly engine: EngineName;
  /** As in {@link BackupConfig}; `null`: that of the exporter. */
  readonly namespace: string | null;
  readonly cronJob: string;
  /** Name of the restore template that restores this backup; `null`: there is none. */
  readonly restoreJob: string | null;
  readonly stores: readonly StoreConfig[];
  /** A backup that is older says that a run is missing; `null` on demand. */
  readonly staleAfterSeconds: number | null;
  /** Declared objectives; `null` where none is declared. */
  readonly rpoSeconds: number | null;
  readonly rtoSeconds: number | null;
  /** A verification or a drill that is older says that one is missing; `null` where there is no schedule. */
  readonly verifiedWithinSeconds: number | null;
  readonly drilledWithinSeconds: number | null;
}

export interface WorkloadConfig {
  readonly kind: 'Deployment' | 'StatefulSet';
  readonly name: string;
  readonly namespace: string;
}

export interface CompressionConfig {
  /** `none`: as the dump program wrote it. */
  readonly algorithm: 'zstd' | 'gzip' | 'none';
  /** 1 to 19 for zstd, 1 to 9 for gzip, 0 for none. */
  readonly level: number;
}

/** A backup is kept if any of these keeps it. Where age and all numbers are `null`, every backup is. */
export interface RetentionConfig {
  /** Backups younger than this are kept; `null`: age keeps none. */
  readonly keepHours: number | null;
  /** This many newest backups are kept; `null`: their number keeps none. */
  readonly keepLast: number | null;
  /** The newest backup of each of the last so many hours, days, weeks (from Monday), months and years (UTC) that have one. */
  readonly keepHourly: number | null;
  readonly keepDaily: number | null;
  readonly keepWeekly: number | null;
  readonly keepMonthly: number | null;
  readonly keepYearly: number | null;
  /** Never fewer than this many backups are left, however old they are. */
  readonly keepAtLeast: number;
}

/** Whether nothing is ever removed. */
export function keepsForever({ keepAtLeast: _floor, ...rules }: RetentionConfig): boolean {
  return Object.values(rules).every(rule => rule === null);
}

export interface ScratchConfig {
  /** Where temporary files go. */
  readonly directory: string;
  /** Size limit of the volume behind it; `null`: none but the disk's own. */
  readonly limitBytes: number | null;
}

/**
 * Renders `config` as the value of {@link CONFIG_ENV} in a pod spec.
 *
 * Kubernetes reads `$(NAME)` in env values as a reference and `$$` as a plain `$`, so every `$` is doubled.
 */
export function renderConfig(config: Config): string {
  return JSON.stringify(config).split('$').join('$$');
}

/** What the container sees of an env value that stands in a pod spec: undoes the doubling of {@link renderConfig}. */
export function unescapeEnvValue(value: string): string {
  return value.split('$$').join('$');
}
