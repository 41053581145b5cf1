import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { Chart, Cron, Duration, Size, Yaml } from 'cdk8s';
import * as kplus from 'cdk8s-plus-28';
import { parseAllDocuments } from 'yaml';
import {
  BackupBucketLifecycle,
  BackupCronJob, BackupCronJobProps, BackupExporter, BackupSource, BackupStore, CaCertificate, DrillVolume, RedisTls, RestoreDrill, RestoreDrillProps,
  RestoreJob, RestoreJobProps, RestoreMode, RestoreTrigger, RestoreWorkload, Retention, S3Credentials,
} from '../../../src';
import { restoreManifest } from '../../../src/runner/commands/restore-manifest';
import { EXAMPLE_NAMES, PROFILES, synthExample } from '../../_example';
import { cronJobOf, newChart, objectsOf, props, synth } from '../../synth';

/*
 * The manifests against Kubernetes 1.28's own code: strict decoding, defaulting, validation, warnings, and the "restricted" level of
 * Pod Security. See test/kubernetes.
 */
interface Finding {
  readonly object: string;
  readonly step: 'decode' | 'validate' | 'warn' | 'pod-security';
  readonly message: string;
}

const CACHE = process.env.CDK8S_BACKUP_TEST_CACHE ?? join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'cdk8s-backup-test');
const PROGRAM = join(CACHE, 'bin', 'kubernetes-check');
const CONTROLLER = join(CACHE, 'bin', 'cronjob-controller');

beforeAll(() => {
  if (!existsSync(PROGRAM)) throw new Error(`${PROGRAM} is missing: run test/integration/install/kubernetes.sh`);
});

function check(manifest: string): Finding[] {
  return JSON.parse(execFileSync(PROGRAM, { input: manifest, encoding: 'utf8' }));
}

const toYaml = (objects: readonly any[]): string => objects.map(object => Yaml.stringify(object)).join('---\n');

test.each(EXAMPLE_NAMES)('a cluster accepts the example %s', example => {
  expect(checkExample(example)).toEqual([]);
});

test.each(PROFILES)('a cluster accepts the example whispercache: %s', PROFILE => {
  expect(checkExample('whispercache', { PROFILE })).toEqual([]);
});

function checkExample(example: string, env: NodeJS.ProcessEnv = {}): Finding[] {
  const manifests = Object.entries(synthExample(example, env)).filter(([file]) => file.endsWith('.yaml')).map(([, text]) => text);
  // Kinds of operators are not Kubernetes' own.
  const objects = manifests.flatMap(text => parseAllDocuments(text).map(document => document.toJS())).filter(({ apiVersion }) => !apiVersion.startsWith('monitoring.coreos.com/'));
  expect(objects.length).toBeGreaterThan(2);
  return check(toYaml(objects));
}

test.each<[string, (chart: Chart) => Partial<BackupCronJobProps>]>([
  ['the defaults', () => ({})],
  ['the longest names', () => ({
    cronJobName: 'a'.repeat(52),
    stores: [BackupStore.volume({ size: Size.gibibytes(1), storeName: 'b'.repeat(30), claimName: 'c'.repeat(63) })],
  })],
  ['every property', chart => ({
    source: BackupSource.redis({ host: 'redis', tls: RedisTls.trusting(CaCertificate.fromConfigMap(kplus.ConfigMap.fromConfigMapName(chart, 'Ca', 'ca'))) }),
    pushgatewayUrl: 'http://[fd00::9]:9091',
    network: {
      database: { podLabels: { app: 'postgres' }, namespaceLabels: { 'kubernetes.io/metadata.name': 'data' }, ports: [6432] },
      stores: { '2nd': { cidrs: ['10.0.0.0/8', 'fd00::/8'] } },
      dns: { ports: [53, 5353] },
    },
    retention: Retention.days(7),
    prune: { schedule: Cron.daily() },
    verify: { schedule: Cron.daily() },
    stores: [
      BackupStore.s3({
        bucketName: 'bucket',
        region: 'eu-central-1',
        credentials: S3Credentials.workloadIdentity({ serviceAccountAnnotations: { 'eks.amazonaws.com/role-arn': 'arn:aws:iam::111122223333:role/x' } }),
      }),
      BackupStore.s3({ bucketName: 'bucket-2', storeName: '2nd' }),
      BackupStore.volume({ size: Size.gibibytes(1), storageClassName: 'slow', accessModes: [kplus.PersistentVolumeAccessMode.READ_WRITE_MANY] }),
    ],
    timeZone: 'America/Argentina/ComodRivadavia',
    labels: { 'component': 'backup', 'app.kubernetes.io/part-of': 'shop', 'empty': '' },
    imagePullSecret: kplus.Secret.fromSecretName(chart, 'Registry', 'registry'),
    priorityClassName: 'high',
    activeDeadline: Duration.minutes(1),
    backoffLimit: 0,
    successfulJobsRetained: 0,
    failedJobsRetained: 0,
    user: 1000,
  })],
  ['a policy that lets nothing out', chart => ({
    source: BackupSource.sqlite({ claim: kplus.PersistentVolumeClaim.fromClaimName(chart, 'Data', 'data'), path: 'a.db' }),
    stores: [BackupStore.volume({ size: Size.gibibytes(1) })],
  })],
  ['on demand', () => ({ onDemand: true })],
])('a cluster accepts %s', (_case, changes) => {
  expect(check(toYaml(synth(changes)))).toEqual([]);
});

test('a cluster accepts the Job that sets lifecycle rules', () => {
  const chart = newChart();
  const store = BackupStore.s3({ bucketName: 'bucket', region: 'eu-central-1' });
  new BackupBucketLifecycle(chart, 'lifecycle', { store, rules: [{ id: 'all', expiration: Duration.days(90) }], applyJob: {} });
  expect(check(toYaml(objectsOf(chart)))).toEqual([]);
});

test('a cluster accepts the exporter', () => {
  const chart = newChart();
  const stores = [BackupStore.volume({ size: Size.gibibytes(1) }), BackupStore.s3({ bucketName: 'bucket', region: 'eu-central-1' })];
  new BackupExporter(chart, 'exporter', { backups: [new BackupCronJob(chart, 'db-backup', props({ stores }))], exporterName: 'd'.repeat(52) });
  expect(check(toYaml(objectsOf(chart)))).toEqual([]);
});

// Without these, a program that looks at nothing would pass.
test.each<[string, (spec: any, job: any, pod: any) => void, Finding['step'], string]>([
  ['an unknown field', spec => { spec.env = []; }, 'decode', 'unknown field "spec.env"'],
  ['root', (_spec, _job, pod) => { pod.securityContext.runAsUser = 0; }, 'pod-security', 'runAsUser=0'],
  ['a container that may become root', (_spec, _job, pod) => { delete pod.containers[0].securityContext.allowPrivilegeEscalation; }, 'pod-security', 'allowPrivilegeEscalation != false'],
  ['capabilities', (_spec, _job, pod) => { delete pod.containers[0].securityContext.capabilities; }, 'pod-security', 'unrestricted capabilities'],
  ['a failure policy with restarts', (_spec, _job, pod) => { pod.restartPolicy = 'OnFailure'; }, 'validate', 'only "Never" is supported when podFailurePolicy is specified'],
  ['exit codes out of order', (_spec, job) => { job.podFailurePolicy.rules[1].onExitCodes.values = [11, 10]; }, 'validate', 'must be ordered'],
  ['exit codes of another container', (_spec, job) => { job.podFailurePolicy.rules[1].onExitCodes.containerName = 'main'; }, 'validate', 'must be one of the container'],
  ['a time zone in other letters', spec => { spec.timeZone = 'europe/berlin'; }, 'validate', 'unknown time zone europe/berlin'],
  ['a schedule of 6 fields', spec => { spec.schedule = '0 0 2 * * *'; }, 'validate', 'expected exactly 5 fields, found 6'],
  ['a mount without a volume', (_spec, _job, pod) => { pod.volumes = []; }, 'validate', 'volumeMounts[0].name: Not found'],
  ['a variable twice', (_spec, _job, pod) => { pod.containers[0].env.push(pod.containers[0].env[0]); }, 'warn', 'hides previous definition'],
])('a cluster refuses %s', (_case, change, step, message) => {
  const objects = synth();
  const { spec } = cronJobOf(objects);
  change(spec, spec.jobTemplate.spec, spec.jobTemplate.spec.template.spec);
  expect(check(toYaml(objects))).toContainEqual({ object: expect.any(String), step, message: expect.stringContaining(message) });
});

test('a cluster refuses a name of 53 characters, and a claim without a size', () => {
  const objects = synth({ stores: [BackupStore.volume({ size: Size.gibibytes(1) })] });
  cronJobOf(objects).metadata.name = 'a'.repeat(53);
  delete objects.find(object => object.kind === 'PersistentVolumeClaim').spec.resources;
  expect(check(toYaml(objects))).toEqual([
    { object: `CronJob/${'a'.repeat(53)}`, step: 'validate', message: expect.stringContaining('must be no more than 52 characters') },
    { object: 'PersistentVolumeClaim/backup-storage', step: 'validate', message: expect.stringContaining('spec.resources') },
  ]);
});

describe('a drill', () => {
  const chart = newChart();
  const claim = kplus.PersistentVolumeClaim.fromClaimName(chart, 'Claim', 'data');
  const sources: { readonly [name: string]: BackupSource } = {
    postgres: BackupSource.postgres({ host: 'db', databaseName: 'shop', user: 'backup' }),
    redis: BackupSource.redis({ host: 'redis' }),
    sqlite: BackupSource.sqlite({ claim, path: 'a.db' }),
  };
  const everything: { readonly [name: string]: Partial<RestoreDrillProps> } = {
    postgres: {
      cronJobName: 'a'.repeat(52),
      dataVolume: DrillVolume.claim(Size.gibibytes(50), { storageClassName: 'fast' }),
      serverArgs: ['-c', 'shared_buffers=1GB'],
      serverUser: 70,
      network: { stores: { s3: { cidrs: ['10.0.0.0/8', 'fd00::/8'], ports: [443, 9000] } } },
      priorityClassName: 'low',
      labels: { for: 'proof' },
    },
    redis: { dataVolume: DrillVolume.emptyDir(Size.gibibytes(1)), networkPolicy: false },
    sqlite: { scratchSize: Size.gibibytes(50) },
  };
  for (const [name, source] of Object.entries(sources)) {
    const stores = [BackupStore.volume({ size: Size.gibibytes(1), claimName: `${name}-backups` }), BackupStore.s3({ bucketName: 'bucket', region: 'x' })];
    const backup = new BackupCronJob(chart, `${name}-backup`, props({ source, stores }));
    new RestoreDrill(chart, `${name}-drill`, { backup, schedule: Cron.weekly() });
    new RestoreDrill(chart, `${name}-everything`, { backup, schedule: Cron.weekly(), ...everything[name] });
  }
  const objects = objectsOf(chart);
  const drill = objects.find(({ kind, metadata }) => kind === 'CronJob' && metadata.name === 'postgres-drill');

  test('is accepted by a cluster, for every engine', () => {
    // One for each of the three backups, and for each of the six drills but the one that wants none.
    expect(objects.filter(({ kind }) => kind === 'NetworkPolicy')).toHaveLength(8);
    expect(check(toYaml(objects))).toEqual([]);
  });

  test.each<[string, (pod: any) => void, Finding['step'], string]>([
    ['root', ({ initContainers: [server] }) => { server.securityContext.runAsUser = 0; }, 'pod-security', 'container "server" must not set runAsUser=0'],
    ['a probe of what is no sidecar', ({ initContainers: [server] }) => { delete server.restartPolicy; server.startupProbe = { tcpSocket: { port: 1 } }; }, 'validate', 'startupProbe'],
    ['another restart policy', ({ initContainers: [server] }) => { server.restartPolicy = 'Never'; }, 'validate', 'restartPolicy: Unsupported value'],
    ['a mount without a volume', ({ volumes }) => { volumes.pop(); }, 'validate', 'Not found: "server-data"'],
  ])('would be refused with %s', (_case, change, step, message) => {
    const object = structuredClone(drill);
    change(object.spec.jobTemplate.spec.template.spec);
    expect(check(toYaml([object]))).toContainEqual({ object: 'CronJob/postgres-drill', step, message: expect.stringContaining(message) });
  });

  test('would be refused with a policy about no range of addresses', () => {
    const policy = structuredClone(objects.find(({ kind, spec }) => kind === 'NetworkPolicy' && spec.egress[1].to));
    policy.spec.egress[1].to[0].ipBlock.cidr = 's3.amazonaws.com';
    expect(check(toYaml([policy]))).toContainEqual({ object: expect.any(String), step: 'validate', message: expect.stringContaining('ipBlock.cidr') });
  });
});

describe('a restore', () => {
  const chart = newChart();
  const backup = new BackupCronJob(chart, 'db-backup', props({ stores: [BackupStore.volume({ size: Size.gibibytes(1) })] }));
  const claim = kplus.PersistentVolumeClaim.fromClaimName(chart, 'Claim', 'redis-data');
  const workloads = [RestoreWorkload.fromDeploymentName('web'), RestoreWorkload.fromStatefulSetName('worker')];
  const restores: { readonly [id: string]: Partial<RestoreJobProps> } = {
    'db-restore': {},
    'with-workloads': { workloads, healthUrl: 'http://web/health' },
    'on-apply': { workloads, trigger: RestoreTrigger.onApply() },
    ['a'.repeat(52)]: { trigger: RestoreTrigger.onApply() },
    'redis-restore': { target: BackupSource.redis({ host: 'redis' }), backupName: 'redis' },
    'redis-file': { target: BackupSource.redis({ host: 'redis' }), backupName: 'redis', mode: RestoreMode.redisRdbFile({ claim, path: 'data' }), user: 999 },
    'parallel': { mode: RestoreMode.postgresSwap({ parallelJobs: 4 }), scratchSize: Size.gibibytes(50), priorityClassName: 'high', labels: { for: 'emergencies' } },
  };
  for (const [id, changes] of Object.entries(restores)) new RestoreJob(chart, id, { backup, ...changes });
  const objects = objectsOf(chart);
  const template = objects.find(({ kind, metadata }) => kind === 'CronJob' && metadata.name === 'db-restore');

  test('is accepted by a cluster in every form', () => {
    expect(objects.filter(({ kind }) => kind === 'Job')).toHaveLength(2);
    expect(objects.filter(({ kind }) => kind === 'Role')).toHaveLength(4);
    expect(check(toYaml(objects))).toEqual([]);
  });

  test('of a chosen backup is accepted by a cluster', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'manifest-'));
    writeFileSync(join(directory, 'shop.yaml'), toYaml(objects));
    for (const [job, name] of [['db-restore'], ['with-workloads', 'a'.repeat(63)]]) {
      const manifest = await restoreManifest({ manifest: join(directory, 'shop.yaml'), job, name, backup: 'latest', set: [] }, new Date());
      expect(check(manifest)).toEqual([]);
    }
  });

  test.each<[string, string, (object: any) => void, Finding['step'], string]>([
    ['a Job that runs as root', 'Job', ({ spec }) => { spec.template.spec.securityContext.runAsUser = 0; }, 'pod-security', 'runAsUser=0'],
    ['a Job that restarts its containers', 'Job', ({ spec }) => { spec.template.spec.restartPolicy = 'OnFailure'; }, 'validate', 'only "Never" is supported'],
    ['a Role without verbs', 'Role', ({ rules }) => { rules[0].verbs = []; }, 'validate', 'verbs must contain at least one value'],
    ['a RoleBinding of nothing', 'RoleBinding', ({ roleRef }) => { roleRef.kind = 'CronJob'; }, 'validate', 'roleRef.kind: Unsupported value'],
  ])('would be refused as %s', (_case, kind, change, step, message) => {
    const object = structuredClone(objects.find(candidate => candidate.kind === kind));
    change(object);
    expect(check(toYaml([object]))).toContainEqual({ object: expect.any(String), step, message: expect.stringContaining(message) });
  });

  test('is started by no schedule and no restart of the controller, even if somebody resumes it', () => {
    const named = (name: string, changes: object) => ({ ...template, metadata: { name }, spec: { ...template.spec, ...changes } });
    const started = execFileSync(CONTROLLER, {
      encoding: 'utf8',
      input: toYaml([
        named('as-it-is', {}),
        named('resumed', { suspend: false }),
        named('resumed-without-deadline', { suspend: false, startingDeadlineSeconds: undefined }),
        // What the controller does with others: with these, a program that does nothing does not pass.
        named('every-minute', { suspend: false, schedule: '* * * * *', startingDeadlineSeconds: undefined }),
        named('every-minute-suspended', { schedule: '* * * * *', startingDeadlineSeconds: undefined }),
      ]),
      stdio: ['pipe', 'pipe', 'ignore'],
    });
    expect(JSON.parse(started)).toEqual(['every-minute']);
  });
});
