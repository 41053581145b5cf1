import { readFileSync } from 'node:fs';
import path from 'node:path';
import { generateIdentity, identityToRecipient } from 'age-encryption';
import { parseAllDocuments } from 'yaml';
import { applicationIn, synthesizeWhispercache, tablesOf } from './_application';
import { describeCluster } from './_can-run';
import { kubectl, Namespace, newNamespace } from './_cluster';
import { BUCKET, replaced, synthesizeExample } from './_example';
import { run } from './_readme';
import { ClusterS3, startClusterS3 } from './_s3';
import { PASSWORD } from './_whispercache';
import { EXAMPLES } from '../_example';
import { shellBlock } from '../pages';

/*
 * The small examples, as whoever copies one would use it: synthesized, applied, a backup taken, the data damaged, restored, and drilled. They share a
 * database, so they come one after the other.
 */

describeCluster('the example', () => {
  let s3: ClusterS3;
  let shop: Namespace;
  let staging: Namespace;
  /** The databases and the application of examples/whispercache. */
  let application: string;
  const namespaces: Namespace[] = [];

  beforeAll(async () => {
    s3 = await startClusterS3(BUCKET);
    application = readFileSync(applicationIn(await synthesizeWhispercache('shop-application', s3.endpoint)), 'utf8').replaceAll(/^ +namespace: .*\n/gm, '');
    // The same databases and application under another name.
    const ofShop = application.replaceAll('whispercache-backend', 'shop').replaceAll('whispercache', 'shop');
    [shop, staging] = await Promise.all([started('shop', ofShop), started('staging', ofShop)]);
    for (const name of ['billing', 'wiki']) {
      for (const sql of [`CREATE ROLE ${name} LOGIN CREATEDB PASSWORD '${PASSWORD}'`, `CREATE DATABASE ${name} OWNER ${name}`]) await query(shop, sql, 'postgres');
      await query(shop, `SET ROLE ${name}; CREATE TABLE users AS SELECT 'Ada' AS name`, name); // an empty database is suspect
    }
    await query(shop, 'INSERT INTO users(name) SELECT md5(i::text) FROM generate_series(1, 100) i');
  });

  afterAll(async () => {
    await Promise.all(namespaces.map(({ name }) => kubectl('delete', 'namespace', name, '--wait=false')));
    await s3?.kill();
  });

  const applyText = (ns: Namespace, text: string) => ns.apply(parseAllDocuments(text).map(document => document.toJS()));
  const started = async (prefix: string, text: string, database = 'shop', deployment = database) => {
    const ns = await newNamespace(prefix);
    namespaces.push(ns);
    const passwords = Object.fromEntries(['POSTGRES', 'SHOP', 'BILLING', 'WIKI'].map(of => [`${of}_PASSWORD`, PASSWORD]));
    await ns.apply([{ apiVersion: 'v1', kind: 'Secret', metadata: { name: 'backup-secrets' }, stringData: { ...passwords, REDIS_PASSWORD: 'redis-secret', ...s3.keys } }]);
    await applyText(ns, text);
    await ns.ready('statefulset/postgres', 'statefulset/redis', `deployment/${deployment}`);
    await query(ns, tablesOf(database), database);
    return ns;
  };
  const query = async (ns: Namespace, sql: string, database = 'shop') =>
    (await ns.kubectl('exec', 'postgres-0', '--', 'psql', '-XAtq', '-v', 'ON_ERROR_STOP=1', '-U', 'postgres', '-d', database, '-c', sql)).trim();
  const users = (ns: Namespace, database?: string) => query(ns, "SELECT count(*) FILTER (WHERE name <> 'wrong') FROM users", database);

  /** Synthesized with the image of this machine, in the namespaces of the test, and applied. */
  const applied = async (example: string, inNamespaces: { readonly [name: string]: Namespace }, change = (source: string) => source) => {
    const here = (source: string) => Object.entries(inNamespaces).reduce(
      (text, [name, ns]) => replaced(text, `namespace: '${name}'`, `namespace: '${ns.name}'`), replaced(source, 'registry.example.com/', ''),
    );
    const dist = await synthesizeExample(example, `${shop.name}-${example}`, s3.endpoint, source => change(here(source)));
    await kubectl('apply', '--filename', dist);
    return dist;
  };

  test('postgres: what was lost comes back, and the drill proves it', async () => {
    await applied('postgres', { shop });
    await shop.pass('db-backup');
    await query(shop, "UPDATE users SET name = 'wrong'");
    await shop.pass('db-restore');
    expect(await users(shop)).toBe('100');
    await shop.pass('db-drill');
  });

  test('encrypted: either key opens what is made during a change of keys, the old one what was made before', async () => {
    const [before, after] = [await generateIdentity(), await generateIdentity()];
    const [old, next] = [await identityToRecipient(before), await identityToRecipient(after)];
    const sealedFor = (...recipients: string[]) => applied('encrypted', { shop }, source => source.replace(/const RECIPIENTS = \[[^\]]*\]/, `const RECIPIENTS = ${JSON.stringify(recipients)}`));
    const opensWith = (...identities: string[]) => shop.apply([{ apiVersion: 'v1', kind: 'Secret', metadata: { name: 'backup-key' }, stringData: { identity: identities.join('\n') } }]);
    await sealedFor(old, next);
    await shop.pass('db-backup');
    for (const identity of [before, after]) {
      await opensWith(identity);
      await query(shop, "UPDATE users SET name = 'wrong'");
      await shop.pass('db-restore');
      expect(await users(shop)).toBe('100');
    }
    await sealedFor(next);
    await shop.pass('db-backup');
    await opensWith(before);
    expect(await shop.run('db-drill')).toMatchObject({ outcome: 'Failed', log: expect.stringContaining(next) });
    await opensWith(before, after);
    await shop.pass('db-drill');
  });

  test('other-namespace: staging gets the data of production, by keys of its own, and production notices nothing', async () => {
    await applied('other-namespace', { 'shop': shop, 'shop-staging': staging });
    await shop.pass('db-backup');
    await staging.pass('db-from-production');
    expect([await users(shop), await users(staging)]).toEqual(['100', '100']);
    await staging.ready('deployment/shop');
  });

  test('fleet: each database is backed up, and one status page knows all of them', async () => {
    await applied('fleet', { databases: shop });
    await Promise.all(['shop', 'billing', 'wiki'].map(name => shop.pass(`${name}-backup`)));
    await shop.ready('deployment/fleet-backups');
    expect(await shop.kubectl('exec', 'deploy/fleet-backups', '--', 'cdk8s-backup', 'list')).toMatch(/billing_\d{8}_\d{6} [^]*wiki_\d{8}_\d{6} /);
  });

  test('gitops: all that a plan makes is applied, and its status page answers', async () => {
    await applied('gitops', { shop });
    await shop.ready('deployment/shop-backups');
    await shop.pass('db-backup');
    expect(await shop.kubectl('exec', 'deploy/shop-backups', '--', 'cdk8s-backup', 'list')).toMatch(/shop-db_\d{8}_\d{6} /);
  });

  test('redis: what was lost comes back, with a password, and the drill proves it', async () => {
    const redis = (...command: string[]) => shop.kubectl('exec', 'redis-0', '--', 'redis-cli', '-e', ...command);
    await redis('SET', 'session:1', 'Ada');
    await redis('CONFIG', 'SET', 'requirepass', 'redis-secret');
    await applied('redis', { shop });
    await shop.pass('redis-backup');
    await redis('-a', 'redis-secret', '--no-auth-warning', 'FLUSHALL');
    await shop.pass('redis-restore');
    expect(await redis('-a', 'redis-secret', '--no-auth-warning', 'GET', 'session:1')).toBe('Ada\n');
    await shop.pass('redis-drill');
  });

  test('migration: the CronJob of the script becomes ours in its place, on its volume, and its dumps are restored', async () => {
    const ns = await started('migration', application, 'whispercache', 'whispercache-backend');
    await query(ns, "INSERT INTO users(name) VALUES ('of the script')", 'whispercache');
    await applyText(ns, readFileSync(path.join(EXAMPLES, 'migration', 'before.yaml'), 'utf8').replaceAll('namespace: whispercache', `namespace: ${ns.name}`));
    await ns.pass('db-backup');
    const before = await ns.get('persistentvolumeclaim/backup-storage');

    const dist = await applied('migration', { whispercache: ns });
    const { spec } = await ns.get('cronjob/db-backup');
    expect(spec.jobTemplate.spec.template.spec.containers.map(({ name }: any) => name)).toEqual(['backup']);
    expect((await ns.get('persistentvolumeclaim/backup-storage')).spec.volumeName).toBe(before.spec.volumeName);

    const [id] = /whispercache_\d{8}_\d{6}/.exec(await run(shellBlock('kubectl create job db-import -n').replaceAll('-n whispercache', `-n ${ns.name}`), { cliEnv: {}, dist }))!;
    await query(ns, "UPDATE users SET name = 'wrong'", 'whispercache');
    const restored = await ns.run('db-restore', 'of-the-script', job => job.spec.template.spec.containers[0].args.push(id));
    expect(restored).toEqual({ outcome: 'Complete', log: expect.stringContaining(id) });
    expect(await users(ns, 'whispercache')).toBe('1');
    await ns.pass('db-backup');
    await ns.pass('db-drill');
  });
});
