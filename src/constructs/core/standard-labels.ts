import { Chart } from 'cdk8s';
import { IConstruct } from 'constructs';

/** What may be the value of a label. */
const VALUE = /^[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?$/;

/**
 * The labels that Kubernetes recommends for every object. Those that somebody gives come after them, so that they win.
 *
 * No selector has them: a selector of a Deployment can't be changed, and these say whose chart it is, too.
 *
 * @param component what it is for, as in the label `component`
 * @param instance the name by which the user knows it
 */
export function standardLabels(scope: IConstruct, component: string, instance: string): { [key: string]: string } {
  const { id } = Chart.of(scope).node;
  return {
    'app.kubernetes.io/name': 'cdk8s-backup',
    'app.kubernetes.io/instance': instance,
    'app.kubernetes.io/component': component,
    ...VALUE.test(id) ? { 'app.kubernetes.io/part-of': id } : {},
    'app.kubernetes.io/managed-by': 'cdk8s',
  };
}
