import { AlertContext } from './target';

/** An alert in the form that Prometheus reads, in a rule file and in a PrometheusRule. */
export interface AlertRule {
  readonly alert: string;
  readonly expr: string;
  readonly for?: string;
  readonly keep_firing_for?: string;
  readonly labels: { readonly [name: string]: string };
  readonly annotations: { readonly [name: string]: string };
}

export interface AlertGroup {
  readonly name: string;
  readonly rules: readonly AlertRule[];
}

/** What is different from rule to rule. */
export interface AlertRuleSpec {
  readonly alert: string;
  /** Critical: a person now. Warning: the next working day. */
  readonly severity: 'critical' | 'warning';
  /** Lines; what they are indented by alike is taken off. */
  readonly expr: string;
  readonly for?: string;
  readonly keepFiringFor?: string;
  readonly summary: string;
  readonly description: string;
  /** They tell the alert from every other one of its name and severity, the namespace among them: by it Alertmanager mutes a warning, and linters find no duplicates. */
  readonly labels: { readonly [name: string]: string };
}

export function alertRule(context: AlertContext, spec: AlertRuleSpec): AlertRule {
  return {
    alert: spec.alert,
    expr: dedent(spec.expr),
    ...spec.for === undefined ? {} : { for: spec.for },
    ...spec.keepFiringFor === undefined ? {} : { keep_firing_for: spec.keepFiringFor },
    labels: { severity: spec.severity, ...spec.labels, ...context.labels },
    annotations: {
      summary: spec.summary,
      description: spec.description,
      ...context.runbookUrl === undefined ? {} : { runbook_url: runbookUrl(context.runbookUrl, spec.alert) },
    },
  };
}

/** A selector such as `kube_cronjob_info{namespace="x"}`. */
export function series(metric: string, labels: { readonly [name: string]: string }): string {
  return `${metric}{${Object.entries(labels).map(([name, value]) => `${name}=${JSON.stringify(value)}`).join(',')}}`;
}

function runbookUrl(base: string, alert: string): string {
  return base.includes('{alert}') ? base.split('{alert}').join(alert) : `${base}#${alert.toLowerCase()}`;
}

function dedent(text: string): string {
  const lines = text.replace(/^\n+|\s+$/g, '').split('\n');
  const indent = Math.min(...lines.filter(line => line.trim() !== '').map(line => line.search(/\S/)));
  return lines.map(line => line.slice(indent)).join('\n');
}
