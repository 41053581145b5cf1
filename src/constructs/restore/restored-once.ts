import { createHash } from 'node:crypto';
import * as kplus from 'cdk8s-plus-28';
import { Construct } from 'constructs';
import { RestoreTrigger } from './restore-trigger';
import { RestoreOnceConfig } from '../../contract/config';
import { RESTORED_LABEL } from '../../contract/run';
import { grantRights } from '../pod/api-rights';
import { NameAndLabels } from '../pod/runner-pod';

/** What somebody has decided to restore. */
interface Decision {
  readonly backupName: string;
  readonly backup: string;
  readonly notAfter: string | null;
}

/** Where a Job notes what it has restored, so that the next one, of another image, does not do it again. `undefined` for a template. */
export function onceOf(
  { _kind, _id }: RestoreTrigger, jobName: string, namespace: string | undefined, { backupName, backup, notAfter }: Decision,
): RestoreOnceConfig | undefined {
  if (_kind === 'template') return undefined;
  if (namespace === undefined) {
    throw new Error('\'trigger\' needs the namespace of the chart, got none: the Job notes there what it has restored, and so does it once; give the chart a \'namespace\'');
  }
  const key = createHash('sha256').update(JSON.stringify([_id, backupName, backup, notAfter])).digest('hex').slice(0, 16);
  return { namespace, configMap: `${jobName}-${SUFFIX}`, key };
}

const SUFFIX = 'restored';

/** The ConfigMap for the notes, and the right to write into this one. */
export function defineOnce(
  scope: Construct, account: kplus.IServiceAccount, { namespace, configMap }: RestoreOnceConfig, metadata: NameAndLabels,
): void {
  const once = new Construct(scope, 'Once');
  new kplus.k8s.KubeConfigMap(once, 'Notes', { metadata: { name: configMap, namespace, labels: { ...metadata.labels, [RESTORED_LABEL]: 'true' } } });
  const rules = [{ apiGroups: [''], resources: ['configmaps'], resourceNames: [configMap], verbs: ['get', 'patch'] }];
  grantRights(once, account, { namespace, rules }, metadata, SUFFIX);
}
