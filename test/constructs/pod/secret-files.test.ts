import { Chart, Cron } from 'cdk8s';
import * as kplus from 'cdk8s-plus-28';
import {
  BackupBucketLifecycle, BackupCronJob, BackupExporter, BackupSource, BackupStore, RestoreDrill, RestoreJob, Retention, S3Access, S3Credentials,
} from '../../../src';
import { newChart, objectsOf, props } from '../../synth';

const SECRETS = '/etc/cdk8s-backup/secrets';

/** Everything that has a pod, with two Secrets. */
function synth(credentialsAsFiles: boolean | undefined): any[] {
  const chart = newChart();
  const secret = (name: string) => kplus.Secret.fromSecretName(chart, `Secret-${name}`, name);
  const s3 = (name: string, access: S3Access) => S3Credentials.fromSecret(secret(name), { access });
  const backup = new BackupCronJob(chart, 'db-backup', props({
    source: BackupSource.postgres({ host: 'postgres', databaseName: 'orders', user: 'backup', password: { secret: secret('database.credentials'), key: 'password' } }),
    stores: [BackupStore.s3({ bucketName: 'shop-backups', region: 'eu-central-1', credentials: s3('keys', S3Access.BACKUP) })],
    retention: Retention.days(7),
    prune: { schedule: Cron.daily(), s3Credentials: { s3: s3('keys-prune', S3Access.PRUNE) } },
    verify: { schedule: Cron.weekly(), s3Credentials: { s3: s3('keys-verify', S3Access.VERIFY) } },
    credentialsAsFiles,
  }));
  const restore = new RestoreJob(chart, 'db-restore', { backup });
  const drill = new RestoreDrill(chart, 'db-drill', { backup, schedule: Cron.weekly(), s3Credentials: { s3: s3('keys-drill', S3Access.VERIFY) } });
  new BackupExporter(chart, 'exporter', { backups: [backup], restores: [restore], drills: [drill] });
  BackupBucketLifecycle.forBackups(chart, 'lifecycle', [backup], { applyJob: { credentialsAsFiles, s3Credentials: s3('keys-lifecycle', S3Access.LIFECYCLE) } });
  return objectsOf(chart as Chart);
}

interface Pod {
  readonly name: string;
  readonly spec: any;
  /** Of the container that is the runner. */
  readonly runner: any;
}

function podsOf(objects: readonly any[]): Pod[] {
  return objects.flatMap(({ kind, metadata: { name }, spec }) => {
    const pod = (spec?.jobTemplate?.spec ?? spec)?.template?.spec;
    return pod === undefined ? [] : [{ name: `${kind} ${name}`, spec: pod, runner: pod.containers[0] }];
  });
}

const secretVariables = ({ spec }: Pod): any[] => [...spec.initContainers ?? [], ...spec.containers].flatMap(({ env = [] }) => env)
  .filter(({ valueFrom }: any) => valueFrom?.secretKeyRef);

test('no pod has a variable from a Secret: each that would is a file', () => {
  const [before, after] = [synth(undefined), synth(true)].map(podsOf) as [Pod[], Pod[]];
  expect(before.filter(pod => secretVariables(pod).length > 0)).toHaveLength(7);
  for (const pod of after) {
    const plain = before.find(each => each.name.replace(/-[0-9a-f]{8}$/, '') === pod.name.replace(/-[0-9a-f]{8}$/, ''))!;
    expect([pod.name, secretVariables(pod)]).toEqual([pod.name, []]);
    const expected = secretVariables(plain).map(({ name, valueFrom: { secretKeyRef: from } }) => (
      { name: `${name}_FILE`, value: `${SECRETS}/${from.name}/${from.key}` }
    ));
    expect([pod.name, pod.runner.env.filter(({ name }: any) => name.endsWith('_FILE'))]).toEqual([pod.name, expected]);
  }
});

test('of each Secret the keys that are used are mounted, for the group of the pod, to be read only', () => {
  for (const { name, spec, runner } of podsOf(synth(true))) {
    const files: string[] = runner.env.filter((each: any) => each.name.endsWith('_FILE')).map(({ value }: any) => value);
    const mounted = (spec.volumes ?? []).filter((volume: any) => volume.secret).flatMap(({ name: volume, secret }: any) => {
      const mount = runner.volumeMounts.find((each: any) => each.name === volume);
      expect([name, mount]).toEqual([name, { name: volume, mountPath: `${SECRETS}/${secret.secretName}`, readOnly: true }]); // no subPath: it would never be renewed
      expect([name, secret.defaultMode]).toEqual([name, 0o440]);
      return secret.items.map(({ key, path }: any) => [`${mount.mountPath}/${path}`, key]);
    });
    expect([name, mounted.map(([file]: [string]) => file).sort()]).toEqual([name, [...files].sort()]);
    expect([name, spec.securityContext.fsGroup]).toEqual([name, 10_001]);
  }
});

test('what the runner is told is the same: names of variables', () => {
  const configs = (credentialsAsFiles: boolean | undefined) => podsOf(synth(credentialsAsFiles)).map(({ runner }) => runner.env[0].value);
  expect(configs(true)).toEqual(configs(undefined));
});

test('a restore, a drill or an exporter can be told otherwise than its backup', () => {
  const chart = newChart();
  const backup = new BackupCronJob(chart, 'db-backup', props({ credentialsAsFiles: true }));
  new RestoreJob(chart, 'db-restore', { backup, credentialsAsFiles: false });
  new RestoreJob(chart, 'other-restore', { backup });
  const withVariables = podsOf(objectsOf(chart)).filter(pod => secretVariables(pod).length > 0).map(({ name }) => name);
  expect(withVariables).toEqual(['CronJob db-restore']);
});
