import { Readable } from 'node:stream';
import { isMadeByOthers, keysOf, Kind, KINDS, parseObjects, portable, PortableObject, renderObjects, StoredObject, titleOf } from './portable-objects';
import { KubernetesConfig } from '../../../contract/config';
import { ExitCode } from '../../../contract/exit-code';
import { messageOf, RunnerError } from '../../core/errors';
import { sum } from '../../core/sum';
import { Inspection, OpenDump, Source } from '../../engine-api/source';
import { ApiError, KubernetesApi } from '../../kubernetes/api';

/** Objects in one answer; none of them is larger than 1 MiB. */
const PAGE = 50;
const RESOURCES: { readonly [kind in Kind]: string } = { Secret: 'secrets', ConfigMap: 'configmaps' };

/** Path of the Secrets or ConfigMaps of a namespace, or of one of them. */
export function pathOf(kind: Kind, namespace: string, name?: string): string {
  return `/api/v1/namespaces/${encodeURIComponent(namespace)}/${RESOURCES[kind]}${name === undefined ? '' : `/${encodeURIComponent(name)}`}`;
}

/**
 * Secrets and ConfigMaps of a namespace, read through the API and stored as YAML.
 *
 * Each of them is as it was at one moment; the API has no moment that is the same for several.
 */
export class KubernetesSource implements Source {
  public readonly description: string;

  constructor(private readonly config: KubernetesConfig, private readonly api: KubernetesApi) {
    this.description = `Secrets and ConfigMaps of the namespace ${config.namespace}`;
  }

  public async inspect(_compression: unknown, signal: AbortSignal): Promise<Inspection> {
    const { gitVersion } = await this.api.send({ method: 'GET', path: '/version' }, signal) as { readonly gitVersion: string };
    const objects = await this.read(signal);
    const yaml = Buffer.from(renderObjects(objects));
    return {
      source: { engine: 'kubernetes', serverVersion: gitVersion.replace(/^v/, ''), address: this.config.namespace, database: null },
      tools: {},
      dumps: [{
        role: 'data',
        part: null,
        extension: 'yaml',
        database: null,
        compressedInside: null,
        expectedBytes: yaml.length,
        open: openSignal => this.open(openSignal),
      }],
    };
  }

  private async open(signal: AbortSignal): Promise<OpenDump> {
    const objects = await this.read(signal);
    const items = Object.fromEntries(KINDS.flatMap(kind => {
      const own = objects.filter(object => object.kind === kind);
      return own.length === 0 ? [] : [[kind, sum(own.map(object => keysOf(object).length))]];
    }));
    const yaml = renderObjects(objects);
    if (renderObjects(parseObjects(yaml, this.description)) !== yaml) {
      throw new RunnerError(`${this.description} can't be written as YAML that is read again as the same: look for keys with odd names`, ExitCode.CORRUPT);
    }
    return {
      stream: Readable.from([Buffer.from(yaml)], { objectMode: false }),
      counts: { precision: 'exact', unit: 'keys', items },
      empty: objects.length === 0,
    };
  }

  private async read(signal: AbortSignal): Promise<PortableObject[]> {
    const { secretNames, configMapNames, labelSelector } = this.config;
    const named: readonly [Kind, string][] = [...secretNames.map(name => ['Secret', name] as const), ...configMapNames.map(name => ['ConfigMap', name] as const)]
      .map(([kind, name]) => [kind, name]);
    try {
      if (named.length === 0) return (await Promise.all(KINDS.map(kind => this.listed(kind, labelSelector, signal)))).flat();
      const objects: PortableObject[] = [];
      for (const [kind, name] of named) objects.push(await this.one(kind, name, signal));
      return objects;
    } catch (error) {
      signal.throwIfAborted();
      if (!(error instanceof ApiError) || error.exitCode !== ExitCode.DENIED) throw error;
      throw new RunnerError(
        `${this.description} can't be read: ${messageOf(error)}. Bind the Role that the construct makes, or ask whoever may grant these rights`, ExitCode.DENIED, { cause: error },
      );
    }
  }

  private async one(kind: Kind, name: string, signal: AbortSignal): Promise<PortableObject> {
    const { namespace } = this.config;
    try {
      return portable(kind, await this.api.send({ method: 'GET', path: pathOf(kind, namespace, name) }, signal) as StoredObject);
    } catch (error) {
      if (!(error instanceof ApiError) || error.status !== 404) throw error;
      throw new RunnerError(
        `there is no ${titleOf({ kind, metadata: { name, namespace } })} in the namespace ${namespace}: take it off the names, or make it`, ExitCode.NOT_FOUND, { cause: error },
      );
    }
  }

  private async listed(kind: Kind, labelSelector: string | null, signal: AbortSignal): Promise<PortableObject[]> {
    const found: PortableObject[] = [];
    for (let next: string | undefined = ''; next !== undefined;) {
      const query = { limit: String(PAGE), ...next !== '' && { continue: next }, ...labelSelector !== null && { labelSelector } };
      const { items, metadata } = await this.api.send({ method: 'GET', path: pathOf(kind, this.config.namespace), query }, signal) as {
        readonly items: readonly StoredObject[]; readonly metadata: { readonly continue?: string };
      };
      found.push(...items.filter(item => !isMadeByOthers(kind, item)).map(item => portable(kind, item)));
      next = metadata.continue || undefined;
    }
    return found;
  }
}
