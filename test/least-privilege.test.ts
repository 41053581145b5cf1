import { Cron, Duration, Size } from 'cdk8s';
import * as kplus from 'cdk8s-plus-28';
import { parseAllDocuments } from 'yaml';
import { synthExample } from './_example';
import { End, mayConnect, podsIn, Port } from './_network';
import { newChart, objectsOf, props } from './synth';
import {
  BackupBucketLifecycle, BackupCronJob, BackupExporter, BackupSource, BackupStore, Encryption, NetworkPlaces, RestoreDrill, RestoreJob, RestoreMode,
  RestoreWorkload, Retention,
} from '../src';

/* What every pod may reach, who may reach it, and what it may ask of the API server: once for the example, once for a chart with everything. */
const RECIPIENT = 'age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p';

const exampleIn = (PROFILE: string): readonly any[] => parseAllDocuments(synthExample('whispercache', { PROFILE, AGE_RECIPIENTS: RECIPIENT })['whispercache.k8s.yaml']!)
  .map(document => document.toJS());
const example = exampleIn('production');
/** With the SQLite file, and a bucket whose port is 9000. */
const development = exampleIn('development');

/** A chart with every construct, and every place that can be named. */
function everything(): readonly any[] {
  const chart = newChart('whispercache');
  const pods = (app: string) => ({ podLabels: { app } });
  const s3 = { s3: { cidrs: ['52.0.0.0/8'] } };
  const others: NetworkPlaces = { stores: s3, pushgateway: { ...pods('pushgateway'), namespaceLabels: { 'kubernetes.io/metadata.name': 'monitoring' } } };
  const dns = { namespaceLabels: { 'kubernetes.io/metadata.name': 'kube-system' } };
  const apiServer = { cidrs: ['10.96.0.1/32', '10.0.0.10/32'] };
  const stores = [BackupStore.s3({ bucketName: 'shop-backups', region: 'eu-central-1' })];
  const common = { stores, pushgatewayUrl: 'http://pushgateway.monitoring:9091' };
  const postgres = BackupSource.postgres({ host: 'postgres', databaseName: 'orders', user: 'backup' });
  const redis = BackupSource.redis({ host: 'redis' });
  const database = new BackupCronJob(chart, 'db-backup', props({
    ...common,
    retention: Retention.days(7),
    prune: { schedule: Cron.daily() },
    verify: { schedule: Cron.weekly() },
    network: { ...others, dns, database: pods('postgres') },
  }));
  const both = new BackupCronJob(chart, 'set-backup', props({
    ...common,
    source: BackupSource.set({ db: postgres, cache: redis }),
    network: { ...others, dns, members: { db: pods('postgres'), cache: pods('redis') } },
  }));
  const secrets = new BackupCronJob(chart, 'secrets-backup', props({
    stores,
    source: BackupSource.kubernetesSecrets({ secretNames: ['a'], configMapNames: ['b'] }),
    encryption: Encryption.age({ recipients: [RECIPIENT] }),
    verify: { schedule: Cron.weekly() },
    network: { stores: s3, dns, apiServer },
  }));
  const all = new BackupCronJob(chart, 'all-secrets', props({
    stores,
    source: BackupSource.kubernetesSecrets(),
    backupName: 'all',
    encryption: Encryption.age({ recipients: [RECIPIENT] }),
    network: { stores: s3, dns, apiServer },
  }));
  const workloads = [RestoreWorkload.fromDeploymentName('web'), RestoreWorkload.fromStatefulSetName('worker')];
  new RestoreJob(chart, 'db-restore', { backup: database, workloads, healthUrl: 'http://web:8080/health', network: { apiServer, health: pods('web') } });
  new RestoreJob(chart, 'set-restore', { backup: both });
  new RestoreJob(chart, 'secrets-restore', { backup: secrets, mode: RestoreMode.kubernetesObjects({ replace: true }) });
  new RestoreJob(chart, 'all-restore', { backup: all });
  new RestoreDrill(chart, 'db-drill', { backup: database, schedule: Cron.weekly() });
  new BackupExporter(chart, 'exporter', { backups: [database], network: { stores: s3, dns } });
  new BackupBucketLifecycle(chart, 'lifecycle', {
    store: stores[0]!, rules: [{ id: 'all', abortIncompleteMultipartUploadAfter: Duration.days(7) }], applyJob: { network: { stores: s3, dns } },
  });
  new BackupCronJob(chart, 'files', props({
    source: BackupSource.sqlite({ claim: volumeClaim(chart), path: 'a.db' }), stores: [BackupStore.volume({ size: Size.gibibytes(1) })],
  }));
  return objectsOf(chart);
}

function volumeClaim(chart: ReturnType<typeof newChart>) {
  return kplus.PersistentVolumeClaim.fromClaimName(chart, 'Data', 'data');
}

const pod = (ip: string, app: string, namespace = 'whispercache'): End => ({ ip, namespace, labels: { app } });

/** Who is there to be reached, and where. */
const TARGETS: { readonly [title: string]: readonly [End, Port] } = {
  dns: [pod('10.244.9.1', 'coredns', 'kube-system'), { port: 53, protocol: 'UDP' }],
  postgres: [pod('10.244.2.1', 'postgres'), { port: 5432 }],
  redis: [pod('10.244.2.2', 'redis'), { port: 6379 }],
  s3: [{ ip: '52.218.1.1' }, { port: 443 }],
  api: [{ ip: '10.0.0.10' }, { port: 6443 }],
  apiService: [{ ip: '10.96.0.1' }, { port: 443 }],
  web: [pod('10.244.2.3', 'web'), { port: 3000 }],
  minio: [pod('10.244.2.4', 's3'), { port: 9000 }],
  web8080: [pod('10.244.2.3', 'web'), { port: 8080 }],
  pushgateway: [pod('10.244.3.1', 'pushgateway', 'monitoring'), { port: 9091 }],
  // What nobody has to reach: other ports, other hosts, the name server for something else.
  ssh: [{ ip: '192.0.2.1' }, { port: 22 }],
  elsewhere443: [{ ip: '192.0.2.1' }, { port: 443 }],
  otherPostgres: [pod('10.244.2.9', 'postgres', 'production'), { port: 5432 }],
  postgresSsh: [pod('10.244.2.1', 'postgres'), { port: 22 }],
  foreignDns: [{ ip: '192.0.2.53' }, { port: 53, protocol: 'UDP' }],
};

/** What each pod may reach, by the title of the target. */
function reach(objects: readonly any[]): { readonly [pod: string]: string } {
  return Object.fromEntries(Object.entries(podsIn(objects)).map(([name, from]) =>
    [name, Object.entries(TARGETS).filter(([, [to, port]]) => mayConnect(objects, from, to, port)).map(([title]) => title).join(' ')]));
}

/** Who may connect to each pod: every pod of the namespace asks for these ports, and so does one of another. */
function reachable(objects: readonly any[]): { readonly [pod: string]: string } {
  const clients: { readonly [name: string]: End } = {
    redis: TARGETS.redis![0], web: TARGETS.web![0], prometheus: pod('10.244.3.2', 'prometheus', 'monitoring'), outside: { ip: '192.0.2.1' },
  };
  return Object.fromEntries(Object.entries(podsIn(objects)).map(([name, to]) => [name, [22, 5432, 6379, 8080].map(port => {
    const who = Object.entries(clients).filter(([, from]) => mayConnect(objects, from, to, { port })).map(([client]) => client);
    return who.length === 0 ? '' : `${port}: ${who.join(' ')}`;
  }).filter(Boolean).join('; ')]));
}

/** What stands in a Role, a line for each rule, by the service account. */
function rightsIn(objects: readonly any[]): { readonly [account: string]: readonly string[] } {
  const rights: { [account: string]: string[] } = {};
  for (const { kind, roleRef, subjects, metadata: { namespace } } of objects) {
    if (kind !== 'RoleBinding') continue;
    const role = objects.find(other => other.kind === roleRef.kind && other.metadata.name === roleRef.name && other.metadata.namespace === namespace);
    for (const { name } of subjects) {
      (rights[name] ??= []).push(...role.rules.map(({ apiGroups, resources, resourceNames, verbs }: any) =>
        `${verbs.join(',')} ${apiGroups.map((group: string) => group === '' ? 'core' : group).join(',')}/${resources.join(',')}${resourceNames ? ` ${resourceNames.join(',')}` : ' (all)'}`));
    }
  }
  return rights;
}

describe('the example with the defaults', () => {
  test('reaches by port what has a name: anywhere, and at no other port', () => {
    // 443 is the port of S3, and that is everywhere: so the API's Service is among it for all of them.
    const s3 = 's3 apiService elsewhere443';
    expect(reach(example)).toEqual({
      'CronJob/db-backup': `dns postgres ${s3} otherPostgres foreignDns`,
      'CronJob/db-backup-verify': `dns ${s3} foreignDns`,
      'CronJob/redis-backup': `dns redis ${s3} foreignDns`,
      'CronJob/redis-backup-verify': `dns ${s3} foreignDns`,
      'CronJob/db-restore': 'dns postgres s3 api apiService web elsewhere443 otherPostgres foreignDns',
      'CronJob/redis-restore': `dns redis ${s3} foreignDns`,
      'CronJob/db-drill': `dns ${s3} foreignDns`,
      'CronJob/redis-drill': `dns ${s3} foreignDns`,
      'CronJob/secrets-backup': 'dns s3 api apiService elsewhere443 foreignDns',
      'CronJob/secrets-backup-verify': `dns ${s3} foreignDns`,
      'CronJob/secrets-restore': 'dns s3 api apiService elsewhere443 foreignDns',
      'Deployment/db-backup': `dns ${s3} foreignDns`,
    });
  });

  test('reaches a bucket at its own port, and of a SQLite file nothing else; its restore asks the API to stop the application', () => {
    expect(Object.fromEntries(Object.entries(reach(development)).filter(([name]) => name.includes('sqlite')))).toEqual({
      'CronJob/sqlite-backup': 'dns minio foreignDns',
      'CronJob/sqlite-backup-verify': 'dns minio foreignDns',
      'CronJob/sqlite-restore': 'dns s3 api apiService minio elsewhere443 foreignDns',
      'CronJob/sqlite-drill': 'dns minio foreignDns',
    });
    expect(tokens(development).filter(name => name.startsWith('sqlite'))).toEqual(['sqlite-restore']);
    expect(rightsIn(development)).toMatchObject({
      'sqlite-restore': ['get,patch apps/deployments whispercache-backend', 'list core/pods (all)', 'list autoscaling/horizontalpodautoscalers (all)'],
    });
  });

  test('is reached by the Redis that loads a restore, by who reads the status page, and by nobody else', () => {
    const { 'CronJob/redis-restore': redis, 'Deployment/db-backup': exporter, ...others } = reachable(example);
    expect(redis).toBe('6379: redis web prometheus outside');
    expect(exporter).toBe('8080: redis web prometheus outside');
    expect([...new Set(Object.values(others))]).toEqual(['']);
  });

  test('has a token where there is a Role, and Roles say what they are for by name', () => {
    expect(tokens(example)).toEqual(['db-restore', 'secrets-backup', 'secrets-restore']);
    expect(rightsIn(example)).toEqual({
      'db-restore': ['get,patch apps/deployments whispercache-backend', 'list core/pods (all)', 'list autoscaling/horizontalpodautoscalers (all)'],
      'secrets-backup': ['get core/secrets backup-secrets'],
      'secrets-restore': ['get core/secrets backup-secrets', 'create core/secrets (all)'],
    });
  });
});

describe('a chart with every construct, and every place named', () => {
  const objects = everything();

  test('reaches what it was told of, and nothing else', () => {
    expect(reach(objects)).toEqual({
      'CronJob/db-backup': 'dns postgres s3 pushgateway',
      'CronJob/db-backup-verify': 'dns s3 pushgateway',
      'CronJob/db-backup-prune': 'dns s3 pushgateway',
      'CronJob/set-backup': 'dns postgres redis s3 pushgateway',
      'CronJob/secrets-backup': 'dns s3 api apiService',
      'CronJob/secrets-backup-verify': 'dns s3',
      'CronJob/all-secrets': 'dns s3 api apiService',
      'CronJob/db-restore': 'dns postgres s3 api apiService web8080',
      'CronJob/set-restore': 'dns postgres redis s3',
      'CronJob/secrets-restore': 'dns s3 api apiService',
      'CronJob/all-restore': 'dns s3 api apiService',
      'CronJob/db-drill': 'dns s3 pushgateway',
      'Deployment/exporter': 'dns s3',
      [`Job/${objects.find(({ kind }) => kind === 'Job').metadata.name}`]: 'dns s3',
      'CronJob/files': '',
    });
  });

  test('is reached by that Redis alone', () => {
    const { 'CronJob/set-restore': set, 'Deployment/exporter': exporter, ...others } = reachable(objects);
    expect(set).toBe('6379: redis');
    expect(exporter).toBe('8080: redis web prometheus outside');
    expect([...new Set(Object.values(others))]).toEqual(['']);
  });

  test('has a token where there is a Role, and Roles say what they are for by name', () => {
    expect(tokens(objects)).toEqual(['all-restore', 'all-secrets', 'db-restore', 'secrets-backup', 'secrets-restore']);
    expect(rightsIn(objects)).toEqual({
      'db-restore': ['get,patch apps/deployments web', 'get,patch apps/statefulsets worker', 'list core/pods (all)', 'list autoscaling/horizontalpodautoscalers (all)'],
      'secrets-backup': ['get core/configmaps b', 'get core/secrets a'],
      'secrets-restore': ['get,update core/configmaps b', 'get,update core/secrets a', 'create core/configmaps,secrets (all)'],
      'all-secrets': ['list core/configmaps,secrets (all)'],
      'all-restore': ['get,create core/configmaps,secrets (all)'],
    });
  });
});

describe.each([['the example', example], ['the chart with everything', everything()]])('%s', (_case, objects) => {
  test('has a policy for each pod that is about no other pod', () => {
    const pods = podsIn(objects);
    const about = objects.filter(({ kind }) => kind === 'NetworkPolicy').map(({ spec }) => Object.entries(pods)
      .filter(([, { labels }]) => Object.entries(spec.podSelector.matchLabels).every(([key, value]) => labels![key] === value))
      .map(([name]) => name));
    expect(about.filter(names => names.length !== 1)).toEqual([]);
    expect(about.flat().sort()).toEqual(Object.keys(pods).sort());
  });

  test('has nothing that is valid in all of the cluster', () => {
    expect(objects.map(({ kind }) => kind).filter(kind => kind.startsWith('Cluster'))).toEqual([]);
    expect(objects.filter(({ kind, rules }) => kind === 'Role' && JSON.stringify(rules).includes('*'))).toEqual([]);
  });

  test('says of every pod whether it gets a token, and gives each Role to one pod', () => {
    const specs = Object.values(podsIn(objects)).map(({ spec }) => spec);
    expect(specs.filter(({ automountServiceAccountToken }) => typeof automountServiceAccountToken !== 'boolean')).toEqual([]);
    const accounts = specs.filter(spec => spec.automountServiceAccountToken).map(({ serviceAccountName }) => serviceAccountName);
    expect(accounts.sort()).toEqual(Object.keys(rightsIn(objects)).sort());
  });
});

test('the evaluator knows what the rules of the API are', () => {
  const policy = (spec: object) => ({ kind: 'NetworkPolicy', metadata: { namespace: 'whispercache' }, spec: { podSelector: {}, ...spec } });
  const [postgres, port] = TARGETS.postgres!;
  const web = TARGETS.web![0];
  const may = (spec: object) => mayConnect([policy(spec)], web, postgres, port);
  expect(mayConnect([], web, postgres, port)).toBe(true);
  expect(may({})).toBe(false); // without types: nobody in
  expect(may({ policyTypes: ['Egress'] })).toBe(false);
  expect(may({ policyTypes: ['Egress'], egress: [{}] })).toBe(true);
  expect(may({ policyTypes: ['Egress'], egress: [{ ports: [{ port: 5432, protocol: 'UDP' }] }] })).toBe(false);
  expect(may({ policyTypes: ['Egress'], egress: [{ ports: [{ port: 5000, endPort: 6000 }] }] })).toBe(true);
  expect(may({ policyTypes: ['Egress'], egress: [{ to: [{ podSelector: { matchLabels: { app: 'redis' } } }] }] })).toBe(false);
  expect(may({ policyTypes: ['Egress'], egress: [{ to: [{ ipBlock: { cidr: '10.244.0.0/16', except: ['10.244.2.0/24'] } }] }] })).toBe(false);
  expect(may({ podSelector: { matchLabels: { app: 'redis' } }, policyTypes: ['Egress', 'Ingress'] })).toBe(true);
  // Two policies add up.
  const one = { policyTypes: ['Egress'] };
  expect(mayConnect([policy(one), policy({ ...one, egress: [{}] })], web, postgres, port)).toBe(true);
});

/** Names of what has pods with a token. */
function tokens(objects: readonly any[]): string[] {
  return Object.entries(podsIn(objects)).filter(([, { spec }]) => spec.automountServiceAccountToken !== false)
    .map(([name]) => name.split('/')[1]!).sort();
}
