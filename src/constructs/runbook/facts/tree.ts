import { ApiObject, Chart } from 'cdk8s';
import { IConstruct } from 'constructs';
import { kubectlOf } from './kubectl';
import { ManifestFiles } from './manifest-file';
import { AlertFacts, ExporterFacts, NamespaceFacts, RunbookFacts, SecretFacts } from './runbook-facts';
import { PodSecrets, secretsOf } from './secrets';
import { Parts, podOf, subjectsOf } from './subjects';
import { BackupAlertRules } from '../../alerts/backup-alert-rules';
import { BackupCronJob } from '../../backup/backup-cron-job';
import { BackupBucketLifecycle } from '../../bucket/backup-bucket-lifecycle';
import { S3AccessPolicy } from '../../bucket/s3-access-policy';
import { RestoreDrill } from '../../drill/restore-drill';
import { BackupExporter } from '../../exporter/backup-exporter';
import { RestoreJob } from '../../restore/restore-job';

type Class<T> = abstract new (...args: any[]) => T;

/** Everything that a runbook can tell of what is defined in a scope. */
export function factsOf(scope: IConstruct): RunbookFacts {
  const constructs = scope.node.findAll();
  const all = <T>(type: Class<T>) => constructs.filter((construct): construct is T & IConstruct => construct instanceof type);
  const parts: Parts = { backups: all(BackupCronJob), restores: all(RestoreJob), drills: all(RestoreDrill) };
  const exporters = all(BackupExporter);
  const files = new ManifestFiles(scope);
  return {
    subjects: subjectsOf(parts, exporters.map(exporterOf), files),
    exporters: exporters.map(exporterOf),
    alerts: alertsOf(all(BackupAlertRules)),
    lifecycles: all(BackupBucketLifecycle).map(({ fileName: file, bucketName: bucket }) => ({ file, bucket })),
    policies: all(S3AccessPolicy).map(({ fileName: file }) => ({ file })),
    images: imagesOf(parts),
    namespaces: namespacesOf(parts, exporters, files),
  };
}

function imagesOf({ backups, restores }: Parts): string[] {
  const workloads = [...backups.map(({ cronJob }) => cronJob), ...restores.map(({ resource }) => resource)];
  return [...new Set(workloads.map(workload => podOf(workload).containers[0].image))];
}

function exporterOf(exporter: BackupExporter): ExporterFacts {
  const { backups, port } = exporter._config;
  return {
    name: exporter.exporterName,
    kubectl: kubectlOf(Chart.of(exporter).namespace),
    port,
    backups: backups.map(({ name }) => name),
    secrets: secretsOf(podOf(exporter.deployment)),
  };
}

/** In the order of the rules, which is that of their files. */
function alertsOf(all: readonly BackupAlertRules[]): AlertFacts[] {
  const rules = all.flatMap(({ _groups }) => _groups.flatMap(group => group.rules));
  const names = [...new Set(rules.map(({ alert }) => alert))];
  return names.map(alert => ({
    alert,
    rules: rules.filter(rule => rule.alert === alert).map(({ labels: { severity, namespace, cronjob, persistentvolumeclaim } }) => ({
      severity, namespace, cronJob: cronjob, claim: persistentvolumeclaim,
    })),
  }));
}

/** A pod that takes Secrets, by the name of what makes it. */
interface User {
  readonly name: string;
  readonly secrets: PodSecrets;
}

function namespacesOf({ backups, restores, drills }: Parts, exporters: readonly BackupExporter[], files: ManifestFiles): NamespaceFacts[] {
  const constructs = [...backups, ...restores, ...drills, ...exporters];
  return [...new Set(constructs.map(construct => Chart.of(construct).namespace))].map(name => {
    const within = <T extends IConstruct>(all: readonly T[]) => all.filter(construct => Chart.of(construct).namespace === name);
    const workloads = [
      ...within(backups).flatMap(({ cronJob, verifyCronJob, pruneCronJob }) => [cronJob, verifyCronJob, pruneCronJob]),
      ...within(restores).map(({ resource }) => resource),
      ...within(drills).map(({ cronJob }) => cronJob),
      ...within(exporters).map(({ deployment }) => deployment),
    ].flatMap(workload => workload ?? []);
    const users = workloads.map((workload): User => ({ name: workload.name, secrets: secretsOf(podOf(workload)) }));
    return {
      name,
      kubectl: kubectlOf(name),
      secrets: secretsIn(users, backups, name),
      applied: [...new Set(workloads.map(workload => files.appliedWith(ApiObject.of(workload))))],
    };
  });
}

function secretsIn(users: readonly User[], backups: readonly BackupCronJob[], namespace: string | undefined): SecretFacts[] {
  const taken = users.flatMap(({ name: user, secrets: { variables, files } }) => [
    ...variables.map(({ secret, key }) => ({ user, secret, key, isFile: false })),
    ...files.map(({ secret, key }) => ({ user, secret, key, isFile: true })),
  ]);
  return [...new Set(taken.map(({ secret }) => secret))].map(name => {
    const uses = taken.filter(({ secret }) => secret === name);
    const keys = (isFile: boolean) => [...new Set(uses.filter(use => use.isFile === isFile).map(({ key }) => key))];
    const userNames = [...new Set(uses.map(({ user }) => user))];
    return { name, keys: keys(false), files: keys(true), users: userNames, backedUpBy: backupOfSecret(name, backups, namespace) };
  });
}

/** The backup that names this Secret. */
function backupOfSecret(name: string, backups: readonly BackupCronJob[], namespace: string | undefined): string | undefined {
  const has = ({ _config: { source } }: BackupCronJob) => 'secretNames' in source && source.namespace === namespace && source.secretNames.includes(name);
  return backups.find(has)?.cronJobName;
}
