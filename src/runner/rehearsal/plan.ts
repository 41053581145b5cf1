/*
 * Which commands of a scenario are played here, and why the others are not. Nothing is changed by finding that out.
 */
import { appliedBy, configOfMade, missingBeside, startedBy } from './beside';
import { RehearsalCluster } from './cluster';
import { leadsOut } from './inside';
import { Scenario, Step } from './scenario';
import { Touched, touchedBy } from './touched';
import { NamedConfig } from '../../contract/config';
import { ExitCode } from '../../contract/exit-code';
import { REHEARSAL_LABEL } from '../../contract/runbook';
import { parseConfig } from '../config/config';
import { jobInManifest } from '../config/manifest';
import { usage } from '../config/refusals';
import { RunnerError } from '../core/errors';
import { quoted } from '../core/shell-word';
import { sharedPlacesAmong } from '../stores/open';

export interface PlanOptions {
  /** Only what is about this backup, and what is about none. */
  readonly name: string | undefined;
  /** What is answered to commands that ask, by variable. */
  readonly answers: ReadonlyMap<string, string>;
}

export interface PlannedStep extends Step {
  readonly touched: Touched;
  /** The namespaces that it reaches, by their names. */
  readonly namespaces: readonly string[];
  /** Why it is not played; `null`: it is. */
  readonly leftOut: string | null;
}

export interface Plan {
  readonly context: string;
  /** All that the steps reach that are played. */
  readonly namespaces: readonly string[];
  readonly steps: readonly PlannedStep[];
  /** Buckets and containers of the Jobs that are started, where these hold and release pruning: `s3://BUCKET/PREFIX`. */
  readonly places: readonly string[];
  /** Why nothing may be played in this cluster; `null` where it may. */
  readonly refusal: RunnerError | null;
}

/** @param folder of the page, in which its commands are typed */
export async function planOf(scenario: Scenario, folder: string, cluster: RehearsalCluster, options: PlanOptions): Promise<Plan> {
  const context = await cluster.context();
  const current = await cluster.namespace();
  const known = scenario.steps.map(step => withTouched(step, folder, current, options));
  refuseUnknownAnswers(known, options.answers);
  const asked = withoutHeadingsOf(known, ({ touched: { asks } }) => {
    const unanswered = asks.filter(variable => !options.answers.has(variable));
    return unanswered.length === 0 ? null : `it asks for ${unanswered.join(', ')}: add ${unanswered.map(variable => `--answer ${variable}=VALUE`).join(' ')}`;
  });
  const refusal = await refusalOf(asked, context, cluster);
  if (refusal !== null) return { context, namespaces: namespacesOf(asked), steps: asked, places: [], refusal };

  const reasons = new Map<number, string>();
  const places = new Map<number, readonly string[]>();
  for (const step of asked.filter(({ leftOut }) => leftOut === null)) {
    const started = await jobsOf(step, folder, current, cluster);
    places.set(step.number, started.flatMap(({ config }) => sharedPlacesAmong(config.stores)));
    for (const { config, namespace } of started) {
      const why = config.kind === 'restore' ? await leadsOut(config, namespace, cluster) : null;
      if (why !== null) reasons.set(step.number, why);
    }
  }
  const steps = withoutHeadingsOf(asked, ({ number }) => reasons.get(number) ?? null);
  const used = new Set(steps.filter(({ leftOut }) => leftOut === null).flatMap(({ number }) => places.get(number)!));
  return { context, namespaces: namespacesOf(steps), steps, places: [...used], refusal: null };
}

/** Why a namespace that steps reach may not be touched; `null` where all bear the label. */
export async function refusalOf(steps: readonly PlannedStep[], context: string, cluster: RehearsalCluster): Promise<RunnerError | null> {
  for (const namespace of namespacesOf(steps)) {
    const allowed = await cluster.isForRehearsals(namespace);
    const where = `namespace ${namespace} of context ${context}`;
    if (allowed === undefined) return new RunnerError(`${where} is not there, so nothing is played: make it, label it, and apply there what cdk8s synth has written for it`, ExitCode.NOT_FOUND);
    if (!allowed) {
      return new RunnerError(`${where} does not have the label ${REHEARSAL_LABEL}=true, so nothing is played. A rehearsal replaces what is in it. Label only what may be destroyed: `
        + `kubectl --context ${quoted(context)} label namespace ${namespace} ${REHEARSAL_LABEL}=true`, ExitCode.DENIED);
    }
  }
  return null;
}

function withTouched(step: Step, folder: string, current: string, { name }: PlanOptions): PlannedStep {
  const touched = touchedBy(step.code);
  const { marks: { skip, about } } = step;
  if (skip !== undefined) return { ...step, touched, namespaces: [], leftOut: skip };
  if (name !== undefined && about !== undefined && about !== name) return { ...step, touched, namespaces: [], leftOut: `it is about ${about}` };
  const { namespaces, ofTheCluster } = appliedBy(touched, folder);
  const missing = missingBeside(touched.files, folder);
  const leftOut = touched.unknown
    ?? (touched.asksSecret ? 'it asks for a secret' : null)
    ?? (missing.length > 0 ? `${missing.join(' and ')} is not beside the page` : null)
    ?? (ofTheCluster.length > 0 ? `it would apply what is of the whole cluster: ${ofTheCluster.join(', ')}` : null);
  const made = touched.made.map(job => configOfMade(job, folder).namespace);
  const reached = [...touched.namespaces, ...namespaces, ...made].map(each => each ?? current);
  return { ...step, touched, namespaces: [...new Set(reached)], leftOut };
}

/**
 * Leaves out the steps that a reason is found for, and with them all below the same heading: each step there is of use only after those before it,
 * and those after it end what they have begun.
 */
function withoutHeadingsOf(steps: readonly PlannedStep[], reasonOf: (step: PlannedStep) => string | null): readonly PlannedStep[] {
  const reasons = new Map(steps.filter(({ leftOut }) => leftOut === null).map(step => [step.number, reasonOf(step)]));
  return steps.map(step => {
    if (step.leftOut !== null) return step;
    const because = steps.find(({ number, heading }) => heading === step.heading && (reasons.get(number) ?? null) !== null);
    if (because === undefined) return step;
    return { ...step, leftOut: reasons.get(step.number) ?? `it goes with step ${because.number}, which is left out` };
  });
}

interface StartedJob {
  readonly config: NamedConfig;
  readonly namespace: string;
}

/** All Jobs that a step starts: as the cluster has them where they are made of a CronJob, and as they lie beside the page otherwise. */
async function jobsOf({ touched }: PlannedStep, folder: string, current: string, cluster: RehearsalCluster): Promise<StartedJob[]> {
  const { cronJobs, made } = touched;
  const fromFiles = [...made.map(job => configOfMade(job, folder)), ...startedBy(touched, folder)];
  const all: StartedJob[] = fromFiles.map(({ config, namespace = current }) => ({ config, namespace }));
  for (const { name, namespace = current } of cronJobs) {
    const text = await cluster.cronJob(namespace, name);
    if (text === undefined) {
      throw new RunnerError(`there is no CronJob ${name} in namespace ${namespace}: apply there what lies beside the page`, ExitCode.NOT_FOUND);
    }
    const config = parseConfig(jobInManifest(text, `CronJob ${name}`, name).config);
    if (config.kind !== 'exporter') all.push({ config, namespace });
  }
  return all;
}

function namespacesOf(steps: readonly PlannedStep[]): readonly string[] {
  return [...new Set(steps.filter(({ leftOut }) => leftOut === null).flatMap(({ namespaces }) => namespaces))];
}

function refuseUnknownAnswers(steps: readonly PlannedStep[], answers: ReadonlyMap<string, string>): void {
  const asked = [...new Set(steps.filter(({ leftOut }) => leftOut === null).flatMap(({ touched: { asks } }) => asks))];
  const unknown = [...answers.keys()].filter(variable => !asked.includes(variable));
  if (unknown.length > 0) throw usage(`no command of it asks for ${unknown.join(', ')}: ${asked.length === 0 ? 'none asks for anything' : `they ask for ${asked.join(', ')}`}`);
}
