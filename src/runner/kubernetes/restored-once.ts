import * as z from 'zod';
import { ApiError, KubernetesApi, openKubernetes } from './api';
import { RestoreOnceConfig } from '../../contract/config';
import { ExitCode } from '../../contract/exit-code';
import { RUN_ENV } from '../../contract/run';
import { lastCalls } from '../core/deadline';
import { messageOf, RunnerError } from '../core/errors';
import { Reporter } from '../core/reporter';

/** What a Job that applying started has restored. */
export interface RestoreNote {
  readonly id: string;
  /** In words. */
  readonly target: string;
  /** ISO 8601. */
  readonly at: string;
}

const schema = z.object({ id: z.string(), target: z.string(), at: z.iso.datetime(), run: z.string().nullable(), configMap: z.string() });

interface ConfigMap {
  readonly metadata: { readonly uid: string };
  readonly data?: { readonly [key: string]: string };
}

/**
 * The notes of a restore that is done once, however often its Job is made anew: by the image of another version, or after somebody has deleted it.
 *
 * A note counts only in the ConfigMap that it was written into. One that comes back with a namespace from a backup says nothing about
 * the data of that namespace.
 */
export class RestoredOnce {
  constructor(
    private readonly config: RestoreOnceConfig,
    private readonly api: KubernetesApi,
    private readonly reporter: Reporter,
    private readonly run: string | null,
  ) {}

  /** What an earlier Job has restored by the same decision, or an earlier pod of this one; `null`: none has. */
  public async noted(signal: AbortSignal): Promise<RestoreNote & { readonly byThisJob: boolean } | null> {
    const { metadata: { uid }, data = {} } = await this.read(signal);
    const text = data[this.config.key];
    if (text === undefined) return null;
    const note = schema.safeParse(parsed(text));
    if (!note.success) {
      throw new RunnerError(
        `${this.title} has a note that can't be read, so it is not known whether this restore was done: look at the data, and remove ${this.config.key} there to restore`,
        ExitCode.BAD_CONFIG,
      );
    }
    const { id, target, at, run, configMap } = note.data;
    return configMap === uid ? { id, target, at, byThisJob: run !== null && run === this.run } : null;
  }

  /** Whether a note can be written, before there is one to write. */
  public async inspect(signal: AbortSignal): Promise<void> {
    await this.patch({}, { dryRun: 'All' }, signal);
  }

  /**
   * Notes what is live now. It has no failure, since the restore is done.
   *
   * @returns what a person should know, where it can't be noted
   */
  public async note({ id, target, at }: RestoreNote, signal: AbortSignal): Promise<string | null> {
    const last = lastCalls(signal);
    try {
      const { metadata: { uid } } = await this.read(last);
      await this.patch({ [this.config.key]: JSON.stringify({ id, target, at, run: this.run, configMap: uid }) }, {}, last);
      return null;
    } catch (error) {
      const said = `it can't be noted in ${this.title} that this restore is done, so it restores again when its Job is made anew: take it out of the app now (${messageOf(error)})`;
      this.reporter.error('restore.unnoted', said);
      return said;
    }
  }

  private get path(): string {
    return `/api/v1/namespaces/${encodeURIComponent(this.config.namespace)}/configmaps/${encodeURIComponent(this.config.configMap)}`;
  }

  private get title(): string {
    return `the ConfigMap ${this.config.configMap} in the namespace ${this.config.namespace}`;
  }

  private async read(signal: AbortSignal): Promise<ConfigMap> {
    return await this.asked(() => this.api.send({ method: 'GET', path: this.path }, signal)) as ConfigMap;
  }

  private async patch(data: { readonly [key: string]: string }, query: { readonly [name: string]: string }, signal: AbortSignal): Promise<void> {
    await this.asked(() => this.api.send({ method: 'PATCH', path: this.path, query, body: { data } }, signal));
  }

  private async asked<T>(ask: () => Promise<T>): Promise<T> {
    try {
      return await ask();
    } catch (error) {
      if (!(error instanceof ApiError) || error.exitCode !== ExitCode.DENIED && error.exitCode !== ExitCode.NOT_FOUND) throw error;
      throw new RunnerError(
        `${messageOf(error)}. It would say whether this restore was done: apply the whole manifest of the RestoreJob, which has the ConfigMap, and the right to write into it`,
        error.exitCode, { cause: error },
      );
    }
  }
}

/** @param env of a pod */
export function openRestoredOnce(config: RestoreOnceConfig, env: NodeJS.ProcessEnv, reporter: Reporter): RestoredOnce {
  return new RestoredOnce(config, openKubernetes(env), reporter, env[RUN_ENV] || null);
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
