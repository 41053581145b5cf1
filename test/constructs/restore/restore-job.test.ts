import { ApiObject, Chart, Duration, JsonPatch, Size, Testing } from 'cdk8s';
import * as kplus from 'cdk8s-plus-28';
import { Construct } from 'constructs';
import { Changes, configOf, envOf, jobOf, podOf, redis, resourceOf, synth } from './_restore-job';
import { BackupCronJob, BackupSource, BackupStore, RestoreJob, RestoreMode, RestorePoint, RestoreTrigger, RestoreWorkload } from '../../../src';
import { neverRuns, nextRun, parseSchedule } from '../../../src/constructs/schedule/schedule';
import { PERMANENT } from '../../../src/contract/exit-code';
import { newChart, objectsOf, props } from '../../synth';

const sqlite = (chart: Chart) => BackupSource.sqlite({ claim: kplus.PersistentVolumeClaim.fromClaimName(chart, 'Data', 'data'), path: 'a.db' });

describe('defaults', () => {
  const objects = synth();
  const { metadata, spec } = resourceOf(objects);

  test('have not changed', () => {
    expect(objects).toMatchSnapshot();
  });

  test('are a template that nothing but a person starts', () => {
    expect(spec).toMatchObject({ suspend: true, concurrencyPolicy: 'Forbid', startingDeadlineSeconds: 10 });
    expect(neverRuns(parseSchedule(spec.schedule))).toBe(true);
    for (const year of [1970, 2026, 2096]) expect(nextRun(parseSchedule(spec.schedule), new Date(Date.UTC(year, 1, 1)))).toBeUndefined();
  });

  test('restore the latest backup beside the database it comes from, and swap', () => {
    expect(configOf(objects)).toMatchObject({
      kind: 'restore',
      name: 'orders',
      backup: 'latest',
      notAfter: null,
      store: null,
      workloads: [],
      healthUrl: null,
      decryption: null,
      target: { engine: 'postgres', host: 'postgres', databaseName: 'orders', mode: 'swap', parallelJobs: 1, globals: true },
      stores: [{ name: 's3', bucketName: 'shop-backups' }],
    });
  });

  test('never count as a backup', () => {
    const labels = [metadata.labels, spec.jobTemplate.metadata.labels, spec.jobTemplate.spec.template.metadata.labels];
    for (const found of labels) expect(found).toMatchObject({ component: 'restore' });
    expect(JSON.stringify(objects)).not.toContain('"backup"');
  });

  test('log for people', () => {
    expect(podOf(objects).containers[0]).toMatchObject({ name: 'restore', args: ['restore', '--log-format', 'text'] });
  });

  test('have an identity of their own, without a token and without rights', () => {
    expect(objects.map(({ kind, metadata: { name } }) => `${kind}/${name}`)).toEqual(['ServiceAccount/db-restore', 'CronJob/db-restore', 'NetworkPolicy/db-restore']);
    expect(podOf(objects)).toMatchObject({ serviceAccountName: 'db-restore', automountServiceAccountToken: false });
  });

  test('retry what a retry can mend, and nothing else', () => {
    expect(jobOf(objects)).toMatchObject({
      backoffLimit: 2,
      podFailurePolicy: { rules: [{ action: 'Ignore' }, { action: 'FailJob', onExitCodes: { containerName: 'restore', values: PERMANENT } }] },
    });
  });

  test('put no password into the manifest', () => {
    const withPassword = synth(chart => ({
      target: BackupSource.postgres({
        host: 'h', databaseName: 'd', user: 'admin', password: { secret: kplus.Secret.fromSecretName(chart, 'S', 'admin-secret'), key: 'pw' },
      }),
    }));
    expect(envOf(withPassword)).toContainEqual({ name: 'POSTGRES_PASSWORD', valueFrom: { secretKeyRef: { name: 'admin-secret', key: 'pw' } } });
    expect(configOf(withPassword).target).toMatchObject({ user: 'admin', passwordEnv: 'POSTGRES_PASSWORD' });
  });
});

test('every property shows up where it belongs', () => {
  const objects = synth(chart => ({
    stores: [BackupStore.volume({ size: Size.gibibytes(1) })],
    target: BackupSource.postgres({ host: 'other', allDatabases: true, user: 'admin' }),
    backupName: 'shop',
    restorePoint: RestorePoint.notAfter(new Date('2026-11-22T02:00:00Z')),
    mode: RestoreMode.postgresSwap({ databaseName: 'orders', sourceDatabaseName: 'orders_old', parallelJobs: 4, globals: false, assertions: ['SELECT $1 = 1'] }),
    workloads: [RestoreWorkload.fromDeploymentName('web'), RestoreWorkload.fromStatefulSetName('worker')],
    healthUrl: 'http://web:8080/health',
    cronJobName: 'orders-restore',
    labels: { 'app.kubernetes.io/part-of': 'shop' },
    image: 'registry.example/runner@sha256:abc',
    imagePullPolicy: kplus.ImagePullPolicy.ALWAYS,
    imagePullSecret: kplus.Secret.fromSecretName(chart, 'Registry', 'registry-login'),
    resources: { memory: { request: Size.mebibytes(64) } },
    activeDeadline: Duration.minutes(20),
    backoffLimit: 0,
    serviceAccount: kplus.ServiceAccount.fromServiceAccountName(chart, 'Account', 'restorer'),
    priorityClassName: 'high',
    scratchSize: Size.gibibytes(50),
    terminationGracePeriod: Duration.seconds(10),
    user: 1000,
    group: 1001,
    fsGroup: 1002,
  }));

  expect(objects).toMatchSnapshot();
  expect(configOf(objects)).toMatchObject({ notAfter: '2026-11-22T02:00:00.000Z', target: { assertions: ['SELECT $1 = 1'] }, activeDeadlineSeconds: 20 * 60 - 60 });
});

test('a backup of another app is restored from its source and its stores', () => {
  const chart = newChart();
  const { source, stores } = props();
  new RestoreJob(chart, 'DbRestore', { target: source, stores });
  expect(configOf(objectsOf(chart))).toMatchObject({ name: 'orders', target: { databaseName: 'orders' }, stores: [{ name: 's3' }] });
  expect(resourceOf(objectsOf(chart)).metadata.name).toBe('db-restore');
});

test('image and user are those of the backup, unless something else is said', () => {
  const chart = newChart();
  const backup = new BackupCronJob(chart, 'db-backup', props({ image: 'mine:1', user: 999, stores: [BackupStore.volume({ size: Size.gibibytes(1) })] }));
  new RestoreJob(chart, 'one', { backup });
  new RestoreJob(chart, 'two', { backup, image: 'mine:2' });
  const [one, two] = ['one', 'two'].map(name => objectsOf(chart).find(({ kind, metadata }) => kind === 'CronJob' && metadata.name === name).spec.jobTemplate.spec.template.spec);
  expect(one).toMatchObject({ containers: [{ image: 'mine:1' }], securityContext: { runAsUser: 999, fsGroup: 999 } });
  expect(two).toMatchObject({ containers: [{ image: 'mine:2' }], securityContext: { runAsUser: 999 } });
  expect(objectsOf(chart).filter(({ kind }) => kind === 'PersistentVolumeClaim')).toHaveLength(1);
});

describe('modes', () => {
  test.each<[string, Changes, object]>([
    ['in place', { mode: RestoreMode.postgresInPlace({ globals: false }) }, { mode: 'in-place', newName: null, globals: false, safetyBackup: true, singleTransaction: false }],
    ['in place, and no way back', { mode: RestoreMode.postgresInPlace({ safetyBackup: false }) }, { mode: 'in-place', safetyBackup: false }],
    ['beside, with declared room', { mode: RestoreMode.postgresSwap({ targetFreeSpace: Size.mebibytes(3) }) }, { mode: 'swap', targetFreeSpaceBytes: 3 * 1024 * 1024 }],
    ['beside, in one transaction', { mode: RestoreMode.postgresSwap({ singleTransaction: true }) }, { mode: 'swap', singleTransaction: true }],
    ['new database', { mode: RestoreMode.postgresNewDatabase('look') }, { mode: 'new-database', newName: 'look', databaseName: 'orders' }],
    ['Redis by default', { target: redis }, { mode: 'replication', advertiseHostEnv: 'POD_IP', listenPort: 6379, safetyBackup: true, directory: null }],
    ['Redis with an assertion', { target: redis, mode: RestoreMode.redisReplication({ safetyBackup: false, assertions: [{ pattern: 'user:*' }] }) },
      { mode: 'replication', safetyBackup: false, assertions: [{ pattern: 'user:*', atLeast: 1 }] }],
    ['Redis key by key', { target: redis, mode: RestoreMode.redisKeys() }, { mode: 'keys', replace: false, safetyBackup: true, advertiseHostEnv: null, listenPort: 0, directory: null }],
    ['Redis key by key over what is there', { target: redis, mode: RestoreMode.redisKeys({ replace: true, assertions: [{ pattern: 'user:*', atLeast: 3 }] }) },
      { mode: 'keys', replace: true, assertions: [{ pattern: 'user:*', atLeast: 3 }] }],
    ['a Redis that is stopped', chart => ({
      target: redis, mode: RestoreMode.redisRdbFile({ claim: kplus.PersistentVolumeClaim.fromClaimName(chart, 'Redis', 'redis-data'), path: 'data' }),
    }), { mode: 'rdb-file', directory: '/redis-data' }],
    ['SQLite', chart => ({ target: sqlite(chart), mode: RestoreMode.sqliteReplaceFile({ keepPrevious: false, assertions: ['SELECT 1'] }) }),
      { path: '/data/a.db', keepPrevious: false, assertions: ['SELECT 1'] }],
  ])('%s', (_case, changes, target) => {
    expect(configOf(synth(changes)).target).toMatchObject(target);
  });

  test('the server finds the pod by its address', () => {
    expect(envOf(synth({ target: redis }))).toContainEqual({ name: 'POD_IP', valueFrom: { fieldRef: { apiVersion: 'v1', fieldPath: 'status.podIP' } } });
  });

  test('the claim of a stopped Redis is mounted, the stores for reading only unless a safety backup goes there', () => {
    const stores = [BackupStore.volume({ size: Size.gibibytes(1) })];
    const mounts = (changes: Changes) =>
      Object.fromEntries(podOf(synth(changes)).containers[0].volumeMounts.map((mount: any) => [mount.mountPath, mount]));
    expect(mounts({ stores })['/backups'].readOnly).toBe(true);
    expect(mounts({ stores, target: redis })['/backups'].readOnly).toBeFalsy();
    expect(mounts({ stores, target: redis, mode: RestoreMode.redisKeys({ safetyBackup: false }) })['/backups'].readOnly).toBe(true);
    expect(mounts({ stores, mode: RestoreMode.postgresInPlace() })['/backups'].readOnly).toBeFalsy();
    expect(mounts({ stores, mode: RestoreMode.postgresInPlace({ safetyBackup: false }) })['/backups'].readOnly).toBe(true);
    const claim = (chart: Chart) => kplus.PersistentVolumeClaim.fromClaimName(chart, 'Redis', 'redis-data');
    const file = mounts(chart => ({ target: redis, mode: RestoreMode.redisRdbFile({ claim: claim(chart), path: 'data' }) }));
    expect(file['/redis-data']).toMatchObject({ subPath: 'data' });
    expect(file['/redis-data'].readOnly).toBeFalsy();
  });
});

describe('workloads', () => {
  const objects = synth(chart => ({
    workloads: [
      RestoreWorkload.deployment(new kplus.Deployment(chart, 'Web', { metadata: { name: 'web' }, containers: [{ image: 'web' }] })),
      RestoreWorkload.statefulSet(new kplus.StatefulSet(chart, 'Worker', {
        metadata: { name: 'worker' }, service: new kplus.Service(chart, 'Service', { ports: [{ port: 80 }] }), containers: [{ image: 'w' }],
      })),
      RestoreWorkload.fromDeploymentName('api'),
    ],
  }));
  const named = (kind: string) => objects.find(object => object.kind === kind && object.metadata.name === 'db-restore');

  test('are in the config in the order given', () => {
    expect(configOf(objects).workloads).toEqual([
      { kind: 'Deployment', name: 'web', namespace: 'shop' }, { kind: 'StatefulSet', name: 'worker', namespace: 'shop' }, { kind: 'Deployment', name: 'api', namespace: 'shop' },
    ]);
  });

  test('may be read and patched by name, and nothing else may', () => {
    expect(named('Role').rules).toEqual([
      { apiGroups: ['apps'], resources: ['deployments'], resourceNames: ['web', 'api'], verbs: ['get', 'patch'] },
      { apiGroups: ['apps'], resources: ['statefulsets'], resourceNames: ['worker'], verbs: ['get', 'patch'] },
      { apiGroups: [''], resources: ['pods'], verbs: ['list'] },
      { apiGroups: ['autoscaling'], resources: ['horizontalpodautoscalers'], verbs: ['list'] },
    ]);
    expect(named('RoleBinding')).toMatchObject({
      roleRef: { kind: 'Role', name: 'db-restore' }, subjects: [{ kind: 'ServiceAccount', name: 'db-restore', namespace: 'shop' }],
    });
  });

  test('are the only reason for a token', () => {
    expect(podOf(objects).automountServiceAccountToken).toBe(true);
    expect(named('ServiceAccount').automountServiceAccountToken).toBe(false);
  });
});

describe('on apply', () => {
  const onApply = (changes: Changes = {}) => resourceOf(synth(chart => ({ trigger: RestoreTrigger.onApply(), ...typeof changes === 'function' ? changes(chart) : changes })));

  test('it is a Job with the same pod, and no time limit that would let it run again', () => {
    const job = onApply();
    expect(job).toMatchObject({ kind: 'Job', metadata: { name: expect.stringMatching(/^db-restore-[0-9a-f]{8}$/), labels: { component: 'restore' } } });
    expect(job.spec).not.toHaveProperty('ttlSecondsAfterFinished');
    const [{ automountServiceAccountToken, containers: [{ env, ...container }], ...pod }, template] = [job.spec.template.spec, podOf(synth())];
    expect(automountServiceAccountToken).toBe(true);
    expect({ ...template, ...pod, containers: [{ ...template.containers[0], ...container }] }).toEqual(template);
    expect(env.slice(1, -1)).toEqual(template.containers[0].env.slice(1));
    expect(job.spec.podFailurePolicy).toEqual(jobOf(synth()).podFailurePolicy);
  });

  test('its name is the same for the same spec, and another for every change of it', () => {
    const variants: Changes[] = [
      {}, { restorePoint: RestorePoint.named('orders_20261122_020000') }, { image: 'other:1' }, { activeDeadline: Duration.hours(1) }, { user: 1000 }, { backoffLimit: 0 },
      { priorityClassName: 'high' }, { mode: RestoreMode.postgresSwap({ globals: false }) },
    ];
    const names = variants.map(changes => onApply(changes).metadata.name);
    expect(new Set(names).size).toBe(variants.length);
    expect(variants.map(changes => onApply(changes).metadata.name)).toEqual(names);
  });

  test('its name is the same when the construct is moved: it would restore a second time', () => {
    const nameIn = (...path: string[]) => {
      const chart = newChart();
      const scope = path.reduce<Construct>((parent, id) => new Construct(parent, id), chart);
      return new RestoreJob(scope, 'r', { target: props().source, stores: props().stores, trigger: RestoreTrigger.onApply() }).resourceName;
    };
    expect(nameIn('Restores', 'Emergency')).toBe(nameIn());
  });

  describe('once', () => {
    const onceOf = (trigger: RestoreTrigger, changes: Changes = {}) => configOf(synth(chart => ({ trigger, ...typeof changes === 'function' ? changes(chart) : changes }))).once;
    const once = onceOf(RestoreTrigger.onApply());

    test('it notes what was restored in a ConfigMap, which it may read and write, and which has no data that applying would bring back', () => {
      const objects = synth(() => ({ trigger: RestoreTrigger.onApply() }));
      const notes = objects.filter(({ metadata: { name } }) => name === 'db-restore-restored');
      expect(notes.map(({ kind }) => kind)).toEqual(['ConfigMap', 'Role', 'RoleBinding']);
      expect(Object.keys(notes[0])).toEqual(['apiVersion', 'kind', 'metadata']);
      expect(notes[1].rules).toEqual([{ apiGroups: [''], resources: ['configmaps'], resourceNames: ['db-restore-restored'], verbs: ['get', 'patch'] }]);
      expect(notes[2].subjects).toEqual([{ kind: 'ServiceAccount', name: 'db-restore', namespace: 'shop' }]);
      expect(once).toEqual({ namespace: 'shop', configMap: 'db-restore-restored', key: expect.stringMatching(/^[0-9a-f]{16}$/) });
    });

    test.each<[string, Changes]>([
      ['image', { image: 'other:1' }], ['deadline', { activeDeadline: Duration.hours(1) }], ['mode', { mode: RestoreMode.postgresSwap({ globals: false }) }],
    ])('another %s makes another Job, and is the same restore', (_, changes) => {
      expect(onceOf(RestoreTrigger.onApply(), changes)).toEqual(once);
    });

    test('another restore point or id is another restore', () => {
      const all = [
        once, onceOf(RestoreTrigger.onApply('again')), onceOf(RestoreTrigger.onApply(), { restorePoint: RestorePoint.named('orders_20261122_020000') }),
        onceOf(RestoreTrigger.onApply(), { restorePoint: RestorePoint.notAfter(new Date(0)) }),
      ];
      expect(new Set(all.map(each => each?.key)).size).toBe(all.length);
    });

    test('a template notes nothing: a person starts it, also again', () => {
      expect(configOf(synth())).not.toHaveProperty('once');
      expect(synth().map(({ kind }) => kind)).not.toContain('ConfigMap');
    });

    test('a chart without a namespace is refused, and so is an empty id', () => {
      const chart = new Chart(Testing.app(), 'chart');
      const shared = { target: props().source, stores: props().stores, trigger: RestoreTrigger.onApply() };
      expect(() => new RestoreJob(chart, 'r', shared)).toThrow('chart/r: \'trigger\' needs the namespace of the chart, got none');
      expect(() => RestoreTrigger.onApply('')).toThrow('RestoreTrigger.onApply: \'id\'');
    });
  });

  test('the construct knows the name', () => {
    const chart = newChart();
    const restore = new RestoreJob(chart, 'r', { target: props().source, stores: props().stores, trigger: RestoreTrigger.onApply() });
    expect(resourceOf(objectsOf(chart)).metadata.name).toBe(restore.resourceName);
  });
});

test('what it does not cover can be said through its child', () => {
  const chart = newChart();
  const restore = new RestoreJob(chart, 'r', { target: props().source, stores: props().stores });
  ApiObject.of(restore.resource).addJsonPatch(JsonPatch.add('/spec/jobTemplate/spec/template/spec/runtimeClassName', 'gvisor'));
  expect(podOf(objectsOf(chart))).toMatchObject({ runtimeClassName: 'gvisor', enableServiceLinks: false });
});
