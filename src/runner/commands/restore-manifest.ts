import { CONFIG_ENV, RestoreConfig, renderConfig } from '../../contract/config';
import { ExitCode } from '../../contract/exit-code';
import { backupId, parseKey } from '../../contract/layout';
import { checkConfig, parseConfig } from '../config/config';
import { MANIFEST_ENV, manifestOf } from '../config/load';
import { jobInManifest, ManifestJob } from '../config/manifest';
import { parseAt } from '../config/point-in-time';
import { applySetting } from '../config/setting';
import { RunnerError } from '../core/errors';
import { yaml } from '../core/yaml';

/** Of a Job, whose pods have its name as a label. */
const MAX_NAME_LENGTH = 63;

export interface RestoreManifestOptions {
  readonly manifest?: string;
  readonly manifestText?: string;
  readonly job?: string;
  /** `latest`, an id, or the name of a file. */
  readonly backup?: string;
  readonly at?: string;
  /** Name of what the Job makes live again; `true`: the newest, of which only a plan is made. */
  readonly rollback?: string | true;
  /** Name of what the Job removes. */
  readonly discard?: string;
  readonly name?: string;
  /** Whether the Job only tells what it would do, and what is missing for it. */
  readonly dryRun?: boolean;
  readonly set: readonly string[];
}

/**
 * The manifest of a Job that is made from the template of a restore, as `kubectl create job --from=cronjob/…` makes it, with another
 * backup chosen. It belongs to no CronJob, so that no history limit ever removes it.
 *
 * @param now for the name
 */
export async function restoreManifest(options: RestoreManifestOptions, now: Date): Promise<string> {
  const args = argsOf(options);
  const manifest = await manifestOf(options);
  if (manifest === null) throw usage(`a Job is made from a manifest that cdk8s synth wrote: give --manifest FILE, or set ${MANIFEST_ENV}`);
  const { object, config: text } = jobInManifest(manifest.text, manifest.name, options.job);
  const template = object.metadata?.name ?? '';
  parseConfig(text);
  // Not what the check returns, which has the fields in another order: a diff shall show the choice, and nothing else.
  const changed = options.set.reduce<unknown>(applySetting, JSON.parse(text)) as RestoreConfig;
  const config = checkConfig(changed);
  if (config.kind !== 'restore') {
    throw usage(`${template} takes a backup, and a Job made from it would take another one of what is there now: name the job of a RestoreJob with --job`);
  }
  // A person starts this Job, and wants it also where the one of the manifest has restored.
  const chosen: RestoreConfig = { ...changed, ...choice(config, options), once: undefined };
  const { jobTemplate, ...plain } = object.spec ?? {};
  return yaml().stringify({
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: {
      name: nameOf(options.name ?? `${template}-${timeOf(now)}`),
      namespace: object.metadata?.namespace,
      labels: jobTemplate?.metadata?.labels ?? object.metadata?.labels,
      annotations: { ...jobTemplate?.metadata?.annotations, 'cronjob.kubernetes.io/instantiate': 'manual' },
    },
    spec: withConfig(jobTemplate?.spec ?? plain, renderConfig(chosen), args),
  }, { lineWidth: 0 });
}

/**
 * What the container gets in the place of its command, and behind its other arguments. A Job may start a second pod after the first has done its work:
 * one that goes by a name does not go back twice, nor discard two.
 */
function argsOf(
  { backup, at, rollback, discard, dryRun = false }: RestoreManifestOptions,
): { readonly command: readonly string[]; readonly more: readonly string[] } {
  const plan = dryRun ? ['--dry-run'] : [];
  const [command, name] = rollback !== undefined ? ['rollback', rollback] : discard !== undefined ? ['discard', discard] : ['restore', null];
  if (name === null) return { command: [command], more: plan };
  if (rollback !== undefined && discard !== undefined) throw usage('give either --rollback or --discard');
  if (backup !== undefined || at !== undefined) throw usage(`--${command} takes what a restore has kept, and no backup: leave out --backup and --at`);
  if (name === true && !dryRun) {
    throw usage('--rollback needs a name, so that a Job that is started again does not go back twice: the last line of the restore\'s log has it, '
      + 'and the Job of --rollback --dry-run tells it');
  }
  return { command: [command, ...name === true ? [] : [name]], more: [...plan, ...discard !== undefined && !dryRun ? ['--yes'] : []] };
}

function choice({ name }: RestoreConfig, { backup, at }: RestoreManifestOptions): Partial<RestoreConfig> {
  if (at !== undefined) {
    if (backup !== undefined && backup !== 'latest') throw usage(`give either --backup or --at, got ${backup} and ${at}`);
    return { backup: 'latest', notAfter: parseAt(at).toISOString() };
  }
  if (backup === undefined) return {};
  if (backup === 'latest') return { backup, notAfter: null };
  const key = parseKey(backup);
  if (key?.name !== name) {
    throw usage(`--backup takes a backup of ${name}, such as ${name}_20261122_020000, got ${JSON.stringify(backup)}: "cdk8s-backup list" shows them`);
  }
  return { backup: key.id, notAfter: null };
}

/** As in `20261122-030405`. */
function timeOf(now: Date): string {
  return backupId('', now).slice(1).replace('_', '-');
}

function nameOf(name: string): string {
  if (name.length > MAX_NAME_LENGTH || !/^[a-z0-9]([a-z0-9-]*[a-z0-9])?$/.test(name)) {
    throw usage(`--name takes up to ${MAX_NAME_LENGTH} lower-case letters, digits and "-", with a letter or digit at both ends, got ${JSON.stringify(name)}`);
  }
  return name;
}

function withConfig(
  spec: NonNullable<ManifestJob['spec']>, value: string, { command, more }: ReturnType<typeof argsOf>,
): ManifestJob['spec'] {
  const pod = spec.template?.spec;
  const containers = pod?.containers?.map(container => ({
    ...container,
    args: [...command, ...container.args?.slice(1) ?? [], ...more],
    env: container.env?.map(variable => variable.name === CONFIG_ENV ? { ...variable, value } : variable),
  }));
  return { ...spec, template: { ...spec.template, spec: { ...pod, containers } } };
}

function usage(message: string): RunnerError {
  return new RunnerError(message, ExitCode.USAGE);
}
