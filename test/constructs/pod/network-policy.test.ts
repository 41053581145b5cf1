import { Chart, Cron, Duration, Size } from 'cdk8s';
import * as kplus from 'cdk8s-plus-28';
import {
  BackupBucketLifecycle, BackupCronJob, BackupCronJobProps, BackupExporter, BackupSource, BackupStore, Encryption, NetworkOptions, RestoreDrill,
  RestoreJob, RestoreMode, RestoreWorkload, Retention, S3Credentials,
} from '../../../src';
import { newChart, objectsOf, props } from '../../synth';

/* Which rules a policy has; what they mean is asked in test/least-privilege.test.ts. */
const DNS = { ports: [{ protocol: 'UDP', port: 53 }, { protocol: 'TCP', port: 53 }] };
const tcp = (...ports: number[]) => ports.map(port => ({ protocol: 'TCP', port }));
const bucket = (options: object = {}) => BackupStore.s3({ bucketName: 'shop-backups', region: 'eu-central-1', ...options });
const volume = () => BackupStore.volume({ size: Size.gibibytes(1) });
const redis = (host = 'redis') => BackupSource.redis({ host });
const sqlite = (chart: Chart) => BackupSource.sqlite({ claim: kplus.PersistentVolumeClaim.fromClaimName(chart, 'Data', 'data'), path: 'a.db' });
const RECIPIENT = 'age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p';

type Changes<P> = (chart: Chart) => Partial<P>;

/** The policies of a backup and of what `more` defines beside it, by name. */
function policies(
  changes: Changes<BackupCronJobProps> = () => ({}), more: (chart: Chart, backup: BackupCronJob) => void = () => {},
): { readonly [name: string]: any } {
  const chart = newChart();
  more(chart, new BackupCronJob(chart, 'db-backup', props(changes(chart))));
  return Object.fromEntries(objectsOf(chart).filter(({ kind }) => kind === 'NetworkPolicy').map(({ metadata, spec }) => [metadata.name, spec]));
}

const policyOf = (changes?: Changes<BackupCronJobProps>) => policies(changes)['db-backup'];

describe('a backup', () => {
  test('is let out to names, its database and its store, and nobody is let in', () => {
    expect(policyOf()).toEqual({
      podSelector: { matchLabels: { 'cdk8s-backup/job': 'db-backup' } },
      policyTypes: ['Ingress', 'Egress'],
      egress: [DNS, { ports: tcp(443, 5432) }],
    });
  });

  test.each<[string, Changes<BackupCronJobProps>, object[] | undefined]>([
    ['the port of a database', () => ({ source: BackupSource.postgres({ host: 'h', port: 6432, databaseName: 'd', user: 'u' }) }), [DNS, { ports: tcp(443, 6432) }]],
    ['Redis', () => ({ source: redis() }), [DNS, { ports: tcp(443, 6379) }]],
    ['the store alone for SQLite', chart => ({ source: sqlite(chart) }), [DNS, { ports: tcp(443) }]],
    ['nothing for SQLite onto a volume', chart => ({ source: sqlite(chart), stores: [volume()] }), undefined],
    ['all members of a set', chart => ({ source: BackupSource.set({ db: props().source, cache: redis(), files: sqlite(chart) }) }), [DNS, { ports: tcp(443, 5432, 6379) }]],
    ['the ports of several endpoints', () => ({ stores: [bucket({ endpoint: 'http://minio:9000' }), bucket({ storeName: 'b', endpoint: 'http://b' }), volume()] }),
      [DNS, { ports: tcp(80, 5432, 9000) }]],
    ['a Pushgateway', () => ({ pushgatewayUrl: 'http://pushgateway.monitoring:9091' }), [DNS, { ports: tcp(443, 5432, 9091) }]],
    ['addresses alone, and no name server, where all hosts are addresses',
      () => ({ source: redis('10.1.2.3'), stores: [bucket({ endpoint: 'https://[fd00::5]:9000' }), bucket({ storeName: 'b', endpoint: 'http://10.1.2.3:9000' })] }),
      [{ to: [{ ipBlock: { cidr: '10.1.2.3/32' } }], ports: tcp(6379, 9000) }, { to: [{ ipBlock: { cidr: 'fd00::5/128' } }], ports: tcp(9000) }]],
    ['the agents that give an identity', () => ({ stores: [bucket({ credentials: S3Credentials.workloadIdentity() })] }),
      [DNS, { ports: tcp(443, 5432) }, { to: [{ ipBlock: { cidr: '169.254.0.0/16' } }], ports: tcp(80, 988) }, { to: [{ ipBlock: { cidr: 'fd00:ec2::23/128' } }], ports: tcp(80) }]],
    ['the agents that give an identity, and not to AWS\'s address of IPv6, where the store is somebody else\'s',
      () => ({ stores: [bucket({ credentials: S3Credentials.workloadIdentity(), endpoint: 'https://minio.example.com' })] }),
      [DNS, { ports: tcp(443, 5432) }, { to: [{ ipBlock: { cidr: '169.254.0.0/16' } }], ports: tcp(80, 988) }]],
    ['the API server for Secrets', () => ({ source: BackupSource.kubernetesSecrets({ secretNames: ['a'] }), encryption: Encryption.age({ recipients: [RECIPIENT] }) }),
      [DNS, { ports: tcp(443, 6443) }]],
    ['pods with labels', () => ({ network: { database: { podLabels: { app: 'postgres' } } } }),
      [DNS, { to: [{ podSelector: { matchLabels: { app: 'postgres' } } }], ports: tcp(5432) }, { ports: tcp(443) }]],
    ['pods of another namespace, at the port that they listen on', () => ({ network: { database: { podLabels: { app: 'pg' }, namespaceLabels: { team: 'data' }, ports: [6432] } } }),
      [DNS, { to: [{ podSelector: { matchLabels: { app: 'pg' } }, namespaceSelector: { matchLabels: { team: 'data' } } }], ports: tcp(6432) }, { ports: tcp(443) }]],
    ['ranges for a store, name servers of OpenShift', () => ({ network: { stores: { s3: { cidrs: ['10.0.0.0/8', 'fd00::/8'] } }, dns: { namespaceLabels: { dns: 'yes' }, ports: [5353] } } }), [
      { to: [{ namespaceSelector: { matchLabels: { dns: 'yes' } } }], ports: [{ protocol: 'UDP', port: 5353 }, { protocol: 'TCP', port: 5353 }] },
      { ports: tcp(5432) },
      { to: [{ ipBlock: { cidr: '10.0.0.0/8' } }, { ipBlock: { cidr: 'fd00::/8' } }], ports: tcp(443) },
    ]],
    ['ranges instead of the address of a host', () => ({ source: redis('10.1.2.3'), stores: [volume()], network: { database: { cidrs: ['10.1.0.0/16'] } } }),
      [{ to: [{ ipBlock: { cidr: '10.1.0.0/16' } }], ports: tcp(6379) }]],
    ['the places of members', () => ({ source: BackupSource.set({ db: props().source, cache: redis() }), network: { members: { cache: { podLabels: { app: 'redis' } } } } }),
      [DNS, { ports: tcp(443, 5432) }, { to: [{ podSelector: { matchLabels: { app: 'redis' } } }], ports: tcp(6379) }]],
  ])('is let out to %s', (_case, changes, egress) => {
    expect(policyOf(changes)).toMatchObject({ policyTypes: ['Ingress', 'Egress'] });
    expect(policyOf(changes).egress).toEqual(egress);
    expect(policyOf(changes).ingress).toBeUndefined();
  });

  test('can do without', () => {
    const chart = newChart();
    const backup = new BackupCronJob(chart, 'db-backup', props({ networkPolicy: false, retention: Retention.days(7), prune: { schedule: Cron.daily() } }));
    new RestoreJob(chart, 'db-restore', { backup });
    new RestoreDrill(chart, 'db-drill', { backup, schedule: Cron.weekly() });
    new BackupExporter(chart, 'exporter', { backups: [backup] });
    expect(objectsOf(chart).filter(({ kind }) => kind === 'NetworkPolicy')).toEqual([]);
    expect(backup.networkPolicy).toBeUndefined();
    // Whoever wants one nevertheless gets it.
    expect(new RestoreJob(chart, 'with', { backup, networkPolicy: true }).networkPolicy).toBeDefined();
  });

  test('is verified and pruned by pods that are let out to the stores, and not to the database', () => {
    const pruned = policies(() => ({
      pushgatewayUrl: 'http://10.9.9.9:9091',
      retention: Retention.days(7),
      prune: { schedule: Cron.daily() },
      verify: { schedule: Cron.weekly() },
      network: { stores: { s3: { cidrs: ['10.0.0.0/8'] } }, database: { podLabels: { app: 'postgres' } } },
    }));
    expect(Object.keys(pruned)).toEqual(['db-backup', 'db-backup-verify', 'db-backup-prune']);
    for (const name of ['db-backup-verify', 'db-backup-prune']) {
      expect(pruned[name]).toEqual({
        podSelector: { matchLabels: { 'cdk8s-backup/job': name } },
        policyTypes: ['Ingress', 'Egress'],
        egress: [DNS, { to: [{ ipBlock: { cidr: '10.0.0.0/8' } }], ports: tcp(443) }, { to: [{ ipBlock: { cidr: '10.9.9.9/32' } }], ports: tcp(9091) }],
      });
    }
  });
});

describe('a restore', () => {
  const restore = (changes: Changes<BackupCronJobProps>, own: object) => policies(changes, (chart, backup) => new RestoreJob(chart, 'db-restore', { backup, ...own }))['db-restore'];

  test('is let out to what the backup is, in the places of the backup', () => {
    const places = { database: { podLabels: { app: 'postgres' } }, stores: { s3: { cidrs: ['10.0.0.0/8'] } } };
    expect(restore(() => ({ network: places, pushgatewayUrl: 'http://pushgateway:9091' }), {})).toEqual({
      podSelector: { matchLabels: { 'cdk8s-backup/job': 'db-restore' } },
      policyTypes: ['Ingress', 'Egress'],
      egress: [DNS, { to: [{ podSelector: { matchLabels: { app: 'postgres' } } }], ports: tcp(5432) }, { to: [{ ipBlock: { cidr: '10.0.0.0/8' } }], ports: tcp(443) }],
    });
    // Another server is somewhere else, and so are other stores.
    expect(restore(() => ({ network: places }), { target: BackupSource.postgres({ host: 'new', databaseName: 'd', user: 'u' }) }).egress)
      .toEqual([DNS, { ports: tcp(5432) }, { to: [{ ipBlock: { cidr: '10.0.0.0/8' } }], ports: tcp(443) }]);
    expect(restore(() => ({ network: places }), { stores: [bucket()] }).egress[2]).toEqual({ ports: tcp(443) });
    expect(restore(() => ({ network: places }), { network: { database: { ports: [1] } } }).egress[1]).toEqual({ ports: tcp(1) });
  });

  test('is let out to the API server and the health URL where it asks them', () => {
    const asking = { workloads: [RestoreWorkload.fromDeploymentName('web')], healthUrl: 'http://web:8080/health', network: { apiServer: { cidrs: ['10.0.0.1/32'] } } };
    expect(restore(() => ({}), asking).egress).toEqual([DNS, { ports: tcp(443, 5432, 8080) }, { to: [{ ipBlock: { cidr: '10.0.0.1/32' } }], ports: tcp(443, 6443) }]);
  });

  test('lets in the Redis that loads the data, and nobody with the other methods', () => {
    const from = (own: object, changes: object = {}) => restore(() => ({ source: redis(), ...changes }), own).ingress;
    expect(from({})).toEqual([{ ports: tcp(6379) }]);
    expect(from({ mode: RestoreMode.redisReplication({ listenPort: 7000 }) }, { network: { database: { podLabels: { app: 'redis' } } } }))
      .toEqual([{ from: [{ podSelector: { matchLabels: { app: 'redis' } } }], ports: tcp(7000) }]);
    expect(from({}, { source: redis('10.1.2.3') })).toEqual([{ from: [{ ipBlock: { cidr: '10.1.2.3/32' } }], ports: tcp(6379) }]);
    expect(from({ mode: RestoreMode.redisKeys() })).toBeUndefined();
    expect(restore(() => ({ source: BackupSource.set({ db: props().source, cache: redis() }) }), {}).ingress).toEqual([{ ports: tcp(6379) }]);
  });
});

test('a drill is let out to the stores and the Pushgateway, and to nothing of production', () => {
  const { 'db-drill': drill } = policies(() => ({ pushgatewayUrl: 'http://pushgateway:9091', network: { stores: { s3: { cidrs: ['10.0.0.0/8'] } } } }),
    (chart, backup) => new RestoreDrill(chart, 'db-drill', { backup, schedule: Cron.weekly() }));
  expect(drill).toEqual({
    podSelector: { matchLabels: { 'cdk8s-backup/job': 'db-drill' } },
    policyTypes: ['Ingress', 'Egress'],
    egress: [DNS, { to: [{ ipBlock: { cidr: '10.0.0.0/8' } }], ports: tcp(443) }, { ports: tcp(9091) }],
  });
});

test('an exporter lets its port in, and is let out to the stores of all backups, each in its own place', () => {
  const chart = newChart();
  const backups = ['a', 'b'].map(name => new BackupCronJob(chart, name, props({
    backupName: name, stores: [bucket({ prefix: name, endpoint: `http://${name}:9000` })], network: { stores: { s3: { podLabels: { minio: name } } } },
  })));
  new BackupExporter(chart, 'exporter', { backups });
  const of = (network: NetworkOptions['network']) => {
    new BackupExporter(chart, 'other', { backups, network });
    return objectsOf(chart).find(({ kind, metadata }) => kind === 'NetworkPolicy' && metadata.name === 'other-exporter').spec.egress;
  };
  const { spec } = objectsOf(chart).find(({ kind, metadata }) => kind === 'NetworkPolicy' && metadata.name === 'exporter-exporter');
  const minio = (name: string) => ({ to: [{ podSelector: { matchLabels: { minio: name } } }], ports: tcp(9000) });
  expect(spec).toMatchObject({ policyTypes: ['Ingress', 'Egress'], ingress: [{ ports: tcp(8080) }], egress: [DNS, minio('a'), minio('b')] });
  expect(of({ stores: { s3: { cidrs: ['10.0.0.0/8'] } } })).toEqual([DNS, { to: [{ ipBlock: { cidr: '10.0.0.0/8' } }], ports: tcp(9000) }]);
});

test('the Job that sets lifecycle rules is let out to the bucket', () => {
  const chart = newChart();
  const rules = [{ id: 'all', expiration: Duration.days(90) }];
  new BackupBucketLifecycle(chart, 'lifecycle', { store: bucket(), rules, applyJob: { network: { stores: { s3: { cidrs: ['52.0.0.0/8'] } } } } });
  new BackupBucketLifecycle(chart, 'without', { store: bucket({ bucketName: 'other-bucket' }), fileName: 'x.json', rules, applyJob: { networkPolicy: false } });
  const [policy, ...others] = objectsOf(chart).filter(({ kind }) => kind === 'NetworkPolicy');
  expect(others).toEqual([]);
  expect(policy.spec).toMatchObject({ policyTypes: ['Ingress', 'Egress'], egress: [DNS, { to: [{ ipBlock: { cidr: '52.0.0.0/8' } }], ports: tcp(443) }] });
  expect(objectsOf(chart).find(({ kind }) => kind === 'Job').spec.template.metadata.labels).toMatchObject(policy.spec.podSelector.matchLabels);
});

describe('fails', () => {
  const of = (place: object): Partial<BackupCronJobProps> => ({ network: { database: place } });

  test.each<[string, Partial<BackupCronJobProps>, string]>([
    ['a range that is none', of({ cidrs: ['s3.amazonaws.com'] }), '\'network.database.cidrs\' must be ranges of addresses such as "10.0.0.0/8", got "s3.amazonaws.com"'],
    ['an address without a range', of({ cidrs: ['10.0.0.1'] }), 'got "10.0.0.1": a single address is "10.1.2.3/32"'],
    ['an octet beyond 255', of({ cidrs: ['10.0.0.256/8'] }), 'got "10.0.0.256/8"'],
    ['too many bits', of({ cidrs: ['10.0.0.0/33'] }), 'got "10.0.0.0/33"'],
    ['too many bits of IPv6', of({ cidrs: ['fd00::/129'] }), 'got "fd00::/129"'],
    ['a zone', of({ cidrs: ['fe80::%eth0/10'] }), 'got "fe80::%eth0/10"'],
    ['no range', of({ cidrs: [] }), '\'network.database.cidrs\' must have at least one'],
    ['no port', of({ ports: [] }), '\'network.database.ports\' must have at least one'],
    ['port 0', of({ ports: [0] }), '\'network.database.ports\' must be a whole number from 1 to 65535, got 0'],
    ['no label', of({ podLabels: {} }), '\'network.database.podLabels\' must have at least one label, got {}, which would be all of them'],
    ['a label that Kubernetes refuses', of({ namespaceLabels: { 'a b': 'c' } }), '\'network.database.namespaceLabels\' has a key that Kubernetes refuses, "a b"'],
    ['a place that says nothing', of({}), '\'network.database\' must say where that is'],
    ['a place of nothing', { network: { apiServer: { ports: [443] } } }, '\'network.apiServer\' is about nothing that the pod connects to: it has dns, database, stores.s3; drop it'],
    ['a store that is not there', { network: { stores: { minio: { ports: [443] } } } }, '\'network.stores.minio\' is about nothing'],
    ['places of no policy', { networkPolicy: false, network: { dns: { ports: [5353] } } }, '\'network\' is a part of the network policy, and \'networkPolicy\' is false: drop one of them'],
  ])('%s', (_case, changes, message) => {
    expect(() => policies(() => changes)).toThrow(message);
  });

  test('a place where no network is needed', () => {
    expect(() => policies(chart => ({ source: sqlite(chart), stores: [volume()], network: { dns: { ports: [53] } } }))).toThrow('it needs no network; drop it');
  });
});
