/*
 * Machines are lost: from a pod, which Kubernetes replaces, to the whole cluster.
 */
import { Scenario } from './scenario';
import { configOutside, look } from './shell';
import { each, isEncrypted, NAMES, NOT_IN_THE_CLUSTER, promised, promiseOf, restorableOutside, restoreOf } from './words';
import { SCENARIOS } from '../../../contract/runbook';
import { RecoveryScenario } from '../../recovery/recovery-scenario';
import { Block, code, commands, heading, joined, list, marked, paragraph, say, steps, table, Text, to } from '../document/document';
import { AuthorityFacts } from '../facts/authorities';
import { NamespaceFacts, RunbookFacts, SecretFacts, Subject } from '../facts/runbook-facts';

export function podLoss({ subjects, namespaces }: RunbookFacts): Scenario {
  return {
    heading: SCENARIOS.pod,
    sees: say`a pod was killed, evicted, or crashes again and again`,
    promised: undefined,
    blocks: [
      list(
        say`Kubernetes makes another pod. Nothing has to be restored while the volume of the database is there.`,
        say`A backup that was killed leaves no half backup: without its record it does not exist. Its Job tries again, or the next run does.`,
        say`A restore that was killed is continued by its Job. If the Job has failed, start it again: ${joined(subjects.filter(({ restore }) => restore).map(subject => to(restoreOf(subject))))}.`,
      ),
      steps(
        [paragraph(say`See which pods are not well, and why:`), ...namespaces.map(({ kubectl }) => commands(`${kubectl} get pods`, `${kubectl} get events --sort-by=.lastTimestamp`))],
        [paragraph(say`See that there is a recent backup:`), ...looksAt(subjects)],
        [paragraph(say`If the database comes back with wrong data, go to ${to(SCENARIOS.corruption)}.`)],
      ),
    ],
  };
}

export function nodeLoss(facts: RunbookFacts): Scenario {
  return placeLoss(facts, SCENARIOS.node, say`a machine of the cluster does not come back`, RecoveryScenario.NODE_LOSS, [
    [paragraph(say`See which node it is. A drained or deleted node releases its volumes.`), commands('kubectl get nodes')],
    [paragraph(say`Let Kubernetes move the pods. It begins some minutes after the node was last heard of.`)],
  ]);
}

export function zoneLoss(facts: RunbookFacts): Scenario {
  return placeLoss(facts, SCENARIOS.zone, say`a data centre with some of the nodes does not answer`, RecoveryScenario.ZONE_LOSS, [
    [paragraph(say`See which nodes are left, and in which zones:`), commands('kubectl get nodes --label-columns=topology.kubernetes.io/zone')],
    [paragraph(say`A volume of the lost zone does not move. Start a database that had its volume there with an empty one.`)],
  ]);
}

export function regionLoss(facts: RunbookFacts): Scenario {
  return placeLoss(facts, SCENARIOS.region, say`nothing of the region answers, the cluster included`, RecoveryScenario.REGION_LOSS, [
    [paragraph(say`Decide where the application is to live. Then go on with ${to(SCENARIOS.cluster)}, in another region.`)],
  ]);
}

/** What is left, what is promised, and then a restore into an empty server. */
function placeLoss(
  { subjects }: RunbookFacts, name: string, sees: Text, scenario: RecoveryScenario, before: readonly (readonly Block[])[],
): Scenario {
  const restorable = subjects.filter(({ restore }) => restore);
  return {
    heading: name,
    sees,
    promised: scenario,
    blocks: [
      survivors(subjects, scenario),
      steps(
        ...before,
        [paragraph(say`If a database has lost its data, start it empty and restore it: ${joined(restorable.map(subject => to(restoreOf(subject))))}.`)],
      ),
    ],
  };
}

/** Which stores are there afterwards, by what is declared of their places. */
function survivors(subjects: readonly Subject[], scenario: RecoveryScenario): Block {
  return table(['backup', 'still there', 'lost, or not known', 'promised'], subjects.map(subject => {
    const names = (survives: boolean) => subject.stores.filter(store => store.survives(scenario) === survives).map(({ name, what }) => `${name} (${what})`).join(', ');
    const promise = promiseOf(subject, scenario);
    return [say`${subject.name}`, say`${names(true) || 'nothing'}`, say`${names(false)}`, promise ? say`${promised(promise)}` : say`nothing`];
  }));
}

export function clusterLoss(facts: RunbookFacts): Scenario {
  const { subjects, namespaces } = facts;
  return {
    heading: SCENARIOS.cluster,
    sees: say`the cluster is gone, or a namespace was deleted with its volumes`,
    promised: RecoveryScenario.CLUSTER_LOSS,
    blocks: [
      survivors(subjects, RecoveryScenario.CLUSTER_LOSS),
      paragraph(say`You need the things that lie outside of the cluster: ${to(NAMES.KEEP_OUTSIDE)}.`),
      steps(
        [paragraph(say`Make a cluster, or take one that works, and set kubectl to it. The nodes have to reach the image: ${joined(facts.images.map(code))}.`)],
        ...namespaces.map(namespace => [
          paragraph(say`${namespace.name === undefined ? 'Make what is in the namespace' : `Make the namespace ${namespace.name}`}, with its Secrets:`),
          ...namespace.name === undefined ? [] : marked({ skip: 'the namespace of a rehearsal is there already, with its label' }, [commands(`kubectl create namespace ${namespace.name}`)]),
          ...marked({ skip: 'the namespace of a rehearsal has its Secrets already' }, namespace.secrets.flatMap(secret => secretBlocks(namespace, secret))),
        ]),
        [paragraph(say`Start the database servers and the application, empty, from where their manifests are: ${joined(subjects.flatMap(({ backup }) => backup?.what ?? []))}.`)],
        [
          paragraph(say`Apply the manifests beside this page. Kinds that the cluster does not know, such as PrometheusRule before its operator is there, are told and left out.`),
          commands(...new Set(namespaces.flatMap(({ applied }) => applied.map(args => `kubectl apply ${args}`)))),
        ],
        [paragraph(say`Restore each: ${joined(subjects.filter(({ restore }) => restore).map(subject => to(restoreOf(subject))))}. Volumes are new and empty, so backups come from a bucket.`)],
        [paragraph(say`See that all is well: the pods, and the next backup.`), ...namespaces.map(({ kubectl }) => commands(`${kubectl} get pods`)), ...looksAt(subjects)],
      ),
    ],
  };
}

function secretBlocks({ kubectl }: NamespaceFacts, { name, keys, files, backedUpBy }: SecretFacts): Block[] {
  const file = `${name}.env`;
  const env = keys.length === 0 ? [] : [`--from-env-file=${file}`];
  return [
    paragraph([
      ...keys.length === 0 ? [] : say`${code(file)} has a line for each of ${joined(keys.map(key => code(`${key}=…`)))}. `,
      ...files.length === 0 ? [] : say`${joined(files.map(key => code(`${name}.${key}`)))} ${files.length === 1 ? 'is a file' : 'are files'} as ${files.length === 1 ? 'it' : 'they'} will be in the pod. `,
      ...backedUpBy === undefined ? [] : say`The backup ${code(backedUpBy)} has it too. `,
      ...say`Write ${keys.length + files.length > 1 ? 'them' : 'it'} from where passwords and keys are kept, and delete ${keys.length + files.length > 1 ? 'them' : 'it'} afterwards.`,
    ]),
    commands(`${kubectl} create secret generic ${name} ${[...env, ...files.map(key => `--from-file=${key}=${name}.${key}`)].join(' ')}`),
  ];
}

/** One look for each that watches, and one for each subject that nobody watches. */
export function looksAt(subjects: readonly Subject[]): Block[] {
  const lines = subjects.map(subject => subject.exporter ? [`${subject.exporter.kubectl} exec deploy/${subject.exporter.name} -- cdk8s-backup list`] : look(subject, 'list'));
  return each(lines);
}

/** Below a heading of its own: what a reader of the first page has to know is kept. */
export function keepOutside({ namespaces, images, subjects }: RunbookFacts, keptAt: string | undefined): Block[] {
  const inside = subjects.filter(({ stores }) => stores.every(({ outside }) => !outside));
  const sealed = subjects.filter(isEncrypted);
  return [
    heading(2, NAMES.KEEP_OUTSIDE),
    ...keptAt === undefined ? [] : [paragraph(say`Passwords, keys and identities are kept here: ${keptAt}`)],
    list(
      say`This page and the manifests beside it, in Git and on a machine that somebody can open.`,
      say`The image in a registry that does not go down with the cluster: ${joined(images.map(code))}.`,
      ...namespaces.flatMap(({ name, secrets }) => secrets.map(secret =>
        say`The Secret ${code(secret.name)}${name === undefined ? '' : say` of namespace ${code(name)}`}, with ${joined([...secret.keys, ...secret.files].map(code))}. It is for ${joined(secret.users.map(code))}.`)),
      ...authorities(subjects).map(({ store, file, kind, name, key }) =>
        say`The certificate of the authority of the store ${code(store)}, as ${code(file)} beside this page. It is the key ${code(key)} of the ${kind === 'secret' ? 'Secret' : 'ConfigMap'} ${code(name)}.`),
      ...sealed.length === 0 ? [] : [say`An identity that opens the backups of ${joined(sealed.map(({ name }) => name))}.`],
      ...inside.length === 0 ? [] : [say`No store of ${joined(inside.map(({ name }) => name))} is outside of the cluster: these backups are lost with it.`],
    ),
    ...proofs(subjects),
  ];
}

/** Each file once: what several restores need is the same one. */
function authorities(subjects: readonly Subject[]): readonly AuthorityFacts[] {
  const all = subjects.flatMap(({ backup, restore }) => [...backup?.authorities ?? [], ...restore?.authorities ?? []]);
  return [...new Map(all.map(facts => [`${facts.file} ${facts.kind} ${facts.name} ${facts.key}`, facts])).values()];
}

function proofs(subjects: readonly Subject[]): Block[] {
  const provable = restorableOutside(subjects);
  if (provable.length === 0) return [];
  return [
    paragraph(say`Prove it each quarter, on a machine outside of the cluster, with the keys in the environment as in ${to(NAMES.OUTSIDE)}. Each command reads the newest backup from the bucket to its last byte${provable.some(({ subject }) => isEncrypted(subject)) ? ', opens it with the identity' : ''}, and looks for this page and for the manifests in Git. It notes in ${code('break-glass.json')} when what was last proved. Keep that file beside this page.`),
    ...marked({ skip: NOT_IN_THE_CLUSTER }, [commands(...provable.map(({ subject, restore }) => `npx cdk8s-backup doctor --break-glass ${configOutside(restore)}${isEncrypted(subject) ? ' --identity backup.key' : ''}`))]),
  ];
}
