import { execFile } from 'node:child_process';
import { randomBytes, randomUUID } from 'node:crypto';
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { freePort, RunningProcess, startProcess, tempDir } from './_process';
import { answers, makeBucket, S3Server } from './_s3';

const run = promisify(execFile);
const START_TIMEOUT_MS = 60_000;

export interface Radosgw extends S3Server {
  /** Id of a key for `aws:kms`. */
  readonly kmsKeyId: string;
  /** A storage class besides STANDARD. */
  readonly storageClass: string;
  /** Adds an account that has no rights on the buckets of the first, or a quota. */
  addUser(name: string, options?: { readonly maxBytes?: number }): Promise<{ readonly accessKeyId: string; readonly secretAccessKey: string }>;
}

export interface RadosgwOptions {
  /** How long a day of lifecycle rules is; without it no rule ever acts. */
  readonly lifecycleDaySeconds?: number;
}

/** Starts the S3 server of Ceph with a cluster of its own: one monitor, and one disk that is in memory and gone afterwards. */
export async function startRadosgw(options: RadosgwOptions = {}): Promise<Radosgw> {
  const directory = tempDir('radosgw');
  const processes: RunningProcess[] = [];
  const stop = async () => {
    // The gateway first: it hangs once the disk is gone.
    for (const started of processes.reverse()) await started.stop();
    rmSync(directory, { recursive: true, force: true });
  };
  try {
    return { ...await startCluster(directory, processes, options), stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function startCluster(directory: string, processes: RunningProcess[], { lifecycleDaySeconds }: RadosgwOptions): Promise<Omit<Radosgw, 'stop'>> {
  for (const name of ['mon', 'osd', 'log', 'run', 'rgw']) mkdirSync(join(directory, name));
  const [monitorPort, port] = [await freePort(), await freePort()];
  const fsid = randomUUID();
  const kmsKeyId = 'testkey-1';
  const conf = join(directory, 'ceph.conf');
  const keyring = join(directory, 'keyring');
  writeFileSync(conf, cephConf({ directory, fsid, monitorPort, port, kmsKeyId, lifecycleDaySeconds }));

  writeFileSync(keyring, cephKeyring());

  const tool = (file: string, ...args: string[]) => run(file, args, { timeout: START_TIMEOUT_MS });
  const admin = (...args: string[]) => tool('radosgw-admin', '-c', conf, ...args);
  const daemon = async (file: string, args: string[], readiness: () => Promise<boolean>) => {
    const logFile = join(directory, 'log', `${file}.out`);
    processes.push(await startProcess({ file, args: ['-c', conf, ...args, '-f'], logFile, readiness, timeoutMs: START_TIMEOUT_MS }));
  };
  // The programs that come next wait for an answer of the daemon themselves, and each costs a third of a second of CPU time.
  const listensAs = (name: string) => async () => existsSync(join(directory, 'run', `${name}.asok`));

  const monitorMap = join(directory, 'monmap');
  await tool('monmaptool', '--create', '--fsid', fsid, '--addv', 'a', `[v2:127.0.0.1:${monitorPort}]`, monitorMap);
  await tool('ceph-mon', '-c', conf, '--mkfs', '-i', 'a', '--monmap', monitorMap, '--keyring', keyring);
  await daemon('ceph-mon', ['-i', 'a'], listensAs('mon.a'));

  const osdId = randomUUID();
  await tool('ceph', '-c', conf, 'osd', 'new', osdId);
  await tool('ceph-osd', '-c', conf, '-i', '0', '--mkfs', '--osd-uuid', osdId);
  await daemon('ceph-osd', ['-i', '0'], listensAs('osd.0'));

  const addUser: Radosgw['addUser'] = async (name, { maxBytes } = {}) => {
    const accessKeyId = `AK${randomBytes(8).toString('hex').toUpperCase()}`;
    const secretAccessKey = randomBytes(20).toString('hex');
    await admin('user', 'create', `--uid=${name}`, `--display-name=${name}`, `--access-key=${accessKeyId}`, `--secret-key=${secretAccessKey}`);
    if (maxBytes !== undefined) {
      await admin('quota', 'set', '--quota-scope=user', `--uid=${name}`, `--max-size=${maxBytes}B`);
      await admin('quota', 'enable', '--quota-scope=user', `--uid=${name}`);
    }
    return { accessKeyId, secretAccessKey };
  };

  // The first account makes the zone, which the storage class then belongs to, and the gateway reads both when it starts.
  const root = await addUser('root');
  const storageClass = 'STANDARD_IA';
  const placement = ['--placement-id', 'default-placement', '--storage-class', storageClass];
  await admin('zonegroup', 'placement', 'add', '--rgw-zonegroup', 'default', ...placement);
  await admin('zone', 'placement', 'add', '--rgw-zone', 'default', ...placement, '--data-pool', 'default.rgw.ia.data');

  const server = { endpoint: `http://127.0.0.1:${port}`, region: 'us-east-1', ...root };
  await daemon('radosgw', ['-n', 'client.rgw.a'], () => answers(server.endpoint));
  return { ...server, kmsKeyId, storageClass, addUser, makeBucket: name => makeBucket(server, name) };
}

/** Rights of each daemon, and of the tools. */
const CAPABILITIES = {
  'mon.': { mon: 'allow *' },
  'client.admin': { mon: 'allow *', osd: 'allow *', mgr: 'allow *' },
  'osd.0': { mon: 'allow profile osd', mgr: 'allow profile osd', osd: 'allow *' },
  'client.rgw.a': { mon: 'allow rw', osd: 'allow rwx', mgr: 'allow rw' },
};

/** What ceph-authtool makes in five runs. */
function cephKeyring(): string {
  return Object.entries(CAPABILITIES).map(([name, rights]) => `
[${name}]
key = ${cephKey()}
${Object.entries(rights).map(([daemon, right]) => `caps ${daemon} = "${right}"`).join('\n')}
`).join('');
}

/** A key for AES: the type, when it was made, its length, and the key itself. */
function cephKey(): string {
  const head = Buffer.alloc(12);
  head.writeUInt16LE(1);
  head.writeUInt32LE(Math.floor(Date.now() / 1000), 2);
  head.writeUInt16LE(16, 10);
  return Buffer.concat([head, randomBytes(16)]).toString('base64');
}

interface Settings {
  readonly directory: string;
  readonly fsid: string;
  readonly monitorPort: number;
  readonly port: number;
  readonly kmsKeyId: string;
  readonly lifecycleDaySeconds?: number;
}

/** Short intervals of the monitor make the start take 2 s rather than 14. Without cephx the gateway never starts to serve. */
function cephConf({ directory, fsid, monitorPort, port, kmsKeyId, lifecycleDaySeconds }: Settings): string {
  return `
[global]
fsid = ${fsid}
mon host = [v2:127.0.0.1:${monitorPort}/0]
mon initial members = a
public addr = 127.0.0.1
cluster addr = 127.0.0.1
auth cluster required = cephx
auth service required = cephx
auth client required = cephx
auth allow insecure global id reclaim = false
keyring = ${directory}/keyring
osd pool default size = 1
osd pool default min size = 1
mon allow pool size one = true
mon warn on pool no redundancy = false
osd pool default pg num = 1
osd pool default pg autoscale mode = off
osd crush chooseleaf type = 0
mon data avail warn = 1
mon data avail crit = 1
run dir = ${directory}/run
pid file = ${directory}/run/$type.$id.pid
admin socket = ${directory}/run/$type.$id.asok
log file = ${directory}/log/$type.$id.log
crash dir = ${directory}/log
[mon]
mon data = ${directory}/mon
mon cluster log file = ${directory}/log/cluster.log
paxos propose interval = 0.05
paxos min wait = 0.01
mon tick interval = 1
[osd]
osd data = ${directory}/osd
osd objectstore = memstore
memstore device bytes = 4294967296
osd memory target = 939524096
osd op num shards = 1
[client]
rgw data = ${directory}/rgw
[client.rgw.a]
rgw frontends = beast endpoint=127.0.0.1:${port}
rgw thread pool size = 16
rgw lc debug interval = ${lifecycleDaySeconds ?? -1}
rgw enable usage log = false
rgw enable ops log = false
rgw user quota bucket sync interval = 1
rgw bucket quota ttl = 0
rgw crypt require ssl = false
rgw crypt s3 kms backend = testing
rgw crypt s3 kms encryption keys = ${kmsKeyId}=${Buffer.from('a key of thirty-two bytes, no more'.slice(0, 32)).toString('base64')}
`;
}
