/*
 * The commands of a runbook, complete but for what only the moment knows: that is asked for, or read from the clock.
 */
import { shellWord } from '../../core/shell-word';
import { AuthorityFacts } from '../facts/authorities';
import { JobFacts, Subject } from '../facts/runbook-facts';
import { SecretVariable } from '../facts/secrets';

/** Starts a Job from a CronJob, shows its log, and says how it ended. */
export function startJob(kubectl: string, cronJob: string): string[] {
  return [nameJob(cronJob), `${kubectl} create job "$JOB" --from=cronjob/${cronJob}`, ...follow(kubectl)];
}

/** The same with other arguments of the program, which `kubectl create job` can't be told. */
export function startJobWith(kubectl: string, cronJob: string, args: readonly string[]): string[] {
  return patchedJob(kubectl, cronJob, { op: 'replace', path: '/spec/template/spec/containers/0/args', value: args });
}

/** The same with one more argument. */
export function startJobAnd(kubectl: string, cronJob: string, argument: string): string[] {
  return patchedJob(kubectl, cronJob, { op: 'add', path: '/spec/template/spec/containers/0/args/-', value: argument });
}

function patchedJob(kubectl: string, cronJob: string, patch: object): string[] {
  return [
    nameJob(cronJob),
    `${kubectl} create job "$JOB" --from=cronjob/${cronJob} --dry-run=client -o yaml \\`,
    `  | kubectl patch --local -f - --type=json -o yaml -p ${shellWord(JSON.stringify([patch]))} \\`,
    `  | ${kubectl} create -f -`,
    ...follow(kubectl),
  ];
}

/** A Job that `restore-manifest` makes. */
export function startRestore({ kubectl }: Subject, restore: JobFacts, options: readonly string[]): string[] {
  return [
    nameJob(restore.cronJob),
    `npx cdk8s-backup restore-manifest ${configOf(restore)} ${options.join(' ')} --name "$JOB" \\`,
    `  | ${kubectl} create -f -`,
    ...follow(kubectl),
  ];
}

/** Which config is meant, for a program on this machine. */
export function configOf({ manifest, cronJob }: JobFacts): string {
  return `--manifest ${manifest} --job ${cronJob}`;
}

/**
 * The same on a machine outside of the cluster, where the certificates of authorities are files beside this page.
 *
 * @param folder with these files, as a shell takes it
 */
export function configOutside(job: JobFacts & { readonly authorities: readonly AuthorityFacts[] }, folder = '"$PWD"'): string {
  return [configOf(job), ...job.authorities.map(({ store, file }) => `--set stores.${store}.caFile=${folder}/${file}`)].join(' ');
}

/** Writes the certificates of authorities to files beside this page. Without a cluster the file that is there stays. */
export function authoritiesFromCluster(kubectl: string, authorities: readonly AuthorityFacts[]): string[] {
  return authorities.map(({ file, kind, name, key }) =>
    `${kubectl} get ${kind} ${name} -o go-template='{{index .data "${key}"${kind === 'secret' ? ' | base64decode' : ''}}}' > ${file}.new && mv ${file}.new ${file}`);
}

/** By the second, so that a name is free at the next try. */
function nameJob(cronJob: string): string {
  return `JOB=${cronJob}-$(date -u +%H%M%S)`;
}

/** There is no log while the container is created; `kubectl wait` waits for one of both ends, and would miss the other. */
function follow(kubectl: string): string[] {
  return [
    `until ${kubectl} logs -f "job/$JOB"; do sleep 1; done`,
    `until ${kubectl} get "job/$JOB" -o jsonpath='{.status.conditions[*].type}' | grep -Eow 'Complete|Failed'; do sleep 1; done`,
  ];
}

/** Asks for what only a person knows. */
export function ask(variable: string, what: string): string {
  return `printf '%s: ' ${shellWord(what)}; read -r ${variable}`;
}

/** Asks for what is secret, and does not show it. In one line: of several, `read` would take the next one for the answer. */
export function askSecrets(variables: readonly string[]): string {
  return [...variables.map(variable => `printf '\\n%s: ' ${variable}; read -rs ${variable}`), `export ${variables.join(' ')}`].join('; ');
}

/** Puts what is in Secrets of the cluster into the environment, without showing it. */
export function fromCluster(kubectl: string, variables: readonly SecretVariable[]): string[] {
  return variables.map(({ variable, secret, key }) => `export ${variable}="$(${kubectl} get secret ${secret} -o go-template='{{index .data "${key}" | base64decode}}')"`);
}

/** Looks into the stores: in the pod that does nothing else, or in one of its own. */
export function look({ kubectl, exporter, backup, restore }: Subject, ...args: readonly string[]): string[] {
  if (exporter) return [`${exporter.kubectl} exec deploy/${exporter.name} -- cdk8s-backup ${args.join(' ')}${backup && exporter.backups.length > 1 ? ` --name ${backup.backupName}` : ''}`];
  return startJobWith(kubectl, (backup ?? restore!).cronJob, args);
}

/** The log of the newest pod of a CronJob. */
export function newestLog(kubectl: string, cronJob: string): string {
  return `${kubectl} logs "$(${kubectl} get pods -l cdk8s-backup/job=${cronJob} --sort-by=.metadata.creationTimestamp -o name | tail -n 1)"`;
}
