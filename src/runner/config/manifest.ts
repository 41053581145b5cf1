import * as z from 'zod';
import { badConfig, usage } from './refusals';
import { CONFIG_ENV, unescapeEnvValue } from '../../contract/config';
import { messageOf } from '../core/errors';
import { cut } from '../core/schema';
import { yaml } from '../core/yaml';

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
  readonly spec?: { readonly containers?: readonly Container[] };
}

interface Container {
  readonly image?: string;
  readonly args?: readonly string[];
  readonly env?: readonly EnvVariable[];
}

interface EnvVariable {
  readonly name?: string;
  readonly value?: string;
}

/** The config in the pod of the CronJob or Job `job`, or of the only one that has a config. */
export function configInManifest(text: string, file: string, job: string | undefined, variable: string = CONFIG_ENV): string {
  return jobInManifest(text, file, job, variable).config;
}

/** Commands of jobs beside that of a backup: what is done from elsewhere takes the backup's own. */
const FOLLOW_UPS: readonly (string | undefined)[] = ['verify', 'prune'];

/**
 * The CronJob or Job `job`, or the only one that has a config in `variable`, with that config. The exporter's Deployment is found where no
 * job has that name: the two of the guide are both called `db-backup`.
 */
export function jobInManifest(
  text: string, file: string, job: string | undefined, variable: string = CONFIG_ENV,
): { readonly object: ManifestJob; readonly config: string } {
  const found = new Map<string, { readonly object: ManifestJob; readonly config: string }>();
  const deployments = new Map<string, { readonly object: ManifestJob; readonly config: string }>();
  for (const object of objectsIn(text, file)) {
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

/** Those that have a config in {@link CONFIG_ENV}: CronJobs, Jobs, and the exporter's Deployment. */
export function jobsIn(text: string, file: string): ManifestJob[] {
  return objectsIn(text, file).filter(({ spec }) => {
    const containers = (spec?.jobTemplate?.spec?.template ?? spec?.template)?.spec?.containers ?? [];
    return containers.some(({ env }) => env?.some(({ name }) => name === CONFIG_ENV));
  });
}

/** The objects of a manifest that have the shape of something with pods; those of other kinds have nothing of ours. */
function objectsIn(text: string, file: string): ManifestJob[] {
  let all: unknown[];
  try {
    all = yaml().parseAllDocuments(text, { logLevel: 'error' }).map(document => {
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
