import { checkLifecycleConfig } from './config';
import { CONFIG_ENV, NamedConfig } from '../../contract/config';
import { ExitCode } from '../../contract/exit-code';
import { LIFECYCLE_ENV, LIFECYCLE_VERSION, LifecycleConfig } from '../../contract/lifecycle';
import { parseConfig } from '../config/config';
import { ConfigOptions, configText, named } from '../config/load';
import { readConfigFile } from '../config/read-file';
import { applySetting } from '../config/setting';
import { messageOf, RunnerError } from '../core/errors';
import { bucketsAmong } from '../stores/open';

/** Where the rules come from: a file, for the bucket of a backup, or the config of a lifecycle Job. */
export interface LifecycleOptions extends ConfigOptions {
  readonly lifecycle?: string;
  readonly store?: string;
  readonly transitionDefaultMinimumObjectSize?: string;
}

export async function loadLifecycle(options: LifecycleOptions, env: NodeJS.ProcessEnv): Promise<LifecycleConfig> {
  const root = options.lifecycle === undefined ? await fromJob(options, env) : await fromFile(options.lifecycle, options, env);
  return checkLifecycleConfig(options.set.reduce<unknown>(applySetting, root));
}

async function fromJob(options: LifecycleOptions, env: NodeJS.ProcessEnv): Promise<unknown> {
  for (const [flag, value] of [['--store', options.store], ['--transition-default-minimum-object-size', options.transitionDefaultMinimumObjectSize]]) {
    if (value !== undefined) throw new RunnerError(`${flag} goes with --lifecycle FILE: a lifecycle Job says it itself`, ExitCode.USAGE);
  }
  return parse(await configText(options, env, LIFECYCLE_ENV), 'the lifecycle');
}

async function fromFile(file: string, options: LifecycleOptions, env: NodeJS.ProcessEnv): Promise<unknown> {
  const backup = named(parseConfig(await configText(options, env, CONFIG_ENV)));
  return {
    version: LIFECYCLE_VERSION,
    store: bucketOf(backup, options.store),
    document: parse(await readConfigFile(file), file),
    transitionDefaultMinimumObjectSize: options.transitionDefaultMinimumObjectSize ?? null,
  };
}

function bucketOf({ name, stores }: NamedConfig, wanted: string | undefined) {
  const buckets = bucketsAmong(stores);
  const names = buckets.map(store => store.name).join(', ');
  if (names === '') throw new RunnerError(`the backup ${name} has no S3 store, and only a bucket has a lifecycle`, ExitCode.USAGE);
  if (wanted === undefined && buckets.length > 1) throw new RunnerError(`the backup ${name} has several S3 stores, say which with --store: ${names}`, ExitCode.USAGE);
  const found = wanted === undefined ? buckets[0] : buckets.find(store => store.name === wanted);
  if (!found) throw new RunnerError(`the backup ${name} has no S3 store ${wanted}; it has ${names}`, ExitCode.USAGE);
  return found;
}

function parse(json: string, what: string): unknown {
  try {
    return JSON.parse(json) as unknown;
  } catch (error) {
    throw new RunnerError(`${what} is not JSON: ${messageOf(error)}`, ExitCode.BAD_CONFIG, { cause: error });
  }
}
