import { execFile, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { promisify } from 'node:util';
import { Cron } from 'cdk8s';
import { inNetwork } from './_node';
import { program } from './_paths';
import { CLUSTER_ENV, ClusterPlace } from './_start';

/*
 * How a test plays with the cluster, which `_setup.ts` has started for all of them:
 *
 *   describeCluster('…', () => {                              // of _can-run.ts: skipped, with the reason, where there is no cluster
 *     const ns = await newNamespace('restore');               // enforces Pod Security "restricted"; nobody else is in it
 *     await ns.kubectl('get', 'pods');                        // kubectl --namespace …; rejects with what it printed
 *     await ns.apply(objectsOf(chart));                       // kubectl apply of objects, or of a file or directory
 *     const { outcome, log } = await ns.run('db-backup');     // kubectl create job --from=cronjob/db-backup, waited for
 *     const world = await startWhispercache('restore');       // of _whispercache.ts: examples/whispercache with its databases, application and bucket
 *     await world.stop();                                     // in afterAll: others need the memory
 *
 * Run one file: jest --config test/cluster/jest.config.json test/cluster/FILE
 */

const MAX_OUTPUT = 64 * 1024 * 1024;
const TIMEOUT_MS = 180_000;
const JOB_TIMEOUT_S = 120;

const later = new Date(Date.now() + 12 * 3_600_000);
/** A schedule that does not fire while the tests run, whenever that is: backups that nobody asked for change what is restored. */
export const NOT_NOW = Cron.schedule({ minute: String(later.getUTCMinutes()), hour: String(later.getUTCHours()) });

/** The cluster that `_setup.ts` has started. */
export const place = (): ClusterPlace => JSON.parse(process.env[CLUSTER_ENV]!);

export interface CommandOptions {
  readonly input?: string;
  readonly env?: NodeJS.ProcessEnv;
  readonly signal?: AbortSignal;
}

/** Runs a program of this machine in the network of the node, and returns what it printed. */
export async function inNodeNetwork(command: readonly string[], { input, env, signal }: CommandOptions = {}): Promise<string> {
  const [file, ...args] = [...inNetwork(place()), ...command];
  const running = promisify(execFile)(file!, args, { env: { ...process.env, ...env }, maxBuffer: MAX_OUTPUT, timeout: TIMEOUT_MS, signal });
  running.child.stdin!.end(input);
  try {
    return (await running).stdout;
  } catch (error) {
    const { stdout, stderr } = error as { readonly stdout?: string; readonly stderr?: string };
    throw new Error(`${command.join(' ')}:\n${stdout ?? ''}${stderr ?? String(error)}`, { cause: error });
  }
}

/** As the administrator of the cluster. */
export function kubectl(...args: string[]): Promise<string> {
  return kubectlWith({}, ...args);
}

export function kubectlWith(options: CommandOptions, ...args: string[]): Promise<string> {
  return inNodeNetwork([program('kubectl'), '--kubeconfig', place().kubeconfig, ...args], options);
}

/** Starts what goes on until it is stopped, such as a port-forward. */
export function startKubectl(...args: string[]): { stop(): void } {
  const [file, ...rest] = [...inNetwork(place()), program('kubectl'), '--kubeconfig', place().kubeconfig, ...args];
  const child = spawn(file!, rest, { stdio: 'ignore' });
  return { stop: () => child.kill() };
}

export interface EndedJob {
  readonly outcome: 'Complete' | 'Failed';
  /** What its pods have printed, the one after the other. */
  readonly log: string;
}

export interface Namespace {
  readonly name: string;
  kubectl(...args: string[]): Promise<string>;
  /** Applies objects, or what files and directories have. */
  apply(what: readonly any[] | readonly string[]): Promise<string>;
  /** Objects as `kubectl get … --output=json` has them. */
  get(...what: string[]): Promise<any>;
  /** Waits until the last pods of Deployments and StatefulSets are ready. */
  ready(...workloads: string[]): Promise<void>;
  /** Makes a Job of a CronJob, and waits for its end; `change` is for what a test needs to be otherwise. */
  run(cronJob: string, job?: string, change?: (job: any) => void): Promise<EndedJob>;
  /** The same, which must succeed; returns the log. */
  pass(cronJob: string, job?: string): Promise<string>;
  /** Waits for the end of a Job that somebody else has made. */
  ended(job: string, timeoutSeconds?: number): Promise<EndedJob>;
}

/** A namespace of this name, and some letters; it enforces Pod Security "restricted". */
export async function newNamespace(prefix: string): Promise<Namespace> {
  const name = `${prefix}-${randomBytes(2).toString('hex')}`;
  await makeNamespace(name);
  return namespaceOf(name);
}

export async function makeNamespace(name: string): Promise<void> {
  const metadata = { name, labels: { 'pod-security.kubernetes.io/enforce': 'restricted', 'pod-security.kubernetes.io/warn': 'restricted' } };
  await kubectlWith({ input: JSON.stringify({ apiVersion: 'v1', kind: 'Namespace', metadata }) }, 'create', '--filename=-');
  await kubectl('wait', '--namespace', name, '--for=create', 'serviceaccount/default', '--timeout=30s');
}

export function namespaceOf(name: string): Namespace {
  const inside = (...args: string[]) => kubectl('--namespace', name, ...args);
  const get = async (...what: string[]) => JSON.parse(await inside('get', ...what, '--output=json'));

  const logOf = async (job: string) => {
    const { items } = await get('pods', `--selector=job-name=${job}`, '--sort-by=.metadata.creationTimestamp');
    const logs = await Promise.all(items.map(({ metadata, spec }: any) => inside('logs', metadata.name, `--container=${spec.containers[0].name}`).catch((error: Error) => {
      if (error.message.includes('(NotFound)')) return ''; // the pods of a Job that has passed its deadline are deleted
      throw error;
    })));
    return logs.join('');
  };
  const ended = async (job: string, timeoutSeconds: number = JOB_TIMEOUT_S): Promise<EndedJob> => {
    const found = new AbortController();
    const condition = async (type: EndedJob['outcome']) => {
      await kubectlWith({ signal: found.signal }, '--namespace', name, 'wait', `--for=condition=${type}`, `job/${job}`, `--timeout=${timeoutSeconds}s`);
      return type;
    };
    let outcome: EndedJob['outcome'];
    try {
      outcome = await Promise.any([condition('Complete'), condition('Failed')]);
    } catch (error) {
      const seen = await inside('describe', 'pods', `--selector=job-name=${job}`);
      throw new Error(`${job} has not ended after ${timeoutSeconds} s:\n${seen}`, { cause: error });
    } finally {
      found.abort();
    }
    return { outcome, log: await logOf(job) };
  };
  const run = async (cronJob: string, job: string = `${cronJob}-${randomBytes(2).toString('hex')}`, change?: (object: any) => void) => {
    const create = ['create', 'job', job, `--from=cronjob/${cronJob}`];
    if (change === undefined) {
      await inside(...create);
    } else {
      const object = JSON.parse(await inside(...create, '--dry-run=client', '--output=json'));
      change(object);
      await kubectlWith({ input: JSON.stringify(object) }, '--namespace', name, 'create', '--filename=-');
    }
    return ended(job);
  };
  return {
    name,
    kubectl: inside,
    get,
    apply: what => typeof what[0] === 'string' ? inside('apply', ...(what as string[]).map(file => `--filename=${file}`))
      : kubectlWith({ input: what.map(object => JSON.stringify(object)).join('\n') }, '--namespace', name, 'apply', '--filename=-'),
    ready: async (...workloads) => {
      for (const workload of workloads) await inside('rollout', 'status', workload, '--timeout=120s');
    },
    run,
    pass: async (cronJob, job) => {
      const { outcome, log } = await run(cronJob, job);
      if (outcome !== 'Complete') throw new Error(`${cronJob} has failed:\n${log}`);
      return log;
    },
    ended,
  };
}
