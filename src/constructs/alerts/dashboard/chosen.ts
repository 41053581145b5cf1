import { AlertContext, AlertTarget, tooOldSeconds } from '../rules/target';

/*
 * A dashboard shows the backups that are chosen in its variable. What is measured of a backup has its name, and what is measured of its
 * CronJobs has theirs: so the value of the variable is a regular expression for all of these. Each series has to match what is chosen and
 * what there is in its namespace, so a CronJob of the same name elsewhere is never shown.
 */

/** Name of the variable, and how it is written in a query: `a|b`, unescaped. */
export const VARIABLE = 'backup';
const CHOSEN = `\${${VARIABLE}:pipe}`;

/** Whose names a series has, and in which labels. */
interface Naming {
  readonly namespace: string;
  readonly name: string;
  readonly namesOf: (target: AlertTarget) => readonly string[];
}

/** Queries for the backups that are chosen. */
export class Chosen {
  constructor(private readonly context: AlertContext, private readonly targets: readonly AlertTarget[], private readonly naming: Naming) {}

  /** Labels that tell one from the other. */
  public get by(): string {
    return `${this.naming.namespace}, ${this.naming.name}`;
  }

  /** All series of a metric. */
  public all(metric: string, labels: { readonly [name: string]: string } = {}): string {
    const { namespace, name, namesOf } = this.naming;
    const others = Object.entries({ ...this.context.matchLabels, ...labels }).map(([key, value]) => `,${key}=${JSON.stringify(value)}`).join('');
    const namespaces = [...new Set(this.targets.map(target => target.namespace))];
    return namespaces.map(each => {
      const names = [...new Set(this.targets.filter(target => target.namespace === each).flatMap(namesOf))];
      return `${metric}{${namespace}="${each}",${name}=~"${names.join('|')}",${name}=~"${CHOSEN}"${others}}`;
    }).join(' or ');
  }

  /** The largest of each, whatever the store. */
  public max(metric: string): string {
    return `max by (${this.by}) (${this.all(metric)})`;
  }

  /** How old the data of each may get, and of those only that have such a limit; `undefined` if none has. */
  public limits(of: (target: AlertTarget) => number | undefined): string | undefined {
    const { namespace, name, namesOf } = this.naming;
    const limits = this.targets.flatMap(target => {
      const seconds = of(target);
      return seconds === undefined ? [] : namesOf(target).map(each => `label_replace(label_replace(vector(${seconds}), "${namespace}", "${target.namespace}", "", ""), "${name}", "${each}", "", "")`);
    });
    return limits.length === 0 ? undefined : limits.join(' or ');
  }
}

/** What the exporter measures. */
export function chosenBackups(context: AlertContext, targets: readonly AlertTarget[]): Chosen {
  return new Chosen(context, targets, { namespace: 'backup_namespace', name: 'backup', namesOf: ({ backup }) => [backup] });
}

/** What kube-state-metrics says of the CronJobs that back up. */
export function chosenCronJobs(context: AlertContext, targets: readonly AlertTarget[]): Chosen {
  return new Chosen(context, targets, { namespace: context.namespaceLabel, name: 'cronjob', namesOf: ({ cronJob }) => [cronJob] });
}

/** The same of those that prove backups. */
export function chosenCompanions(context: AlertContext, targets: readonly AlertTarget[], kind: AlertTarget['companions'][number]['kind']): Chosen {
  const of = ({ companions }: AlertTarget) => companions.filter(companion => companion.kind === kind).map(({ cronJob }) => cronJob);
  return new Chosen(context, targets.filter(target => of(target).length > 0), { namespace: context.namespaceLabel, name: 'cronjob', namesOf: of });
}

/** Alerts of our rules; their labels are ours, and none of the series. */
export function chosenAlerts(targets: readonly AlertTarget[]): Chosen {
  const context = { namespaceLabel: 'namespace', kubeletNamespaceLabel: 'namespace', matchLabels: {}, runnerMetrics: false, labels: {} };
  return new Chosen(context, targets, { namespace: 'namespace', name: 'backup', namesOf: ({ backup }) => [backup] });
}

/** Age of the data from which on an alert fires; there is none on demand without an objective. */
export function ageLimit(target: AlertTarget): number | undefined {
  return target.rpoSeconds === undefined && target.gapSeconds === undefined ? undefined : tooOldSeconds(target);
}

/** The variable in which somebody chooses backups. */
export function backupVariable(targets: readonly AlertTarget[]): object {
  const several = new Set(targets.map(({ namespace }) => namespace)).size > 1;
  const options = targets.map(({ namespace, cronJob, backup, companions }) => ({
    text: several ? `${namespace}/${cronJob}` : cronJob,
    value: [...new Set([cronJob, backup, ...companions.map(companion => companion.cronJob)])].join('|'),
  }));
  return {
    name: VARIABLE,
    type: 'custom',
    label: 'Backup',
    multi: true,
    includeAll: true,
    query: options.map(({ text, value }) => `${text} : ${value}`).join(', '),
    options: [{ text: 'All', value: '$__all', selected: true }, ...options.map(option => ({ ...option, selected: false }))],
    current: { text: ['All'], value: ['$__all'] },
  };
}
