import { imageOf } from '../../contract/runner-image';
import { ConfigOptions, manifestOf } from '../config/load';
import { jobsIn, ManifestJob } from '../config/manifest';
import { quoted } from '../core/shell-word';
import { VERSION } from '../core/version';

/** Has zstd and SQLite built in. */
const NEEDED = 24;

/** Commands that read or write what is in a backup, or a database. */
const NEEDING: readonly string[] = ['backup', 'doctor', 'drill', 'import', 'prune', 'restore', 'rollback', 'verify'];

/** What S3 is reached with where the config names nothing. */
const CREDENTIALS = /^AWS_(ACCESS_KEY_ID|SECRET_ACCESS_KEY|SESSION_TOKEN|REGION|DEFAULT_REGION)$/;

export interface TypedCommand {
  readonly command: string;
  readonly args: readonly string[];
  readonly options: Partial<ConfigOptions> & { readonly decrypt?: boolean; readonly at?: string; readonly dryRun?: boolean };
  /** The backup, or what is kept, that it is about. */
  readonly wanted: string | undefined;
}

/** Why the command can't run on this Node.js, and what is to be typed instead; `null` where it can. */
export async function refusalOf(typed: TypedCommand, node: string, env: NodeJS.ProcessEnv): Promise<string | null> {
  const { command, options } = typed;
  if (Number.parseInt(node.replace('v', ''), 10) >= NEEDED) return null;
  if (!NEEDING.includes(command) && !(command === 'fetch' && options.decrypt)) return null;
  const jobs = await jobsOf(options);
  const chosen = jobs.find(({ metadata }) => metadata?.name === options.job) ?? (options.job === undefined ? jobs[0] : undefined);
  return `${command} needs Node.js ${NEEDED}, which has zstd and SQLite built in, and this is ${node}. On this machine the image has it: ${inDocker(typed, chosen, env)}`
    + `\nIn the cluster: ${inCluster(typed, chosen, jobs)}`;
}

/** Those of the manifest, if there is one that can be read: what is wrong with it is said where the command can run. */
async function jobsOf(options: Partial<ConfigOptions>): Promise<readonly ManifestJob[]> {
  try {
    const manifest = await manifestOf(options);
    return manifest === null ? [] : jobsIn(manifest.text, manifest.name);
  } catch {
    return [];
  }
}

function inDocker({ args, options }: TypedCommand, chosen: ManifestJob | undefined, env: NodeJS.ProcessEnv): string {
  const container = containerOf(chosen);
  const config = JSON.stringify(container?.env ?? []);
  // Names of what the config takes from the environment; values are nobody's business here.
  const named = [...config.matchAll(/\w+Env\\?":\\?"(\w+)/g)].map(([, name]) => name!);
  const names = [...new Set([...named, ...Object.keys(env).filter(name => CREDENTIALS.test(name))])];
  return [
    'docker run --rm', options.manifest === '-' ? '-i' : '-it', '--network=host', '--user="$(id -u):$(id -g)"', '--volume="$PWD:$PWD"', '--workdir="$PWD"',
    ...names.map(name => `--env=${name}`), container?.image ?? imageOf(VERSION), ...args.map(quoted),
  ].join(' ');
}

function inCluster({ command, args, options, wanted }: TypedCommand, chosen: ManifestJob | undefined, jobs: readonly ManifestJob[]): string {
  const namespace = chosen?.metadata?.namespace ?? 'NAMESPACE';
  const job = chosen?.metadata?.name ?? options.job ?? 'JOB';
  if (command === 'restore' || command === 'rollback') {
    const dryRun = options.dryRun ? ['--dry-run'] : [];
    const choice = command === 'rollback' ? ['--rollback', wanted ?? (options.dryRun ? '' : 'NAME')]
      : [...wanted === undefined ? [] : ['--backup', wanted], ...options.at === undefined ? [] : ['--at', options.at]];
    const words = ['--manifest', options.manifest ?? 'FILE', '--job', job, ...choice.filter(word => word !== ''), ...dryRun];
    return `cdk8s-backup restore-manifest ${words.map(quoted).join(' ')} | kubectl create -f -`;
  }
  if (command === 'backup' || command === 'drill') return `kubectl create job -n ${namespace} --from=cronjob/${job} ${job}-now`;
  const exporter = jobs.find(({ kind }) => kind === 'Deployment')?.metadata?.name ?? 'EXPORTER';
  return `kubectl exec -n ${namespace} deploy/${exporter} -- cdk8s-backup ${[command, ...withoutFlags(args.slice(1))].map(quoted).join(' ')}`;
}

/** Without what says where the config is, which a pod has itself. */
function withoutFlags(args: readonly string[]): string[] {
  const own = ['--manifest', '--job', '--config', '--set', '--identity'];
  return args.filter((arg, i) => !own.includes(arg) && !own.includes(args[i - 1]!) && !own.some(flag => arg.startsWith(`${flag}=`)));
}

function containerOf({ spec }: ManifestJob = {}) {
  return (spec?.jobTemplate?.spec?.template ?? spec?.template)?.spec?.containers?.[0];
}
