import { Chart, Cron, Duration, Size } from 'cdk8s';
import * as kplus from 'cdk8s-plus-28';
import {
  BackupBucketLifecycle,
  BackupCronJob, BackupCronJobProps, BackupExporter, BackupSource, BackupStore, CaCertificate, DrillVolume, PostgresTls, RestoreDrill, RestoreJob,
  RestoreMode, RestoreTrigger, RestoreWorkload,
} from '../../../src';
import { cronJobOf, newChart, objectsOf, props, synth } from '../../synth';

/*
 * The "restricted" level of the Pod Security Standards, rule by rule, as of Kubernetes 1.28. The integration tests ask Kubernetes'
 * own code as well; this one says which line of the pod breaks which rule, and needs nothing.
 */
interface Rule {
  readonly name: string;
  /** What is wrong with the pod template. */
  readonly check: (template: any) => string[];
}

const containersOf = (pod: any): any[] => [...pod.initContainers ?? [], ...pod.containers, ...pod.ephemeralContainers ?? []];

/** Applies a check to every container, and puts its name before what is wrong. */
function eachContainer(check: (container: any, pod: any) => string | undefined): Rule['check'] {
  return ({ spec }) => containersOf(spec).flatMap(container => {
    const fault = check(container, spec);
    return fault === undefined ? [] : [`${container.name}: ${fault}`];
  });
}

const SAFE_SYSCTLS = ['kernel.shm_rmid_forced', 'net.ipv4.ip_local_port_range', 'net.ipv4.ip_unprivileged_port_start', 'net.ipv4.tcp_syncookies', 'net.ipv4.ping_group_range'];
const VOLUME_TYPES = ['configMap', 'csi', 'downwardAPI', 'emptyDir', 'ephemeral', 'persistentVolumeClaim', 'projected', 'secret'];

const RESTRICTED: Rule[] = [
  { name: 'no Windows HostProcess', check: ({ spec }) => [spec, ...containersOf(spec)].filter(part => part.securityContext?.windowsOptions?.hostProcess).map(() => 'hostProcess') },
  { name: 'no host namespaces', check: ({ spec }) => ['hostNetwork', 'hostPID', 'hostIPC'].filter(field => spec[field]) },
  { name: 'no privileged containers', check: eachContainer(c => c.securityContext?.privileged ? 'privileged' : undefined) },
  { name: 'all capabilities dropped', check: eachContainer(c => c.securityContext?.capabilities?.drop?.includes('ALL') ? undefined : 'ALL is not dropped') },
  {
    name: 'no capabilities but NET_BIND_SERVICE added',
    check: eachContainer(c => (c.securityContext?.capabilities?.add ?? []).some((added: string) => added !== 'NET_BIND_SERVICE') ? 'adds capabilities' : undefined),
  },
  { name: 'no hostPath and no other volume types than these', check: ({ spec }) => (spec.volumes ?? []).filter((v: any) => !VOLUME_TYPES.some(type => type in v)).map((v: any) => v.name) },
  { name: 'no host ports', check: eachContainer(c => (c.ports ?? []).some((port: any) => port.hostPort) ? 'hostPort' : undefined) },
  {
    name: 'no AppArmor profile but the runtime\'s or a local one',
    check: ({ metadata }) => Object.entries(metadata?.annotations ?? {})
      .filter(([key, value]) => key.startsWith('container.apparmor.security.beta.kubernetes.io/') && !/^(runtime\/default|localhost\/.*|)$/.test(String(value)))
      .map(([key]) => key),
  },
  {
    name: 'no SELinux user, role or unusual type',
    check: ({ spec }) => [spec, ...containersOf(spec)].map(part => part.securityContext?.seLinuxOptions ?? {})
      .filter(({ type = '', user = '', role = '' }) => !['', 'container_t', 'container_init_t', 'container_kvm_t'].includes(type) || user !== '' || role !== '')
      .map(options => JSON.stringify(options)),
  },
  { name: 'the default /proc', check: eachContainer(c => ['Default', undefined].includes(c.securityContext?.procMount) ? undefined : 'procMount') },
  {
    name: 'seccomp at the runtime\'s default or a local profile',
    check: eachContainer((c, pod) => {
      const profile = c.securityContext?.seccompProfile ?? pod.securityContext?.seccompProfile;
      return ['RuntimeDefault', 'Localhost'].includes(profile?.type) ? undefined : `seccomp ${profile?.type}`;
    }),
  },
  {
    name: 'seccomp not unconfined on the pod',
    check: ({ spec }) => spec.securityContext?.seccompProfile?.type === 'Unconfined' ? ['Unconfined'] : [],
  },
  { name: 'safe sysctls only', check: ({ spec }) => (spec.securityContext?.sysctls ?? []).map((s: any) => s.name).filter((name: string) => !SAFE_SYSCTLS.includes(name)) },
  { name: 'no privilege escalation', check: eachContainer(c => c.securityContext?.allowPrivilegeEscalation === false ? undefined : 'allowPrivilegeEscalation is not false') },
  {
    name: 'not as root',
    check: eachContainer((c, pod) => c.securityContext?.runAsNonRoot ?? pod.securityContext?.runAsNonRoot ? undefined : 'runAsNonRoot is not true'),
  },
  { name: 'no user 0', check: ({ spec }) => [spec, ...containersOf(spec)].filter(part => part.securityContext?.runAsUser === 0).map(() => 'runAsUser: 0') },
];

const CASES: [string, (chart: Chart) => Partial<BackupCronJobProps>][] = [
  ['PostgreSQL to S3', () => ({})],
  ['PostgreSQL with a CA, to a volume', chart => ({
    source: BackupSource.postgres({
      host: 'h', databaseName: 'd', user: 'u', tls: PostgresTls.verifyFull(CaCertificate.fromConfigMap(kplus.ConfigMap.fromConfigMapName(chart, 'Ca', 'ca'))),
    }),
    stores: [BackupStore.volume({ size: Size.gibibytes(1) })],
  })],
  ['Redis', () => ({ source: BackupSource.redis({ host: 'redis' }) })],
  ['SQLite', chart => ({ source: BackupSource.sqlite({ claim: kplus.PersistentVolumeClaim.fromClaimName(chart, 'Data', 'data'), path: 'a.db' }) })],
];

const TEMPLATES: [string, () => any][] = [
  ...CASES.map(([name, changes]): [string, () => any] => [name, () => cronJobOf(synth(changes)).spec.jobTemplate.spec.template]),
  ['the Job that sets lifecycle rules', () => {
    const chart = newChart();
    const store = BackupStore.s3({ bucketName: 'shop-backups', region: 'eu-central-1' });
    new BackupBucketLifecycle(chart, 'lifecycle', { store, rules: [{ id: 'all', expiration: Duration.days(90) }], applyJob: {} });
    return objectsOf(chart).find(({ kind }) => kind === 'Job').spec.template;
  }],
  ['an exporter', () => {
    const chart = newChart();
    const stores = [BackupStore.volume({ size: Size.gibibytes(1) }), BackupStore.s3({ bucketName: 'shop-backups', region: 'eu-central-1' })];
    new BackupExporter(chart, 'exporter', { backups: [new BackupCronJob(chart, 'db-backup', props({ stores }))] });
    return objectsOf(chart).find(({ kind }) => kind === 'Deployment').spec.template;
  }],
];

describe.each(TEMPLATES)('%s', (_case, templateOf) => {
  const template = templateOf();

  test.each(RESTRICTED)('$name', ({ check }) => {
    expect(check(template)).toEqual([]);
  });

  test('a read-only root filesystem, and a numeric user', () => {
    for (const container of containersOf(template.spec)) {
      expect(container.securityContext).toMatchObject({ readOnlyRootFilesystem: true, runAsUser: 10001, runAsGroup: 10001 });
    }
  });

  test('no token of the API', () => {
    expect(template.spec.automountServiceAccountToken).toBe(false);
  });
});

describe.each<[string, RestoreTrigger]>([['a template', RestoreTrigger.TEMPLATE], ['a Job', RestoreTrigger.onApply()]])('a restore by %s', (_case, trigger) => {
  const chart = newChart();
  const claim = kplus.PersistentVolumeClaim.fromClaimName(chart, 'Claim', 'redis-data');
  new RestoreJob(chart, 'restore', {
    trigger,
    target: BackupSource.redis({ host: 'redis' }),
    mode: RestoreMode.redisRdbFile({ claim }),
    stores: [BackupStore.volume({ size: Size.gibibytes(1) })],
    workloads: [RestoreWorkload.fromStatefulSetName('redis')],
  });
  const { spec } = objectsOf(chart).find(({ kind }) => kind === 'CronJob' || kind === 'Job');
  const template = (spec.jobTemplate?.spec ?? spec).template;

  test.each(RESTRICTED)('$name', ({ check }) => {
    expect(check(template)).toEqual([]);
  });

  test('a token of the API, since it has something to stop', () => {
    expect(template.spec.automountServiceAccountToken).toBe(true);
  });
});

describe.each<[string, BackupSource]>([
  ['PostgreSQL', BackupSource.postgres({ host: 'h', databaseName: 'd', user: 'u' })], ['Redis', BackupSource.redis({ host: 'redis' })],
])('a drill of %s', (_case, source) => {
  const chart = newChart();
  const backup = new BackupCronJob(chart, 'backup', props({ source }));
  new RestoreDrill(chart, 'drill', { backup, schedule: Cron.weekly(), dataVolume: DrillVolume.claim(Size.gibibytes(1)) });
  const { template } = objectsOf(chart).find(({ kind, metadata }) => kind === 'CronJob' && metadata.name === 'drill').spec.jobTemplate.spec;

  test.each(RESTRICTED)('$name', ({ check }) => {
    expect(check(template)).toEqual([]);
  });

  test('read-only root filesystems, and no token of the API', () => {
    expect(containersOf(template.spec).map(({ name }) => name)).toEqual(['server', 'drill']);
    for (const container of containersOf(template.spec)) expect(container.securityContext).toMatchObject({ readOnlyRootFilesystem: true });
    expect(template.spec.automountServiceAccountToken).toBe(false);
  });
});

test('the rules do find what is wrong', () => {
  const bad = {
    metadata: { annotations: { 'container.apparmor.security.beta.kubernetes.io/a': 'unconfined' } },
    spec: {
      hostPID: true,
      securityContext: { runAsUser: 0, seccompProfile: { type: 'Unconfined' }, sysctls: [{ name: 'kernel.msgmax' }], seLinuxOptions: { user: 'x' }, windowsOptions: { hostProcess: true } },
      volumes: [{ name: 'root', hostPath: { path: '/' } }],
      containers: [{ name: 'a', ports: [{ hostPort: 80 }], securityContext: { privileged: true, procMount: 'Unmasked', capabilities: { add: ['SYS_ADMIN'] } } }],
    },
  };
  expect(RESTRICTED.filter(({ check }) => check(bad).length === 0).map(({ name }) => name)).toEqual([]);
});
