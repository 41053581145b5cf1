import { mkdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { Duration } from 'cdk8s';
import * as kplus from 'cdk8s-plus-28';
import { Namespace, newNamespace, NOT_NOW } from './_cluster';
import { ClusterS3, startClusterS3 } from './_s3';
import {
  BackupCronJob, BackupSource, BackupStore, CaCertificate, PostgresTls, RedisTls, RestoreDrill, RestoreJob, RestoreWorkload, Retention,
  S3ObjectLockMode,
} from '../../src';
import { Authority, issueCertificate, makeAuthority } from '../integration/servers/_certificate';
import { tempDir, until } from '../integration/servers/_process';
import { newChart, objectsOf } from '../synth';

const BUCKET = 'locked';

/** PostgreSQL 18 and Redis whose certificates a private authority has signed, and a bucket in which what is backed up is locked for a day. */
export interface Hardened {
  readonly ns: Namespace;
  readonly s3: ClusterS3;
  sql(text: string): Promise<string>;
  redis(...command: string[]): Promise<string>;
  /** Everything in both databases, row by row, to be compared. */
  rows(): Promise<{ readonly postgres: string; readonly redis: string }>;
  stop(): Promise<void>;
}

export async function startHardened(): Promise<Hardened> {
  const [ns, s3] = await Promise.all([newNamespace('hardened'), startClusterS3(BUCKET, { objectLock: true })]);
  const [authority, stranger] = [newAuthority(), newAuthority()];
  await ns.apply([
    { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'backup-secrets' }, stringData: { POSTGRES_PASSWORD: 'shop-secret', ...s3.keys } },
    certificateSecret(authority, 'postgres'),
    certificateSecret(authority, 'redis'),
    authorityConfigMap('authority', authority),
    authorityConfigMap('stranger', stranger),
    ...synthesize(ns.name, s3.endpoint),
  ]);
  await ns.apply([path.join(__dirname, 'hardened.yaml')]);
  await ns.ready('statefulset/postgres', 'statefulset/redis', 'statefulset/shop');
  const world: Hardened = {
    ns,
    s3,
    sql: async text => (await ns.kubectl('exec', 'postgres-0', '--', 'psql', '-XAtq', '-v', 'ON_ERROR_STOP=1', '-U', 'postgres', '-d', 'shop', '-c', text)).trim(),
    redis: async (...command) => (await ns.kubectl('exec', 'redis-0', '--', 'redis-cli', '-e', '--tls', '--cacert', '/tls/ca.crt', '-h', 'redis', ...command)).trim(),
    rows: async () => ({
      postgres: await world.sql('SELECT * FROM orders ORDER BY id'),
      // In its own pod: "local" is what may debug.
      redis: (await ns.kubectl('exec', 'redis-0', '--', 'redis-cli', '-e', '--tls', '--insecure', 'DEBUG', 'DIGEST')).trim(),
    }),
    stop: async () => {
      await ns.kubectl('delete', 'namespace', ns.name, '--wait=false');
      await s3.kill();
    },
  };
  // The pod may be ready a moment before the node sends to it what is for its Service.
  await until('Redis answers behind its Service', 60_000, () => world.redis('PING').then(answer => answer === 'PONG', () => false));
  await world.redis('MSET', 'session:1', 'Ada', 'session:2', 'Grace');
  return world;
}

/** What a user would write; `-stranger` is the same, with the authority of somebody else. */
function synthesize(namespace: string, endpoint: string): any[] {
  const chart = newChart(namespace);
  const secrets = kplus.Secret.fromSecretName(chart, 'Secrets', 'backup-secrets');
  const ca = (name: string) => CaCertificate.fromConfigMap(kplus.ConfigMap.fromConfigMapName(chart, name, name));
  const database = (authority: CaCertificate) => BackupSource.postgres({
    host: 'postgres', databaseName: 'shop', user: 'shop', password: { secret: secrets, key: 'POSTGRES_PASSWORD' }, tls: PostgresTls.verifyFull(authority),
  });
  const cache = (authority: CaCertificate) => BackupSource.redis({ host: 'redis', tls: RedisTls.trusting(authority) });
  const stores = [BackupStore.s3({ bucketName: BUCKET, endpoint, objectLock: { mode: S3ObjectLockMode.COMPLIANCE, duration: Duration.days(1) } })];
  const often = { schedule: NOT_NOW, stores, retention: Retention.newest(1, { keepAtLeast: 1 }), prune: { schedule: NOT_NOW } };
  const trusted = ca('authority');
  const backup = new BackupCronJob(chart, 'db-backup', { ...often, source: database(trusted) });
  const cacheBackup = new BackupCronJob(chart, 'redis-backup', { ...often, source: cache(trusted) });
  new RestoreDrill(chart, 'db-drill', { backup, schedule: NOT_NOW, serverImage: 'postgres:18', assertions: ['SELECT count(*) = 3000 FROM orders'] });
  const workloads = [RestoreWorkload.fromStatefulSetName('shop')];
  new RestoreJob(chart, 'db-restore', { backup, workloads });
  new RestoreJob(chart, 'redis-restore', { backup: cacheBackup });

  const untrusted = ca('stranger');
  new BackupCronJob(chart, 'db-backup-stranger', { ...often, source: database(untrusted), backupName: 'db-stranger' });
  new BackupCronJob(chart, 'redis-backup-stranger', { ...often, source: cache(untrusted), backupName: 'redis-stranger' });
  new RestoreJob(chart, 'db-restore-stranger', { backup, workloads, target: database(untrusted) });
  new RestoreJob(chart, 'redis-restore-stranger', { backup: cacheBackup, target: cache(untrusted) });
  return objectsOf(chart);
}

function newAuthority(): Authority {
  const directory = tempDir('authority');
  mkdirSync(directory, { recursive: true });
  return makeAuthority(directory);
}

const authorityConfigMap = (name: string, { caFile }: Authority) => ({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name }, data: { 'ca.crt': readFileSync(caFile, 'utf8') } });

function certificateSecret(authority: Authority, host: string) {
  const { certFile, keyFile } = issueCertificate(authority, host, [`DNS:${host}`]);
  const read = (file: string) => readFileSync(file, 'utf8');
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: `${host}-tls` },
    stringData: { 'tls.crt': read(certFile), 'tls.key': read(keyFile), 'ca.crt': read(authority.caFile) },
  };
}
