import { ApiObject, Chart, Cron, Duration } from 'cdk8s';
import * as kplus from 'cdk8s-plus-28';
import { BackupCronJob, BackupSource, PostgresTls, RestoreDrill, RestoreJob, RestoreMode } from '../../../src';
import { CONFIG_ENV, RestoreConfig, unescapeEnvValue } from '../../../src/contract/config';
import { parseConfig } from '../../../src/runner/config/config';
import { configOf, newChart, objectsOf, podOf, props, secretsOf, synth } from '../../synth';

const secret = (chart: Chart) => kplus.Secret.fromSecretName(chart, 'Passwords', 'backup-secrets');
const claim = (chart: Chart, id: string = 'Data') => kplus.PersistentVolumeClaim.fromClaimName(chart, id, 'app-data');
const sqlite = (chart: Chart, id?: string) => BackupSource.sqlite({ claim: claim(chart, id), path: 'notes.db' });

function shop(chart: Chart): BackupSource {
  const passwords = secret(chart);
  const postgres = (host: string, key: string) =>
    BackupSource.postgres({ host, databaseName: 'shop', user: 'backup', password: { secret: passwords, key } });
  return BackupSource.set({ orders: postgres('orders', 'ORDERS'), users: postgres('users', 'USERS'), cache: BackupSource.redis({ host: 'redis' }), notes: sqlite(chart) });
}

test('members keep their own connections, passwords and mounts', () => {
  const objects = synth(chart => ({ source: shop(chart) }));
  expect(configOf(objects)).toMatchObject({
    name: 'set',
    source: {
      engine: 'set',
      members: {
        orders: { engine: 'postgres', host: 'orders', passwordEnv: 'POSTGRES_PASSWORD_ORDERS' },
        users: { engine: 'postgres', host: 'users', passwordEnv: 'POSTGRES_PASSWORD_USERS' },
        cache: { engine: 'redis', host: 'redis', passwordEnv: null },
        notes: { engine: 'sqlite', path: '/data/notes.db' },
      },
    },
    scratch: { limitBytes: 13 * 2 ** 30 },
  });
  expect(secretsOf(objects)).toMatchObject({ POSTGRES_PASSWORD_ORDERS: 'backup-secrets/ORDERS', POSTGRES_PASSWORD_USERS: 'backup-secrets/USERS' });
  expect(podOf(objects).volumes.map(({ name }: any) => name)).toContain('source-notes');
  expect(parseConfig(JSON.stringify(configOf(objects)))).toBeDefined();
});

test.each<[string, (chart: Chart) => BackupSource, string]>([
  ['fewer than two members', () => BackupSource.set({ a: BackupSource.redis({ host: 'redis' }) }), '\'members\' must have at least two sources, got ["a"]'],
  ['a name that is none', chart => BackupSource.set({ 'a-b': BackupSource.redis({ host: 'redis' }), 'b': sqlite(chart) }), '"a-b"'],
  ['a set in a set', chart => BackupSource.set({ a: shop(chart), b: BackupSource.redis({ host: 'redis' }) }), 'sets have no sets in them'],
  ['two claims in one place', chart => BackupSource.set({ a: sqlite(chart), b: sqlite(chart, 'Other') }), '\'mountPath\' "/data" is that of two members'],
  ['a lock timeout that is longer than the run', chart => BackupSource.set({
    a: BackupSource.redis({ host: 'redis' }), b: BackupSource.sqlite({ claim: claim(chart), path: 'a.db', lockTimeout: Duration.hours(7) }),
  }), '\'lockTimeout\' must be less than the time that a run has'],
])('fails on %s', (_what, source, message) => {
  expect(() => synth(chart => ({ source: source(chart) }))).toThrow(message);
});

test('certificates of several members do not get into each other\'s way', () => {
  const tls = PostgresTls.verifyFull();
  const source = BackupSource.set({
    a: BackupSource.postgres({ host: 'a', databaseName: 'a', user: 'a', tls }), b: BackupSource.postgres({ host: 'b', databaseName: 'b', user: 'b', tls }),
  });
  expect(configOf(synth({ source })).source).toMatchObject({ members: { a: { tls: { mode: 'verify-full' } }, b: { tls: { mode: 'verify-full' } } } });
});

describe('drills', () => {
  const drill = (member?: string) => {
    const chart = newChart();
    const backup = new BackupCronJob(chart, 'db-backup', props({ source: shop(chart), backupName: 'shop' }));
    const construct = new RestoreDrill(chart, 'drill', { backup, member, schedule: Cron.weekly() });
    return ApiObject.of(construct.cronJob).toJson();
  };

  test('are of one member', () => {
    const { containers } = drill('users').spec.jobTemplate.spec.template.spec;
    const { value } = containers[0].env.find(({ name }: any) => name === CONFIG_ENV);
    expect(parseConfig(unescapeEnvValue(value))).toMatchObject({ kind: 'drill', name: 'shop', member: 'users', target: { engine: 'postgres', host: '127.0.0.1', databaseName: 'shop' } });
  });

  test('fail without a member, and on one that is not there', () => {
    expect(() => drill()).toThrow('\'member\' is missing: the backup is a set, and a drill restores one member of it: orders, users, cache, notes');
    expect(() => drill('files')).toThrow('\'member\' must be one of the set');
  });
});

describe('restore', () => {
  function restoreConfig(mode?: RestoreMode): RestoreConfig {
    const chart = newChart();
    const backup = new BackupCronJob(chart, 'db-backup', props({ source: shop(chart), backupName: 'shop' }));
    const before = objectsOf(chart).length;
    new RestoreJob(chart, 'db-restore', { backup, mode });
    const [{ spec }] = objectsOf(chart).slice(before).filter(({ kind }) => kind === 'CronJob');
    const { value } = spec.jobTemplate.spec.template.spec.containers[0].env.find(({ name }: any) => name === CONFIG_ENV);
    return parseConfig(unescapeEnvValue(value)) as RestoreConfig;
  }

  test('by default restores every member in its own default way', () => {
    expect(restoreConfig()).toMatchObject({
      name: 'shop',
      target: { engine: 'set', members: { orders: { mode: 'swap' }, users: { mode: 'swap' }, cache: { mode: 'replication' }, notes: { keepPrevious: true } } },
    });
  });

  test('restores the members that are named, as it is told', () => {
    const { target } = restoreConfig(RestoreMode.set({ orders: RestoreMode.postgresSwap({ assertions: ['SELECT true'] }) }));
    expect(target).toMatchObject({ members: { orders: { assertions: ['SELECT true'] } } });
    expect(Object.keys(target.engine === 'set' ? target.members : {})).toEqual(['orders']);
  });

  test('fails on a member that is not in the set, on a mode of another engine, and on nothing', () => {
    expect(() => restoreConfig(RestoreMode.set({ files: RestoreMode.postgresSwap() }))).toThrow('\'members\' names "files", which is not in the set: it has orders, users, cache, notes');
    expect(() => restoreConfig(RestoreMode.set({ cache: RestoreMode.postgresSwap() }))).toThrow('\'mode\' is for postgres');
    expect(() => restoreConfig(RestoreMode.set({}))).toThrow('at least one member');
    expect(() => restoreConfig(RestoreMode.postgresSwap())).toThrow('\'mode\' is for postgres, and the target is set');
  });
});
