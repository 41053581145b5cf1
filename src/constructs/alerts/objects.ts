/*
 * What the alerts are in the cluster: rules of the Prometheus operator, and a dashboard that Grafana's sidecar finds.
 */
import { ApiObject } from 'cdk8s';
import { Construct } from 'constructs';
import { AlertGroup } from './rules/rule';
import { APPLY_SERVER_SIDE, appliedSize, MAX_APPLIED_SIZE } from '../core/applied-size';
import { standardLabels } from '../core/standard-labels';
import { jsonText } from '../core/synth-file';
import { warn } from '../core/warnings';

const COMPONENT = 'backup-alerts';

/** One PrometheusRule, or as many as it takes for each to be small enough for `kubectl apply`. */
export function definePrometheusRules(
  scope: Construct, name: string, labels: { readonly [key: string]: string }, groups: readonly AlertGroup[],
): ApiObject[] {
  if (!('release' in labels)) {
    warn(scope, 'the PrometheusRule has no label "release": kube-prometheus-stack ignores it without a word; give \'ruleLabels\' a "release" with the name of the Helm release, or with empty text if your Prometheus selects all rules');
  }
  return partsOf(groups).map((part, i) => {
    const ruleName = i === 0 ? name : `${name}-${i + 1}`;
    if (appliedSize(part) > MAX_APPLIED_SIZE) warn(scope, `the PrometheusRule "${ruleName}" has the group "${part[0].name}" alone, and is too large: ${APPLY_SERVER_SIDE}`);
    return new ApiObject(scope, i === 0 ? 'Resource' : `Resource${i + 1}`, {
      apiVersion: 'monitoring.coreos.com/v1',
      kind: 'PrometheusRule',
      metadata: { name: ruleName, labels: { ...standardLabels(scope, COMPONENT, name), ...withoutEmpty(labels) } },
      spec: { groups: part },
    });
  });
}

/** Groups that fit into one object each time. A group is not divided: Prometheus evaluates it as a whole. */
function partsOf(groups: readonly AlertGroup[]): (readonly AlertGroup[])[] {
  const parts: AlertGroup[][] = [];
  let size = Infinity;
  for (const group of groups) {
    const own = appliedSize([group]); // with the brackets: in a list of several one of them is the comma, and the other is for all
    if (size + own - 1 <= MAX_APPLIED_SIZE) {
      parts[parts.length - 1].push(group);
      size += own - 1;
    } else {
      parts.push([group]);
      size = own;
    }
  }
  return parts;
}

/** A ConfigMap with the dashboard, in one line where it would be too large otherwise. */
export function defineDashboard(scope: Construct, name: string, labels: { readonly [key: string]: string }, board: unknown): ApiObject {
  const file = `${name}.json`;
  const readable = { [file]: jsonText(board) };
  const data = appliedSize(readable) <= MAX_APPLIED_SIZE ? readable : { [file]: JSON.stringify(board) };
  if (appliedSize(data) > MAX_APPLIED_SIZE) warn(scope, `the ConfigMap with the dashboard is too large: ${APPLY_SERVER_SIDE}; or make several BackupAlertRules, each for some of the backups`);
  return new ApiObject(scope, 'DashboardConfigMap', {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: `${name}-dashboard`, labels: { ...standardLabels(scope, COMPONENT, name), ...labels } },
    data,
  });
}

function withoutEmpty(labels: { readonly [key: string]: string }): { [key: string]: string } {
  return Object.fromEntries(Object.entries(labels).filter(([, value]) => value !== ''));
}
