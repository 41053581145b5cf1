import { Chart, Duration } from 'cdk8s';
import * as kplus from 'cdk8s-plus-28';
import { BackupSource, CaCertificate, PostgresSourceOptions, PostgresTls, RedisSourceOptions, RedisTls, SqliteSourceOptions } from '../../../src';
import { configOf, podOf, secretsOf, synth } from '../../synth';

const password = (chart: Chart) => ({ secret: kplus.Secret.fromSecretName(chart, 'Password', 'backup-secrets'), key: 'PASSWORD' });
const claim = (chart: Chart) => kplus.PersistentVolumeClaim.fromClaimName(chart, 'Data', 'app-data');

describe('PostgreSQL', () => {
  const source = (options: Partial<PostgresSourceOptions>) => BackupSource.postgres({ host: 'postgres', databaseName: 'orders', user: 'backup', ...options });

  test('defaults', () => {
    const objects = synth({ source: source({}) });
    expect(configOf(objects)).toMatchObject({
      name: 'orders',
      source: {
        engine: 'postgres',
        host: 'postgres',
        port: 5432,
        databaseName: 'orders',
        user: 'backup',
        passwordEnv: null,
        tls: { mode: 'prefer', caFile: null },
        includeSchemas: [],
        excludeSchemas: [],
        includeTables: [],
        excludeTables: [],
        globals: true,
        lockTimeoutSeconds: 60,
      },
    });
  });

  test('takes the password from a Secret, never from the config', () => {
    const objects = synth(chart => ({ source: source({ password: password(chart) }) }));
    expect(secretsOf(objects)).toMatchObject({ POSTGRES_PASSWORD: 'backup-secrets/PASSWORD' });
    expect(configOf(objects).source).toMatchObject({ passwordEnv: 'POSTGRES_PASSWORD' });
  });

  test('all databases have a name of their own', () => {
    expect(configOf(synth({ source: source({ databaseName: undefined, allDatabases: true }) }))).toMatchObject({ name: 'postgres', source: { databaseName: null } });
  });

  test.each([['whisper$cache', 'whisper_cache'], ['_x y', 'x_y'], ['ünï', 'n_'], ['a'.repeat(63), 'a'.repeat(63)]])('database %s is backup %s', (databaseName, name) => {
    expect(configOf(synth({ source: source({ databaseName }) }))).toMatchObject({ name, source: { databaseName } });
  });

  test.each<[string, (chart: Chart) => PostgresTls, object]>([
    ['disable', () => PostgresTls.DISABLE, { mode: 'disable', caFile: null }],
    ['require', () => PostgresTls.REQUIRE, { mode: 'require', caFile: null }],
    ['verify-full with the roots of the system', () => PostgresTls.verifyFull(), { mode: 'verify-full', caFile: null }],
    ['verify-ca', chart => PostgresTls.verifyCa(CaCertificate.fromConfigMap(kplus.ConfigMap.fromConfigMapName(chart, 'Ca', 'pg-ca'))),
      { mode: 'verify-ca', caFile: '/etc/cdk8s-backup/source/ca.crt' }],
  ])('TLS: %s', (_case, tls, expected) => {
    expect(configOf(synth(chart => ({ source: source({ tls: tls(chart) }) }))).source).toMatchObject({ tls: expected });
  });

  test('mounts one key of the CA\'s Secret, not the private key beside it', () => {
    const ca = (chart: Chart) => CaCertificate.fromSecret(kplus.Secret.fromSecretName(chart, 'Ca', 'pg-tls'), 'root.pem');
    const pod = podOf(synth(chart => ({ source: source({ tls: PostgresTls.verifyFull(ca(chart)) }) })));
    expect(pod.volumes).toContainEqual({ name: 'source-ca', secret: { secretName: 'pg-tls', items: [{ key: 'root.pem', path: 'ca.crt' }] } });
    expect(pod.containers[0].volumeMounts).toContainEqual({ name: 'source-ca', mountPath: '/etc/cdk8s-backup/source', readOnly: true });
  });

  test.each<[string, Partial<PostgresSourceOptions>, string]>([
    ['no database', { databaseName: undefined }, '\'databaseName\' is missing: name the database, or set \'allDatabases\''],
    ['one and all databases', { allDatabases: true }, '\'databaseName\' and \'allDatabases\' exclude each other, got "orders" and true'],
    ['a name that PostgreSQL cuts', { databaseName: 'ä'.repeat(32) }, '\'databaseName\' must be 1 to 63 bytes long'],
    ['no user', { user: '' }, '\'user\' must be 1 to 63 bytes long, as all names in PostgreSQL, got "" with 0'],
    ['a negative port', { port: -5432 }, '\'port\' must be a whole number from 1 to 65535, got -5432'],
    ['a port too high', { port: 65536 }, '\'port\' must be a whole number from 1 to 65535, got 65536'],
    ['a host with its port', { host: 'postgres:5432' }, '\'host\' must be a name or an address, got "postgres:5432": give the number behind the colon as \'port\''],
    ['a URL', { host: 'postgres://me:secret@db/orders' }, 'got the URL "postgres://…@db/orders": give host, port, user'],
    ['no host', { host: '' }, '\'host\' must be one host name or IP address, got ""'],
    ['a socket', { host: '/var/run/postgresql' }, '\'host\' must be one host name or IP address'],
    ['two hosts', { host: 'a,b' }, '\'host\' must be one host name or IP address'],
    ['tables and schemas', { includeTables: ['t'], includeSchemas: ['s'] }, '\'includeTables\' and \'includeSchemas\' exclude each other, got ["t"] and ["s"]: pg_dump ignores schemas'],
    ['tables and excluded schemas', { includeTables: ['t'], excludeSchemas: ['s'] }, '\'includeTables\' and \'excludeSchemas\' exclude each other'],
    ['one pattern in and out', { includeTables: ['t', 'u'], excludeTables: ['u'] }, '\'includeTables\' and \'excludeTables\' both name "u"'],
    ['one schema in and out', { includeSchemas: ['s'], excludeSchemas: ['s'] }, '\'includeSchemas\' and \'excludeSchemas\' both name "s"'],
    ['an empty pattern', { excludeTables: [''] }, '\'excludeTables\' must be text without spaces around it and without control characters, got ""'],
    ['a schema of all databases', { databaseName: undefined, allDatabases: true, includeSchemas: ['s'] }, '\'includeSchemas\' and \'allDatabases\' exclude each other'],
    ['a lock timeout of 0', { lockTimeout: Duration.seconds(0) }, '\'lockTimeout\' must be a whole number of seconds, at least 1 (pg_dump takes 0 for no limit), got 0 seconds'],
  ])('fails on %s', (_case, options, message) => {
    expect(() => source(options)).toThrow(message);
  });

  test('a message never repeats a password', () => {
    expect(() => source({ host: 'postgres://me:hunter2@db/orders' })).not.toThrow('hunter2');
  });
});

describe('Redis', () => {
  const source = (options: Partial<RedisSourceOptions>) => BackupSource.redis({ host: 'redis', ...options });

  test('defaults', () => {
    expect(configOf(synth({ source: source({}) }))).toMatchObject({
      name: 'redis', source: { engine: 'redis', host: 'redis', port: 6379, user: null, passwordEnv: null, tls: null },
    });
  });

  test('user, password and TLS', () => {
    const objects = synth(chart => ({ source: source({ user: 'backup', password: password(chart), tls: RedisTls.SYSTEM_ROOTS }) }));
    expect(secretsOf(objects)).toMatchObject({ REDIS_PASSWORD: 'backup-secrets/PASSWORD' });
    expect(configOf(objects).source).toMatchObject({ user: 'backup', passwordEnv: 'REDIS_PASSWORD', tls: { caFile: null } });
  });

  test('a CA of one\'s own', () => {
    const tls = (chart: Chart) => RedisTls.trusting(CaCertificate.fromConfigMap(kplus.ConfigMap.fromConfigMapName(chart, 'Ca', 'redis-ca')));
    expect(configOf(synth(chart => ({ source: source({ tls: tls(chart) }) }))).source).toMatchObject({ tls: { caFile: '/etc/cdk8s-backup/source/ca.crt' } });
  });

  test.each<[string, Partial<RedisSourceOptions>, string]>([
    ['a user alone', { user: 'backup' }, '\'user\' needs a password, got "backup" alone'],
    ['a port that is no number', { port: NaN }, '\'port\' must be a whole number from 1 to 65535'],
    ['a URL', { host: 'redis://redis' }, 'got the URL "redis://redis"'],
  ])('fails on %s', (_case, options, message) => {
    expect(() => source(options)).toThrow(message);
  });
});

describe('SQLite', () => {
  const source = (chart: Chart, options: Partial<SqliteSourceOptions> = {}) => BackupSource.sqlite({ claim: claim(chart), path: 'data/whispercache.db', ...options });

  test('defaults', () => {
    const objects = synth(chart => ({ source: source(chart) }));
    expect(configOf(objects)).toMatchObject({
      name: 'whispercache',
      source: { engine: 'sqlite', path: '/data/data/whispercache.db', lockTimeoutSeconds: 60 },
      scratch: { directory: '/tmp', limitBytes: 10 * 1024 ** 3 },
    });
    expect(podOf(objects).volumes).toContainEqual({ name: 'scratch', emptyDir: { sizeLimit: '10Gi' } });
  });

  test('mounts the claim writable, since readers of a WAL write its index', () => {
    const pod = podOf(synth(chart => ({ source: source(chart, { mountPath: '/app/data' }) })));
    expect(pod.volumes).toContainEqual({ name: 'source', persistentVolumeClaim: { claimName: 'app-data' } });
    expect(pod.containers[0].volumeMounts).toContainEqual({ name: 'source', mountPath: '/app/data' });
    expect(pod.securityContext.fsGroup).toBe(10001);
  });

  test.each([['app.db', 'app'], ['a/b.c.sqlite3', 'b_c'], ['plain', 'plain'], ['.hidden', 'hidden']])('file %s is backup %s', (path, name) => {
    expect(configOf(synth(chart => ({ source: source(chart, { path }) }))).name).toBe(name);
  });

  test.each<[string, Partial<SqliteSourceOptions>, string]>([
    ['an absolute path', { path: '/app/data/x.db' }, '\'path\' must be a path inside the claim, got "/app/data/x.db": leave the leading slash out'],
    ['a way out of the claim', { path: 'a/../../x.db' }, '\'path\' must name a file inside the claim, without empty, "." and ".." parts'],
    ['a folder', { path: 'data/' }, '\'path\' must name a file inside the claim'],
    ['nothing', { path: '' }, '\'path\' must be text'],
    ['the root', { mountPath: '/' }, '\'mountPath\' must be an absolute path other than "/"'],
    ['a relative mount', { mountPath: 'data' }, '\'mountPath\' must be an absolute path'],
    ['a mount over the scratch volume', { mountPath: '/tmp' }, '\'mountPath\' must stay clear of "/tmp", which the backup uses itself, got "/tmp"'],
    ['a mount inside the backups', { mountPath: '/backups/x' }, '\'mountPath\' must stay clear of "/backups"'],
    ['a mount over the certificates', { mountPath: '/etc' }, '\'mountPath\' must stay clear of "/etc/cdk8s-backup"'],
  ])('fails on %s', (_case, options, message) => {
    expect(() => synth(chart => ({ source: source(chart, options) }))).toThrow(message);
  });
});
