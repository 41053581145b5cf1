import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import https from 'node:https';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { freePort, RunningProcess, startProcess, tempDir } from './_process';

const CACHE = process.env.CDK8S_BACKUP_TEST_CACHE ?? join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'cdk8s-backup-test');
/** One that is never answered is asked again by whoever waits for the server, and fails the others. */
const REQUEST_TIMEOUT_MS = 20_000;
/** After which a connection is closed that nobody uses: long before the server does it. */
const UNUSED_MS = 15_000;
const ADMIN_TOKEN = 'admin-0123456789';

/** A Kubernetes without nodes and controllers: objects, rights, validation and conflicts are real, and nothing moves by itself. */
export interface KubeApiServer {
  readonly host: string;
  readonly port: number;
  /** As an administrator; rejects with status and message of an answer that is no success. */
  request(method: string, path: string, body?: unknown): Promise<any>;
  /** Creates what a manifest has. */
  create(objects: readonly any[]): Promise<void>;
  /** A directory as Kubernetes mounts it for a pod of the service account. */
  serviceAccountDirectory(namespace: string, name: string): Promise<string>;
  kill(): Promise<void>;
  /** Starts it again on the same port, with the objects it had. */
  restart(): Promise<void>;
  stop(): Promise<void>;
}

export async function startKubeApiServer(): Promise<KubeApiServer> {
  const file = (name: string) => {
    const path = join(CACHE, 'bin', name);
    if (!existsSync(path)) throw new Error(`${path} is missing: run test/integration/install/kube-apiserver.sh`);
    return path;
  };
  const [kubeApiServer, etcdFile] = [file('kube-apiserver'), file('etcd')];
  const directory = tempDir('kube-apiserver');
  const [port, etcdPort, peerPort] = [await freePort(), await freePort(), await freePort()];
  const key = join(directory, 'service-accounts.key');
  execFileSync('openssl', ['genrsa', '-out', key, '2048'], { stdio: 'ignore' });
  writeFileSync(join(directory, 'tokens.csv'), `${ADMIN_TOKEN},admin,admin,"system:masters"\n`);
  const certificate = join(directory, 'certificates', 'apiserver.crt');
  // The controllers of the tests ask every 50 ms: with a connection for each request, workloads.test.ts takes half as much CPU time again.
  const agent = new https.Agent({ keepAlive: true, timeout: UNUSED_MS });

  const request = (method: string, path: string, body?: unknown) => new Promise<any>((resolve, reject) => {
    https.request({
      host: '127.0.0.1',
      port,
      path,
      method,
      rejectUnauthorized: false,
      agent,
      signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS),
      headers: { 'authorization': `Bearer ${ADMIN_TOKEN}`, 'content-type': method === 'PATCH' ? 'application/merge-patch+json' : 'application/json' },
    }, response => {
      // One whose body breaks off has to reject, too: whoever waits for it would do so for ever.
      text(response).then(answer => {
        if (response.statusCode! > 299) throw new Error(`${method} ${path}: ${response.statusCode} ${answer}`);
        return answer.startsWith('{') ? JSON.parse(answer) : answer;
      }).then(resolve, error => reject(new Error(`${method} ${path}: ${(error as Error).message}`, { cause: error })));
    }).on('error', reject).end(body === undefined ? undefined : JSON.stringify(body));
  });

  const etcd = await startProcess({
    file: etcdFile,
    args: [
      '--data-dir', join(directory, 'etcd'), '--listen-client-urls', `http://127.0.0.1:${etcdPort}`, '--advertise-client-urls', `http://127.0.0.1:${etcdPort}`,
      '--listen-peer-urls', `http://127.0.0.1:${peerPort}`, '--unsafe-no-fsync', '--log-level', 'error',
    ],
    logFile: join(directory, 'etcd.log'),
    readiness: async () => (await fetch(`http://127.0.0.1:${etcdPort}/health`)).ok,
    timeoutMs: 30_000,
  });
  const start = () => startProcess({
    file: kubeApiServer,
    args: [
      `--etcd-servers=http://127.0.0.1:${etcdPort}`, '--bind-address=127.0.0.1', `--secure-port=${port}`, `--cert-dir=${join(directory, 'certificates')}`,
      '--service-cluster-ip-range=10.0.0.0/24', '--endpoint-reconciler-type=none', '--authorization-mode=RBAC', `--token-auth-file=${join(directory, 'tokens.csv')}`,
      `--service-account-key-file=${key}`, `--service-account-signing-key-file=${key}`, '--service-account-issuer=https://kubernetes.default.svc',
      // Nobody makes the account `default` that it would ask for.
      '--disable-admission-plugins=ServiceAccount', '--feature-gates=HPAScaleToZero=true,SidecarContainers=true',
    ],
    logFile: join(directory, 'kube-apiserver.log'),
    readiness: async () => await request('GET', '/readyz') === 'ok',
    timeoutMs: 90_000,
  });
  let running: RunningProcess;
  try {
    running = await start();
  } catch (error) {
    await etcd.stop();
    rmSync(directory, { recursive: true, force: true });
    throw error;
  }
  return {
    host: '127.0.0.1',
    port,
    request,
    create: async objects => {
      for (const object of objects) await request('POST', collectionOf(object), object);
    },
    serviceAccountDirectory: async (namespace, name) => {
      const { status } = await request('POST', `/api/v1/namespaces/${namespace}/serviceaccounts/${name}/token`, { spec: { expirationSeconds: 3600 } });
      const mounted = join(directory, `${namespace}-${name}`);
      mkdirSync(mounted, { recursive: true });
      writeFileSync(join(mounted, 'token'), status.token);
      writeFileSync(join(mounted, 'ca.crt'), readFileSync(certificate));
      return mounted;
    },
    kill: async () => {
      running.kill('SIGKILL');
      await running.exited;
      agent.destroy(); // its connections are to a server that is gone
    },
    restart: async () => {
      running = await start();
    },
    stop: async () => {
      agent.destroy();
      await running.stop();
      await etcd.stop();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

/** Where objects of this kind are created. */
function collectionOf({ apiVersion, kind, metadata }: any): string {
  const group = apiVersion === 'v1' ? '/api/v1' : `/apis/${apiVersion}`;
  const plural = `${kind.toLowerCase()}s`.replace(/ys$/, 'ies');
  return kind === 'Namespace' ? `${group}/namespaces` : `${group}/namespaces/${metadata.namespace}/${plural}`;
}
