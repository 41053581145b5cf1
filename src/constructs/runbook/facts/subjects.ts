import { ApiObject, Chart } from 'cdk8s';
import * as kplus from 'cdk8s-plus-28';
import { authoritiesOf } from './authorities';
import { kubectlOf } from './kubectl';
import { ManifestFiles } from './manifest-file';
import { containerOf, outsideOf, partOf } from './outside';
import { retentionWords } from './retention-words';
import { BackupFacts, ExporterFacts, JobFacts, RestoreFacts, StoreFacts, Subject } from './runbook-facts';
import { secretsOf } from './secrets';
import { StoreConfig } from '../../../contract/config';
import { slug } from '../../../contract/runbook';
import { BackupCronJob } from '../../backup/backup-cron-job';
import { RestoreDrill } from '../../drill/restore-drill';
import { runbookOf } from '../../engines/engines';
import { RestoreJob } from '../../restore/restore-job';
import { BackupStore } from '../../stores/backup-store';
import { isBucket } from '../../stores/s3/store-type';
import { storeType } from '../../stores/store-types';

/** What is there, each kind in the order of the tree. */
export interface Parts {
  readonly backups: readonly BackupCronJob[];
  readonly restores: readonly RestoreJob[];
  readonly drills: readonly RestoreDrill[];
}

/** Each backup with what restores it; then the restores of backups that are defined elsewhere. */
export function subjectsOf(parts: Parts, exporters: readonly ExporterFacts[], files: ManifestFiles): Subject[] {
  const { backups, restores, drills } = parts;
  const made = { drills, exporters, files };
  const templates = restores.filter(({ _isTemplate }) => _isTemplate);
  const ofBackups = backups.map(backup => subjectOf(backup, templates.find(({ _backup }) => _backup === backup), made));
  const others = templates.filter(({ _backup }) => _backup === undefined || !backups.includes(_backup)).map(restore => ofRestore(restore, files));
  return named([...ofBackups, ...others]);
}

/** What is there beside a backup. */
interface Made {
  readonly drills: readonly RestoreDrill[];
  readonly exporters: readonly ExporterFacts[];
  readonly files: ManifestFiles;
}

function subjectOf(backup: BackupCronJob, restore: RestoreJob | undefined, { drills, exporters, files }: Made): Subject {
  const namespace = Chart.of(backup).namespace;
  return {
    name: backup.backupName,
    kubectl: kubectlOf(namespace),
    namespace,
    stores: backup._config.stores.map((config, i) => storeOf(config, backup._backupStores[i], backup, backup._jobFacts.stores[i].claimName)),
    backup: backupOf(backup, files),
    restore: restore && restoreOf(restore, files),
    drills: drills.filter(({ _drill }) => _drill.backup === backup).map(({ cronJob }) => jobOf(cronJob, files)),
    exporter: exporters.find(exporter => exporter.kubectl === kubectlOf(namespace) && exporter.backups.includes(backup.backupName)),
  };
}

function ofRestore(restore: RestoreJob, files: ManifestFiles): Subject {
  const namespace = Chart.of(restore).namespace;
  const { name, stores } = restore._config;
  return {
    name,
    kubectl: kubectlOf(namespace),
    namespace,
    stores: stores.map(config => storeOf(config, undefined, undefined, undefined)),
    backup: undefined,
    restore: restoreOf(restore, files),
    drills: [],
    exporter: undefined,
  };
}

/** By the name of the backup, with what it takes for headings to be different. */
function named(subjects: readonly Subject[]): Subject[] {
  const isOnly = (names: readonly string[], name: string) => names.filter(other => slug(other) === slug(name)).length === 1;
  const short = subjects.map(({ name }) => name);
  const long = subjects.map(({ namespace = 'default', name }) => `${namespace} ${name}`);
  return subjects.map((subject, i) => {
    if (isOnly(short, short[i])) return subject;
    if (isOnly(long, long[i])) return { ...subject, name: long[i] };
    return { ...subject, name: `${long[i]} of ${(subject.backup ?? subject.restore!).cronJob}` };
  });
}

function backupOf(backup: BackupCronJob, files: ManifestFiles): BackupFacts {
  const { cronJob, verifyCronJob, pruneCronJob, _config: config } = backup;
  const report = backup.recoveryReport();
  return {
    ...jobOf(cronJob, files),
    schedule: report.schedule,
    backupName: backup.backupName,
    source: config.source,
    what: runbookOf(config.source).describe(config.source),
    timeZone: report.timeZone,
    kept: retentionWords(config.retention),
    prunes: config.pruneAfterBackup || pruneCronJob !== undefined,
    recipients: config.encryption?.recipients ?? [],
    report,
    verification: config.verify,
    verify: verifyCronJob && jobOf(verifyCronJob, files),
    prune: pruneCronJob && jobOf(pruneCronJob, files),
    authorities: authoritiesOf(config.stores, podOf(cronJob)),
    secrets: secretsOf(podOf(cronJob)),
  };
}

function restoreOf(restore: RestoreJob, files: ManifestFiles): RestoreFacts {
  const object = ApiObject.of(restore.resource);
  const namespace = Chart.of(restore).namespace;
  const secrets = secretsOf(podOf(restore.resource));
  return {
    cronJob: restore.resourceName,
    manifest: files.of(object),
    schedule: undefined,
    config: restore._config,
    authorities: authoritiesOf(restore._config.stores, podOf(restore.resource)),
    deadlineSeconds: object.toJson().spec.jobTemplate.spec.activeDeadlineSeconds,
    secrets,
    outside: outsideOf(restore._config, namespace),
    container: containerOf(restore._config, namespace, podOf(restore.resource)),
    keepsPrevious: runbookOf(restore._config.target).keepsPrevious(restore._config.target),
    part: partOf(restore._config, namespace, secrets),
  };
}

function jobOf(cronJob: kplus.CronJob, files: ManifestFiles): JobFacts {
  return { cronJob: cronJob.name, manifest: files.of(ApiObject.of(cronJob)), schedule: cronJob.schedule.expressionString };
}

/** The spec of the pod, with what patches have changed. */
export function podOf(workload: kplus.Workload): any {
  const { spec } = ApiObject.of(workload).toJson();
  return (spec.jobTemplate?.spec ?? spec).template.spec;
}

/** @param store what it is made of, where that is known */
function storeOf(config: StoreConfig, store: BackupStore | undefined, backup: BackupCronJob | undefined, claim: string | undefined): StoreFacts {
  const type = storeType(config);
  const reachable = type.reachedBy !== 'claim';
  const cluster = backup?._recovery.props.objectives?.cluster ?? {};
  return {
    name: config.name,
    what: type.describe(config, claim),
    location: store?.location.description ?? (reachable ? 'outside of the cluster' : 'in the cluster'),
    outside: store?.location._isOutside ?? reachable,
    reachable,
    variables: type.secretVariables(config),
    bucket: isBucket(config) ? config : undefined,
    survives: scenario => store?.location._survival(scenario, cluster).survives ?? reachable,
  };
}
