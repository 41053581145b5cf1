/*
 * What a runbook is made of. All of it is read from the constructs, whose manifests are written in the same synth: nothing here is chosen.
 */
import { AuthorityFacts } from './authorities';
import { PodSecrets, SecretVariable } from './secrets';
import { RestoreConfig, S3StoreConfig, SourceConfig, VerificationConfig } from '../../../contract/config';
import { RecoveryReport } from '../../recovery/recovery-report';
import { RecoveryScenario } from '../../recovery/recovery-scenario';

export interface RunbookFacts {
  readonly subjects: readonly Subject[];
  readonly exporters: readonly ExporterFacts[];
  readonly alerts: readonly AlertFacts[];
  /** The rules of buckets, and the policies of roles: files beside the runbook. */
  readonly lifecycles: readonly { readonly file: string; readonly bucket: string }[];
  readonly policies: readonly { readonly file: string }[];
  readonly images: readonly string[];
  readonly namespaces: readonly NamespaceFacts[];
}

/** A namespace with all that has to be made in it, in a cluster that is new. */
export interface NamespaceFacts {
  /** `undefined`: the one that kubectl is set to. */
  readonly name: string | undefined;
  readonly kubectl: string;
  readonly secrets: readonly SecretFacts[];
  /** What `kubectl apply` takes. */
  readonly applied: readonly string[];
}

export interface SecretFacts {
  readonly name: string;
  readonly keys: readonly string[];
  /** Keys that are whole files. */
  readonly files: readonly string[];
  /** The CronJobs and Deployments whose pods take it. */
  readonly users: readonly string[];
  /** The backup that has it, if there is one. */
  readonly backedUpBy: string | undefined;
}

/** Something that is backed up, or that can be restored. */
export interface Subject {
  /** By which headings tell it from the others. */
  readonly name: string;
  /** `kubectl`, or `kubectl -n shop`. */
  readonly kubectl: string;
  readonly namespace: string | undefined;
  readonly stores: readonly StoreFacts[];
  readonly backup: BackupFacts | undefined;
  readonly restore: RestoreFacts | undefined;
  readonly drills: readonly JobFacts[];
  /** Whoever watches the backup. */
  readonly exporter: ExporterFacts | undefined;
}

/** A CronJob, and the file with it. */
export interface JobFacts {
  readonly cronJob: string;
  readonly manifest: string;
  /** `undefined`: only a person starts it. */
  readonly schedule: string | undefined;
}

export interface BackupFacts extends JobFacts {
  /** First part of the names of what is stored. */
  readonly backupName: string;
  readonly source: SourceConfig;
  /** What is backed up, in words. */
  readonly what: string;
  readonly timeZone: string;
  readonly kept: string;
  readonly prunes: boolean;
  readonly recipients: readonly string[];
  readonly report: RecoveryReport;
  readonly verification: VerificationConfig;
  readonly verify: JobFacts | undefined;
  readonly prune: JobFacts | undefined;
  readonly authorities: readonly AuthorityFacts[];
  readonly secrets: PodSecrets;
}

export interface RestoreFacts extends JobFacts {
  readonly config: RestoreConfig;
  readonly deadlineSeconds: number;
  readonly authorities: readonly AuthorityFacts[];
  readonly secrets: PodSecrets;
  readonly outside: OutsideFacts;
  /** `undefined`: it needs a cluster. */
  readonly container: ContainerFacts | undefined;
  /** Whether there is a way back. */
  readonly keepsPrevious: boolean;
  /** How one table comes back alone, if there is a way. */
  readonly part: PartFacts | undefined;
}

/** A restore from a machine outside of the cluster. */
export interface OutsideFacts {
  /** Commands that go on until they are stopped. */
  readonly forwards: readonly string[];
  /** Whether it asks the API server. */
  readonly api: boolean;
  readonly settings: readonly string[];
  readonly notes: readonly string[];
}

/** A restore in a container that no cluster runs. */
export interface ContainerFacts {
  readonly image: string;
  readonly settings: readonly string[];
  readonly network: boolean;
  /** Where volumes with files are mounted in the pod. */
  readonly mounts: readonly string[];
}

export interface PartFacts {
  readonly forwards: readonly string[];
  /** With which options the backup is restored beside. */
  readonly beside: readonly string[];
  /** What is needed to log in. */
  readonly login: readonly SecretVariable[];
  readonly copy: readonly string[];
  readonly remove: readonly string[];
}

export interface StoreFacts {
  readonly name: string;
  /** `bucket your-backup-bucket`, `claim backup-storage`. */
  readonly what: string;
  /** Where it is, in words. */
  readonly location: string;
  /** Whether it is outside of the cluster. */
  readonly outside: boolean;
  /** Whether any machine reaches it that has the secrets, which a claim does not let. */
  readonly reachable: boolean;
  /** The environment variables with these secrets. */
  readonly variables: readonly string[];
  readonly bucket: S3StoreConfig | undefined;
  /** Whether what is in it outlives the scenario. */
  readonly survives: (scenario: RecoveryScenario) => boolean;
}

export interface ExporterFacts {
  readonly name: string;
  readonly kubectl: string;
  readonly port: number;
  /** Names of the backups that it watches. */
  readonly backups: readonly string[];
  readonly secrets: PodSecrets;
}

/** The rules of one name, of all backups together. */
export interface AlertFacts {
  readonly alert: string;
  readonly rules: readonly AlertRuleFacts[];
}

export interface AlertRuleFacts {
  readonly severity: string;
  readonly namespace: string;
  /** Of the CronJob that it is about; `undefined`: it is about a claim. */
  readonly cronJob: string | undefined;
  readonly claim: string | undefined;
}
