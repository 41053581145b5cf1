import { Chart, Duration, Size } from 'cdk8s';
import * as kplus from 'cdk8s-plus-28';
import { AT_ONCE, Case, configOf, define, named, podOf, redis, secrets, serverOf, SIX_HOURS, sqlite } from './_restore-drill';
import { BackupSource, BackupStore, Decryption, DrillVolume, Encryption, S3Credentials } from '../../../src';
import { warningsOf } from '../../../src/constructs/core/warnings';
import { CONFIG_ENV } from '../../../src/contract/config';
import { PERMANENT } from '../../../src/contract/exit-code';
import { objectsOf } from '../../synth';

describe('defaults', () => {
  const { objects, drill } = define();

  test('have not changed', () => {
    expect(objects).toMatchSnapshot();
  });

  test('are a CronJob, an identity without rights and without a token, and a policy', () => {
    expect(objects.map(({ kind, metadata: { name } }) => `${kind}/${name}`).sort()).toEqual(['CronJob/db-drill', 'NetworkPolicy/db-drill', 'ServiceAccount/db-drill']);
    expect(podOf(objects)).toMatchObject({ serviceAccountName: 'db-drill', automountServiceAccountToken: false, restartPolicy: 'Never' });
  });

  test('never count as a backup', () => {
    const { metadata, spec } = named(objects, 'CronJob');
    for (const { labels } of [metadata, spec.jobTemplate.metadata, spec.jobTemplate.spec.template.metadata]) expect(labels).toMatchObject({ component: 'restore-drill' });
  });

  test('fail the Job at once after what a retry can\'t mend', () => {
    expect(named(objects, 'CronJob').spec.jobTemplate.spec).toMatchObject({
      backoffLimit: 2,
      podFailurePolicy: { rules: [{ action: 'Ignore' }, { action: 'FailJob', onExitCodes: { containerName: 'drill', values: PERMANENT } }] },
    });
  });

  test('tell alerts what they need', () => {
    expect(drill._drill).toMatchObject({ cronJobName: 'db-drill', gapSeconds: 7 * 86_400, deadlineSeconds: SIX_HOURS.toSeconds(), rtoSeconds: undefined });
  });
});

describe('the pod knows nothing of the database that was backed up:', () => {
  test.each<[string, Case]>([
    ['PostgreSQL', {
      backup: chart => ({
        source: BackupSource.postgres({ host: 'db.production.svc', port: 6432, databaseName: 'orders', user: 'backup-role', password: { secret: secrets(chart), key: 'DB_PASSWORD' } }),
      }),
    }],
    ['Redis', { backup: chart => ({ source: BackupSource.redis({ host: 'db.production.svc', port: 6432, user: 'backup-role', password: { secret: secrets(chart), key: 'DB_PASSWORD' } }) }) }],
    ['SQLite', { backup: chart => ({ source: BackupSource.sqlite({ claim: kplus.PersistentVolumeClaim.fromClaimName(chart, 'Data', 'db.production.svc'), path: 'backup-role.db' }) }) }],
  ])('%s', (_case, changes) => {
    const { objects } = define(changes);
    for (const of of ['production', '6432', 'backup-role/', 'DB_PASSWORD', 'PASSWORD']) expect(JSON.stringify(objects)).not.toContain(of);
    expect(configOf(objects).target).toMatchObject(configOf(objects).target.engine === 'sqlite' ? { path: '/tmp/cdk8s_backup_drill.db' } : { host: '127.0.0.1', passwordEnv: null });
    // What is left of Secrets are the keys to the stores.
    expect(podOf(objects).containers[0].env.map(({ name }: any) => name)).toEqual([CONFIG_ENV, 'AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY', 'AWS_DEFAULT_REGION'].slice(0, podOf(objects).containers[0].env.length));
  });
});

test('the config of PostgreSQL is a restore as a new database of the scratch server', () => {
  const { objects } = define({
    drill: () => ({
      assertions: ['select true'],
      freshness: [{ sql: 'select max(at) from orders', maxAge: Duration.hours(1) }],
      tablesThatMayBeEmpty: ['public.queue'],
      parallelJobs: 4,
      scratchSize: Size.gibibytes(20),
      dataVolume: DrillVolume.emptyDir(Size.gibibytes(50)),
      keepDrills: 12,
      serverStartTimeout: Duration.minutes(1),
    }),
  });
  expect(configOf(objects)).toMatchObject({
    kind: 'drill',
    namespace: 'shop',
    name: 'orders',
    target: {
      host: '127.0.0.1',
      port: 5432,
      user: 'postgres',
      tls: { mode: 'disable' },
      databaseName: 'orders',
      mode: 'new-database',
      newName: 'cdk8s_backup_drill',
      globals: true,
      parallelJobs: 4,
      assertions: ['select true'],
    },
    freshness: [{ sql: 'select max(at) from orders', maxAgeSeconds: 3600 }],
    tablesThatMayBeEmpty: ['public.queue'],
    dataBytes: 50 * 1024 ** 3,
    rtoSeconds: null,
    serverStartTimeoutSeconds: 60,
    keepDrills: 12,
  });
});

test('the RTO is the one that is declared for a corruption, or for all scenarios', () => {
  const objectives = { rpo: Duration.days(3), restore: AT_ONCE };
  const rto = (scenarios: object) => configOf(define({ backup: () => ({ objectives: { ...objectives, ...scenarios } }) }).objects).rtoSeconds;
  expect(rto({ corruption: { rto: Duration.minutes(30) }, nodeLoss: { rto: Duration.hours(2) } })).toBe(1800);
  expect(rto({ rto: Duration.hours(1), corruption: {} })).toBe(3600);
  expect(rto({ rto: Duration.hours(1), nodeLoss: {} })).toBeNull();
});

describe('the scratch server', () => {
  test('of PostgreSQL starts before the runner, listens to the pod alone, and needs no probe to be waited for', () => {
    const { objects } = define({ drill: () => ({ serverArgs: ['-c', 'listen_addresses=*'], serverImage: 'postgis/postgis:17-3.5' }) });
    expect(serverOf(objects)).toMatchObject({
      name: 'server',
      restartPolicy: 'Always',
      image: 'postgis/postgis:17-3.5',
      // The last one counts.
      args: ['postgres', '-c', 'listen_addresses=*', '-c', 'listen_addresses=127.0.0.1', '-c', 'port=5432'],
      env: [{ name: 'POSTGRES_HOST_AUTH_METHOD', value: 'trust' }, { name: 'PGDATA', value: '/scratch-server/data' }],
      securityContext: { runAsUser: 999, runAsNonRoot: true, readOnlyRootFilesystem: true },
    });
    for (const probe of ['startupProbe', 'livenessProbe', 'readinessProbe', 'ports']) expect(serverOf(objects)).not.toHaveProperty(probe);
  });

  test('of Redis may fill three quarters of its memory', () => {
    const { objects } = define({ backup: () => ({ source: redis }), drill: () => ({ keys: [{ pattern: 'user:*' }] }) });
    expect(serverOf(objects).image).toBe('redis:8');
    expect(serverOf(objects).args.join(' ')).toBe(
      `redis-server --bind 127.0.0.1 --port 6379 --dir /scratch-server --save  --appendonly no --maxmemory ${768 * 1024 ** 2} --maxmemory-policy noeviction`,
    );
    // It shares its network with the runner, whose port must be another one.
    expect(configOf(objects).target).toMatchObject({
      port: 6379, listenPort: 0, advertiseHostEnv: null, safetyBackup: false, mode: 'replication', assertions: [{ pattern: 'user:*', atLeast: 1 }],
    });
  });

  test('is none for SQLite, which is a file in the scratch volume', () => {
    const { objects } = define({ backup: chart => ({ source: sqlite(chart) }) });
    expect(podOf(objects)).not.toHaveProperty('initContainers');
    expect(podOf(objects).containers[0].volumeMounts.map(({ mountPath }: any) => mountPath)).toEqual(['/tmp']);
  });

  test('has its data on the node, or on a claim that comes and goes with the pod', () => {
    const volumeOf = (dataVolume?: DrillVolume) => podOf(define({ drill: () => ({ dataVolume }) }).objects);
    const data = (pod: any) => pod.volumes.find(({ name }: any) => name === 'server-data');
    expect(data(volumeOf())).toEqual({ name: 'server-data', emptyDir: { sizeLimit: '10Gi' } });
    const pod = volumeOf(DrillVolume.claim(Size.gibibytes(20), { storageClassName: 'fast' }));
    expect(data(pod)).toEqual({
      name: 'server-data',
      ephemeral: { volumeClaimTemplate: { spec: { accessModes: ['ReadWriteOnce'], storageClassName: 'fast', resources: { requests: { storage: '20Gi' } } } } },
    });
    // Each Job of the history keeps its claim.
    const retained = (dataVolume?: DrillVolume, given = {}) => {
      const { successfulJobsHistoryLimit, failedJobsHistoryLimit } = named(define({ drill: () => ({ dataVolume, ...given }) }).objects, 'CronJob').spec;
      return [successfulJobsHistoryLimit, failedJobsHistoryLimit];
    };
    expect(retained()).toEqual([3, 3]);
    expect(retained(DrillVolume.claim(Size.gibibytes(20)))).toEqual([1, 1]);
    expect(retained(DrillVolume.claim(Size.gibibytes(20)), { failedJobsRetained: 2 })).toEqual([1, 2]);
    // Its user is another one than the runner's: the group of the pod may write.
    expect(pod.securityContext.fsGroup).toBe(10_001);
    expect(volumeOf().securityContext).not.toHaveProperty('fsGroup');
    expect(serverOf(define().objects).volumeMounts).toContainEqual({ name: 'server-data', mountPath: '/scratch-server' });
  });

  test('leaves init containers of your own alone', () => {
    const { drill } = define();
    drill.cronJob.addInitContainer({ name: 'mine', image: 'busybox' });
    const pod = podOf(objectsOf(Chart.of(drill)).filter(({ metadata: { name } }) => name === 'db-drill'));
    expect(pod.initContainers.map(({ name, restartPolicy }: any) => [name, restartPolicy])).toEqual([['server', 'Always'], ['mine', undefined]]);
  });
});

describe('the network policy', () => {
  const policy = (changes: Case) => named(define(changes).objects, 'NetworkPolicy')?.spec;
  const store = (options: object) => BackupStore.s3({ bucketName: 'bucket', region: 'x', ...options });
  const DNS = { ports: [{ protocol: 'UDP', port: 53 }, { protocol: 'TCP', port: 53 }] };

  test('is about the pods of this drill, lets nobody in, and them out to names and the store', () => {
    expect(policy({})).toEqual({
      podSelector: { matchLabels: { 'cdk8s-backup/job': 'db-drill' } },
      policyTypes: ['Ingress', 'Egress'],
      egress: [DNS, { ports: [{ protocol: 'TCP', port: 443 }] }],
    });
    expect(named(define().objects, 'CronJob').spec.jobTemplate.spec.template.metadata.labels).toMatchObject({ 'component': 'restore-drill', 'cdk8s-backup/job': 'db-drill' });
  });

  test.each<[string, Case, object | undefined]>([
    ['the port of an endpoint', { backup: () => ({ stores: [store({ endpoint: 'http://minio.storage.svc:9000' })] }) }, [DNS, { ports: [{ protocol: 'TCP', port: 9000 }] }]],
    ['the port of http', { backup: () => ({ stores: [store({ endpoint: 'http://minio' })] }) }, [DNS, { ports: [{ protocol: 'TCP', port: 80 }] }]],
    ['the ports of several', { backup: () => ({ stores: [store({}), store({ storeName: 'b', endpoint: 'https://b:8443' })] }) },
      [DNS, { ports: [{ protocol: 'TCP', port: 443 }, { protocol: 'TCP', port: 8443 }] }]],
    ['ranges and ports that are given', { drill: () => ({ network: { stores: { s3: { cidrs: ['10.0.0.0/8', 'fd00::/8'], ports: [9000] } } } }) },
      [DNS, { to: [{ ipBlock: { cidr: '10.0.0.0/8' } }, { ipBlock: { cidr: 'fd00::/8' } }], ports: [{ protocol: 'TCP', port: 9000 }] }]],
    ['the agents that give an identity', { backup: () => ({ stores: [store({ credentials: S3Credentials.workloadIdentity() })] }) },
      [
        DNS,
        { ports: [{ protocol: 'TCP', port: 443 }] },
        { to: [{ ipBlock: { cidr: '169.254.0.0/16' } }], ports: [{ protocol: 'TCP', port: 80 }, { protocol: 'TCP', port: 988 }] },
        { to: [{ ipBlock: { cidr: 'fd00:ec2::23/128' } }], ports: [{ protocol: 'TCP', port: 80 }] },
      ]],
    ['nothing where all stores are volumes', { backup: () => ({ stores: [BackupStore.volume({ size: Size.gibibytes(1) })] }) }, undefined],
  ])('allows %s', (_case, changes, egress) => {
    expect(policy(changes).policyTypes).toEqual(['Ingress', 'Egress']);
    expect(policy(changes).egress).toEqual(egress);
  });

  test('can be left out', () => {
    const { drill, objects } = define({ drill: () => ({ networkPolicy: false }) });
    expect(drill.networkPolicy).toBeUndefined();
    expect(named(objects, 'NetworkPolicy')).toBeUndefined();
  });
});

test('volume stores are mounted to be written to: the record goes there', () => {
  const { objects } = define({ backup: () => ({ stores: [BackupStore.volume({ size: Size.gibibytes(1) })] }) });
  const mount = podOf(objects).containers[0].volumeMounts.find(({ mountPath }: any) => mountPath === '/backups');
  expect(mount.readOnly ?? false).toBe(false);
  expect(serverOf(objects).volumeMounts.map(({ mountPath }: any) => mountPath)).not.toContain('/backups');
});

describe('an encrypted backup', () => {
  const encrypted = () => ({ encryption: Encryption.age({ recipients: ['age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p'] }) });

  test('is opened with an identity, which is a file that the scratch server does not see', () => {
    const { objects, drill } = define({ backup: encrypted, drill: chart => ({ decryption: Decryption.fromSecret(secrets(chart), 'identity') }) });
    const { identityFile } = configOf(objects).decryption!;
    const mounts = ({ volumeMounts }: any) => volumeMounts.map(({ mountPath }: any) => mountPath);
    expect(mounts(podOf(objects).containers[0]).some((path: string) => identityFile.startsWith(path))).toBe(true);
    expect(mounts(serverOf(objects)).some((path: string) => identityFile.startsWith(`${path}/`))).toBe(false);
    expect(warningsOf(drill).join()).toContain('identity');
  });

  test('needs one', () => {
    expect(() => define({ backup: encrypted })).toThrow('\'decryption\' is missing: "db-backup" is encrypted, and a drill without an identity restores nothing');
  });

  test('of Kubernetes Secrets can\'t be drilled', () => {
    const backup = () => ({ source: BackupSource.kubernetesSecrets({ secretNames: ['a'] }), ...encrypted() });
    expect(() => define({ backup })).toThrow('a drill needs a database');
  });
});
