import { createReadStream } from 'node:fs';
import { parseAllDocuments } from 'yaml';
import { z } from 'zod';
import { checkConfig, parseConfig } from './config';
import { targetOf } from './restore-target';
import {
  BackupConfig, Config, CONFIG_ENV, DrillConfig, ExportedBackupConfig, ExporterConfig, NamedConfig, NAMESPACE_ENV, RestoreConfig, unescapeEnvValue,
} from '../../contract/config';
import { ExitCode } from '../../contract/exit-code';
import { messageOf, RunnerError } from '../core/errors';
import { formatBytes } from '../core/format';
import { cut } from '../core/schema';

/** Of a config or a manifest; the manifests of whole companies have a few. */
const MAX_FILE_BYTES = 64 * 1024 * 1024;

/** Where the config comes from: a file, a synthesized manifest, or, if neither is given, the environment. */
export interface ConfigOptions {
  readonly config?: string;
  readonly manifest?: string;
  readonly job?: string;
  /** `path=value`, see {@link applySetting}. */
  readonly set: readonly string[];
}

/** Loads a config of any kind that is about one backup: for commands that only look at what is stored. */
export async function loadConfig(options: ConfigOptions, env: NodeJS.ProcessEnv): Promise<NamedConfig> {
  return named(located(changed(parseConfig(await configText(options, env, CONFIG_ENV)), options), env));
}

export async function loadBackupConfig(options: ConfigOptions, env: NodeJS.ProcessEnv): Promise<BackupConfig> {
  const config = await loadConfig(options, env);
  if (config.kind !== 'backup') throw badConfig(`this is the config of a ${config.kind} of ${config.name}, and takes no backup: name the job of the backup`);
  return config;
}

/** Loads the config of a restore; from that of a backup, one that restores to where the backup comes from. */
export async function loadRestoreConfig(options: ConfigOptions, env: NodeJS.ProcessEnv): Promise<RestoreConfig> {
  const config = named(parseConfig(await configText(options, env, CONFIG_ENV)));
  if (config.kind === 'drill') throw badConfig(`this is the config of a drill of ${config.name}, which restores nothing for good: name the job of the restore, or of the backup`);
  return changed(config.kind === 'restore' ? config : restoreOf(config), options) as RestoreConfig;
}

export async function loadDrillConfig(options: ConfigOptions, env: NodeJS.ProcessEnv): Promise<DrillConfig> {
  const config = await loadConfig(options, env);
  if (config.kind !== 'drill') throw badConfig(`this is the config of a ${config.kind} of ${config.name}, and no drill: name the job of the drill`);
  return config;
}

/** What commands that only look at the stores need of a config. */
export type LookConfig = NamedConfig | ExportedBackupConfig;

/** Which of the backups of the exporter's config to look at. */
export interface LookOptions extends ConfigOptions {
  readonly name?: string;
}

/** The backups that a config is about. */
export interface LookConfigs {
  readonly backups: readonly LookConfig[];
  /** Whether one was asked for: by its name, or by a config that has only one. */
  readonly one: boolean;
}

/** Loads a config of any kind, for commands that look at one backup or at all of them. */
export async function loadLookConfigs(options: LookOptions, env: NodeJS.ProcessEnv): Promise<LookConfigs> {
  const config = located(changed(parseConfig(await configText(options, env, CONFIG_ENV)), options), env);
  const all: readonly LookConfig[] = config.kind === 'exporter' ? config.backups : [config];
  if (options.name === undefined) return { backups: all, one: config.kind !== 'exporter' };
  const found = all.find(({ name }) => name === options.name);
  if (!found) throw usage(`there is no backup ${options.name} in this config; it has ${all.map(({ name }) => name).join(', ')}`);
  return { backups: [found], one: true };
}

/** Loads a config of any kind, for commands that look at one backup. */
export async function loadLookConfig(options: LookOptions, env: NodeJS.ProcessEnv): Promise<LookConfig> {
  const { backups: [first, ...others] } = await loadLookConfigs(options, env);
  if (others.length > 0) throw usage(`this config has several backups, say which with --name: ${[first, ...others].map(backup => backup!.name).join(', ')}`);
  return first!;
}

export async function loadExporterConfig(options: ConfigOptions, env: NodeJS.ProcessEnv): Promise<ExporterConfig> {
  const config = located(changed(parseConfig(await configText(options, env, CONFIG_ENV)), options), env);
  if (config.kind !== 'exporter') throw badConfig(`this is the config of a ${config.kind} of ${config.name}, and not of an exporter: name the exporter's Deployment with --job`);
  return config;
}

/** Refuses the config that is about several backups. */
export function named(config: Config): NamedConfig {
  if (config.kind === 'exporter') throw badConfig('this is the config of the exporter, which has several backups: name the job of one of them');
  return config;
}

function changed(config: Config, { set }: ConfigOptions): Config {
  return checkConfig(set.reduce<unknown>(applySetting, config));
}

/** With the namespace of this pod where the manifest did not know it. */
function located(config: Config, env: NodeJS.ProcessEnv): Config {
  const here = <T extends { readonly namespace: string | null }>(one: T): T => ({ ...one, namespace: one.namespace ?? env[NAMESPACE_ENV] ?? null });
  if (config.kind === 'restore') return config;
  return config.kind === 'exporter' ? { ...config, backups: config.backups.map(here) } : here(config);
}

function restoreOf({ version, name, source, stores, encryption, deadlineSeconds, scratch }: BackupConfig): RestoreConfig {
  return {
    version,
    kind: 'restore',
    name,
    target: targetOf(source),
    stores,
    backup: 'latest',
    notAfter: null,
    store: null,
    workloads: [],
    healthUrl: null,
    decryption: null,
    encryption,
    deadlineSeconds,
    scratch,
  };
}

/**
 * The JSON text of a config.
 *
 * @param variable of the environment that holds it in a pod
 */
export async function configText({ config, manifest, job }: ConfigOptions, env: NodeJS.ProcessEnv, variable: string): Promise<string> {
  if (config !== undefined && manifest !== undefined) throw usage('give either --config or --manifest, not both');
  if (config !== undefined) return readText(config);
  if (manifest !== undefined) return configInManifest(await readText(manifest), manifest, job, variable);
  if (job !== undefined) throw usage('--job names a job in a manifest: give --manifest FILE too');
  const value = env[variable];
  if (value === undefined || value === '') {
    throw usage(`there is no config: give --manifest FILE --job NAME (what "cdk8s synth" wrote), or --config FILE, or set ${variable}`);
  }
  return value;
}

/** A CronJob or a Job in a manifest. */
export interface ManifestJob {
  readonly kind?: string;
  readonly metadata?: { readonly name?: string; readonly namespace?: string; readonly labels?: object };
  readonly spec?: {
    readonly jobTemplate?: {
      readonly metadata?: { readonly labels?: object; readonly annotations?: object };
      readonly spec?: { readonly template?: PodTemplate };
    };
    readonly template?: PodTemplate;
  };
}

interface PodTemplate {
  readonly spec?: { readonly containers?: readonly { readonly args?: readonly string[]; readonly env?: readonly EnvVariable[] }[] };
}

interface EnvVariable {
  readonly name?: string;
  readonly value?: string;
}

/** The config in the pod of the CronJob or Job `job`, or of the only one that has a config. */
export function configInManifest(yaml: string, file: string, job: string | undefined, variable: string = CONFIG_ENV): string {
  return jobInManifest(yaml, file, job, variable).config;
}

/** Commands of jobs beside that of a backup: what is done from elsewhere takes the backup's own. */
const FOLLOW_UPS: readonly (string | undefined)[] = ['verify', 'prune'];

/**
 * The CronJob or Job `job`, or the only one that has a config in `variable`, with that config. The exporter's Deployment is found where no
 * job has that name: the two of the guide are both called `db-backup`.
 */
export function jobInManifest(
  yaml: string, file: string, job: string | undefined, variable: string = CONFIG_ENV,
): { readonly object: ManifestJob; readonly config: string } {
  const found = new Map<string, { readonly object: ManifestJob; readonly config: string }>();
  const deployments = new Map<string, { readonly object: ManifestJob; readonly config: string }>();
  for (const object of objectsIn(yaml, file)) {
    const { metadata, spec } = object;
    const containers = (spec?.jobTemplate?.spec?.template ?? spec?.template)?.spec?.containers ?? [];
    const value = containers.flatMap(({ env }) => env ?? []).find(({ name }) => name === variable)?.value;
    if (value === undefined || value === null) continue;
    const entry = { object, config: unescapeEnvValue(value) };
    if (object.kind === 'Deployment') deployments.set(metadata?.name ?? '', entry);
    else found.set(metadata?.name ?? '', entry);
  }
  if (found.size === 0 || (job !== undefined && !found.has(job) && deployments.has(job))) return chosenOf(deployments, file, job, variable);
  return chosenOf(found, file, job, variable);
}

/** The objects of a manifest that have the shape of something with pods; those of other kinds have nothing of ours. */
function objectsIn(yaml: string, file: string): ManifestJob[] {
  let all: unknown[];
  try {
    all = parseAllDocuments(yaml, { logLevel: 'error' }).map(document => {
      if (document.errors.length > 0) throw document.errors[0];
      return document.toJS() as unknown;
    });
  } catch (error) {
    throw badConfig(`${file} is not YAML that can be read: ${cut(messageOf(error))}`); // also where it would fill the memory
  }
  return all.flatMap(object => manifestJob.safeParse(object).success ? [object as ManifestJob] : []);
}

const loose = <T extends z.ZodRawShape>(shape: T) => z.looseObject(shape).nullish();
const variables = z.array(z.looseObject({ name: z.string(), value: z.string().nullish() })).nullish();
const podTemplate = loose({ spec: loose({ containers: z.array(z.looseObject({ env: variables })).nullish() }) });
/** As far as it is looked into here. */
const manifestJob = z.looseObject({
  kind: z.string().nullish(),
  metadata: loose({ name: z.string().nullish() }),
  spec: loose({ jobTemplate: loose({ spec: loose({ template: podTemplate }) }), template: podTemplate }),
});

function chosenOf<T extends { readonly object: ManifestJob }>(
  found: ReadonlyMap<string, T>, file: string, job: string | undefined, variable: string,
): T {
  const isFollowUp = ({ spec }: ManifestJob) => FOLLOW_UPS.includes(spec?.jobTemplate?.spec?.template?.spec?.containers?.[0]?.args?.[0]);
  const mains = [...found.values()].filter(({ object }) => !isFollowUp(object));
  const names = [...found.keys()].join(', ');
  if (found.size === 0) throw badConfig(`${file} has no job of cdk8s-backup: no container in it has the variable ${variable}`);
  if (job === undefined && mains.length === 1) return mains[0]!;
  if (job === undefined && found.size > 1) throw usage(`${file} has several jobs, say which with --job: ${names}`);
  const chosen = job === undefined ? found.values().next().value : found.get(job);
  if (chosen === undefined) throw usage(`${file} has no job ${job}; it has ${names}`);
  return chosen;
}

type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

/**
 * Changes one value of a config: `source.host=localhost`, `stores.s3.endpoint=http://localhost:9000`.
 *
 * Elements of a list are addressed by their index or their `name`. The text becomes what the present value is: a number, a
 * boolean, a text; in place of `null`, objects and lists it is read as JSON if it is JSON, and is a text otherwise.
 */
export function applySetting(config: unknown, setting: string): unknown {
  const at = setting.indexOf('=');
  if (at < 1) throw usage(`--set takes path=value, got ${JSON.stringify(setting)}`);
  const path = setting.slice(0, at);
  return replace(config as Json, path.split('.'), setting.slice(at + 1), path);
}

function replace(node: Json, [head, ...rest]: readonly string[], value: string, path: string): Json {
  if (head === undefined) return convert(node, value, path);
  if (Array.isArray(node)) {
    const elements = node as readonly Json[];
    const index = elements.findIndex((element, i) => (element as { readonly name?: Json } | null)?.name === head || String(i) === head);
    if (index < 0) {
      const names = elements.map((element, i) => (element as { readonly name?: string } | null)?.name ?? i);
      throw usage(`--set ${path}: there is no ${head}; there is ${names.join(', ') || 'nothing'}`);
    }
    return elements.map((element, i) => i === index ? replace(element, rest, value, path) : element);
  }
  if (typeof node !== 'object' || node === null || !Object.hasOwn(node, head)) {
    throw usage(`--set ${path}: there is no ${head}; there is ${typeof node === 'object' && node !== null ? Object.keys(node).join(', ') : 'nothing below'}`);
  }
  const object = node as { readonly [key: string]: Json };
  return { ...object, [head]: replace(object[head]!, rest, value, path) };
}

function convert(present: Json, value: string, path: string): Json {
  if (value === 'null') return null;
  switch (typeof present) {
    case 'string': return value;
    case 'number':
      if (value.trim() === '' || Number.isNaN(Number(value))) throw usage(`--set ${path}: must be a number, got ${JSON.stringify(value)}`);
      return Number(value);
    case 'boolean':
      if (value !== 'true' && value !== 'false') throw usage(`--set ${path}: must be true or false, got ${JSON.stringify(value)}`);
      return value === 'true';
    default:
      try {
        return JSON.parse(value) as Json;
      } catch {
        return value; // a text in place of null
      }
  }
}

export async function readText(file: string): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  try {
    // Not all of it at once: what a shell puts in the place of a file, or /dev/zero, has no size.
    for await (const chunk of createReadStream(file) as AsyncIterable<Buffer>) {
      bytes += chunk.length;
      if (bytes > MAX_FILE_BYTES) break;
      chunks.push(chunk);
    }
  } catch (error) {
    throw badConfig(`${file} can't be read: ${messageOf(error)}`);
  }
  if (bytes > MAX_FILE_BYTES) throw badConfig(`${file} is larger than ${formatBytes(MAX_FILE_BYTES)}, and so neither a config nor a manifest: name another file`);
  return Buffer.concat(chunks).toString('utf8');
}

function usage(message: string): RunnerError {
  return new RunnerError(cut(message), ExitCode.USAGE);
}

function badConfig(message: string): RunnerError {
  return new RunnerError(message, ExitCode.BAD_CONFIG);
}
