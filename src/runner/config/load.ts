import { checkConfig, parseConfig } from './config';
import { targetOf } from './engines/table';
import { configInManifest } from './manifest';
import { readConfigFile } from './read-file';
import { badConfig, usage } from './refusals';
import { applySetting } from './setting';
import { BackupConfig, Config, CONFIG_ENV, DrillConfig, ExportedBackupConfig, ExporterConfig, NamedConfig, NAMESPACE_ENV, RestoreConfig } from '../../contract/config';

/** Environment variables with what is meant where `--manifest` and `--job` are not typed. */
export const MANIFEST_ENV = 'CDK8S_BACKUP_MANIFEST';
export const JOB_ENV = 'CDK8S_BACKUP_JOB';

/** For messages, where the manifest is no file. */
export const STANDARD_INPUT = 'standard input';

/** Where the config comes from: a file, a synthesized manifest, or, if neither is given, the environment. */
export interface ConfigOptions {
  readonly config?: string;
  /** `-`: standard input, of which {@link manifestText} is the text. */
  readonly manifest?: string;
  readonly manifestText?: string;
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
export type InspectionConfig = NamedConfig | ExportedBackupConfig;

/** Which of the backups of the exporter's config to look at. */
export interface InspectionOptions extends ConfigOptions {
  readonly name?: string;
}

/** The backups that a config is about. */
export interface InspectionConfigs {
  readonly backups: readonly InspectionConfig[];
  /** Whether one was asked for: by its name, or by a config that has only one. */
  readonly one: boolean;
}

/** Loads a config of any kind, for commands that look at one backup or at all of them. */
export async function loadInspectionConfigs(options: InspectionOptions, env: NodeJS.ProcessEnv): Promise<InspectionConfigs> {
  const config = located(changed(parseConfig(await configText(options, env, CONFIG_ENV)), options), env);
  const all: readonly InspectionConfig[] = config.kind === 'exporter' ? config.backups : [config];
  if (options.name === undefined) return { backups: all, one: config.kind !== 'exporter' };
  const found = all.find(({ name }) => name === options.name);
  if (!found) throw usage(`there is no backup ${options.name} in this config; it has ${all.map(({ name }) => name).join(', ')}`);
  return { backups: [found], one: true };
}

/** Loads a config of any kind, for commands that look at one backup. */
export async function loadInspectionConfig(options: InspectionOptions, env: NodeJS.ProcessEnv): Promise<InspectionConfig> {
  const { backups: [first, ...others] } = await loadInspectionConfigs(options, env);
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

function restoreOf({ version, name, source, stores, encryption, activeDeadlineSeconds, scratch }: BackupConfig): RestoreConfig {
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
    activeDeadlineSeconds,
    scratch,
  };
}

/**
 * The JSON text of a config.
 *
 * @param variable of the environment that holds it in a pod
 */
export async function configText({ config, job, ...options }: ConfigOptions, env: NodeJS.ProcessEnv, variable: string): Promise<string> {
  if (config !== undefined && options.manifest !== undefined) throw usage('give either --config or --manifest, not both');
  if (config !== undefined) return readConfigFile(config);
  const manifest = await manifestOf(options);
  if (manifest !== null) return configInManifest(manifest.text, manifest.name, job, variable);
  if (job !== undefined) throw usage('--job names a job in a manifest: give --manifest FILE too');
  const value = env[variable];
  if (value === undefined || value === '') {
    throw usage(`there is no config: give --manifest FILE --job NAME (what "cdk8s synth" wrote), or --config FILE, or set ${MANIFEST_ENV}, or ${variable}`);
  }
  return value;
}

/** The manifest that is meant, and what messages call it; `null` where none is. */
export async function manifestOf(
  { manifest, manifestText }: Pick<ConfigOptions, 'manifest' | 'manifestText'>,
): Promise<{ readonly text: string; readonly name: string } | null> {
  if (manifestText !== undefined) return { text: manifestText, name: STANDARD_INPUT };
  return manifest === undefined ? null : { text: await readConfigFile(manifest), name: manifest };
}
