import { ExitCode } from '../../contract/exit-code';
import { REHEARSAL_LABEL } from '../../contract/runbook';
import { RunnerError } from '../core/errors';
import { outputOf } from '../core/process';

/** A Service as far as it is looked at. */
export interface ServiceSpec {
  readonly type?: string;
  readonly selector?: object;
}

/** The cluster that kubectl is set to, asked by kubectl itself, so that it is the one that commands reach. Nothing is changed in it. */
export class RehearsalCluster {
  private known = new Map<string, Promise<string>>();

  constructor(private readonly env: NodeJS.ProcessEnv, private readonly signal: AbortSignal) {}

  /** What was asked before is asked again from now on. */
  public forget(): void {
    this.known = new Map();
  }

  public async context(): Promise<string> {
    return (await this.kubectl('config', 'current-context')).trim();
  }

  /** The namespace of commands that name none. */
  public async namespace(): Promise<string> {
    return (await this.kubectl('config', 'view', '--minify', '--output=jsonpath={..namespace}')).trim() || 'default';
  }

  /** Whether somebody has said that all of a namespace may be destroyed; `undefined`: there is no such namespace. */
  public async isForRehearsals(namespace: string): Promise<boolean | undefined> {
    const found = await this.get('namespace', namespace);
    const { labels = {} } = (found?.metadata ?? {}) as { readonly labels?: { readonly [name: string]: string } };
    return found && labels[REHEARSAL_LABEL] === 'true';
  }

  /** The manifest of a CronJob as the cluster has it; `undefined`: it has none of that name. */
  public async cronJob(namespace: string, name: string): Promise<string | undefined> {
    const found = await this.get('cronjob', name, '--namespace', namespace);
    return found && JSON.stringify(found);
  }

  public async service(namespace: string, name: string): Promise<ServiceSpec | undefined> {
    const found = await this.get('service', name, '--namespace', namespace);
    return found && (found.spec ?? {});
  }

  private async get(...what: string[]): Promise<{ readonly metadata?: object; readonly spec?: object } | undefined> {
    const text = await this.kubectl('get', ...what, '--ignore-not-found', '--output=json');
    return text.trim() === '' ? undefined : JSON.parse(text) as object;
  }

  private kubectl(...args: string[]): Promise<string> {
    const key = JSON.stringify(args);
    if (!this.known.has(key)) this.known.set(key, this.ask(args));
    return this.known.get(key)!;
  }

  private async ask(args: readonly string[]): Promise<string> {
    try {
      return await outputOf({
        file: 'kubectl',
        args,
        env: this.env,
        explain: said => new RunnerError(`kubectl ${args.slice(0, 3).join(' ')} failed: ${said.split('\n', 1)[0] || 'it gave no reason'}. See that kubectl is set to the cluster of the rehearsal`, ExitCode.UNAVAILABLE),
      }, this.signal);
    } catch (error) {
      if (error instanceof RunnerError && error.exitCode === ExitCode.BAD_CONFIG) {
        throw new RunnerError('kubectl is not on PATH: install it, and set it to the cluster of the rehearsal', ExitCode.BAD_CONFIG, { cause: error });
      }
      throw error;
    }
  }
}
