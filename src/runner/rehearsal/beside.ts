/*
 * What lies beside the page: manifests that its commands name.
 */
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { MadeJob, Touched } from './touched';
import { RestoreConfig } from '../../contract/config';
import { checkConfig, parseConfig } from '../config/config';
import { jobInManifest, jobsIn } from '../config/manifest';
import { badConfig } from '../config/refusals';
import { applySetting } from '../config/setting';
import { yaml } from '../core/yaml';

/** What is the same in all namespaces of a cluster, or a namespace itself. */
const OF_THE_CLUSTER = /^(?:Cluster.*|Namespace|Node|PersistentVolume|StorageClass|VolumeSnapshotClass|PriorityClass|CustomResourceDefinition|APIService|.*WebhookConfiguration)$/;

export interface AppliedObjects {
  /** `undefined` among them: the namespace that kubectl is set to. */
  readonly namespaces: readonly (string | undefined)[];
  /** Kinds and names of objects that are in no namespace. */
  readonly ofTheCluster: readonly string[];
}

/** What `kubectl apply` of files beside the page reaches. */
export function appliedBy({ applied }: Touched, folder: string): AppliedObjects {
  const objects = applied.flatMap(({ path: name, recursive }) => manifestsAt(path.join(folder, name), recursive)).flatMap(objectsIn);
  const [cluster, inside] = [true, false].map(wanted => objects.filter(({ kind = '' }) => OF_THE_CLUSTER.test(kind) === wanted));
  return {
    namespaces: [...new Set(inside!.map(({ metadata }) => metadata?.namespace))],
    ofTheCluster: cluster!.map(({ kind, metadata }) => `${kind} ${metadata?.name}`),
  };
}

/** The restores that `kubectl apply` of files beside the page starts at once. */
export function startedBy({ applied }: Touched, folder: string): readonly MadeConfig[] {
  const files = applied.flatMap(({ path: name, recursive }) => manifestsAt(path.join(folder, name), recursive));
  return files.flatMap(file => {
    const text = readFileSync(file, 'utf8');
    return jobsIn(text, file).filter(({ kind }) => kind === 'Job').flatMap(({ metadata }): MadeConfig[] => {
      const config = parseConfig(jobInManifest(text, file, metadata?.name).config);
      return config.kind === 'restore' ? [{ config, namespace: metadata?.namespace }] : [];
    });
  });
}

export interface MadeConfig {
  readonly config: RestoreConfig;
  /** `undefined`: the namespace that kubectl is set to. */
  readonly namespace: string | undefined;
}

/** The config that a Job of `restore-manifest` gets, and the namespace that it is made in. */
export function configOfMade({ manifest, job, settings }: MadeJob, folder: string): MadeConfig {
  const file = path.join(folder, manifest);
  const { object, config: text } = jobInManifest(readFileSync(file, 'utf8'), file, job);
  parseConfig(text);
  const config = checkConfig(settings.reduce<unknown>(applySetting, JSON.parse(text)));
  if (config.kind !== 'restore') throw badConfig(`${job} in ${file} is no restore: synthesize the folder again`);
  return { config, namespace: object.metadata?.namespace };
}

/** Those of the files that are not there. */
export function missingBeside(files: readonly string[], folder: string): readonly string[] {
  return files.filter(file => !existsSync(path.join(folder, file)));
}

/** As kubectl finds them. */
function manifestsAt(place: string, recursive: boolean): readonly string[] {
  if (!existsSync(place)) throw badConfig(`${place} is not there: rehearse from the whole folder that cdk8s synth has written`);
  if (!statSync(place).isDirectory()) return [place];
  return readdirSync(place, { recursive, encoding: 'utf8' }).filter(file => /\.(?:ya?ml|json)$/.test(file)).map(file => path.join(place, file));
}

interface AppliedObject {
  readonly kind?: string;
  readonly metadata?: { readonly name?: string; readonly namespace?: string };
}

function objectsIn(file: string): readonly AppliedObject[] {
  return yaml().parseAllDocuments(readFileSync(file, 'utf8')).map(document => document.toJS() as AppliedObject | null).filter(object => object !== null);
}
