import { NamedConfig } from '../../contract/config';
import { Context } from '../core/context';
import { Expiries, readExpiries } from '../lifecycle/expiry';
import { bucketsAmong } from '../stores/open';

/** S3 has no filter for "all but these". */
export const WAY_OUT = 'Take the expiration out of the rule (in the app: \'expire\' of the BackupBucketLifecycle) and run "cdk8s-backup lifecycle apply"';

/** What the buckets' own lifecycles delete of the backups of this name, store by store. Rules that can't be read are warned of. */
export async function readAllExpiries({ config, env, reporter, signal }: Pick<Context<NamedConfig>, 'config' | 'env' | 'reporter' | 'signal'>, what: string): Promise<Expiries[]> {
  const all = await Promise.all(bucketsAmong(config.stores).map(store => readExpiries(store, config.name, env, signal)));
  for (const { store, reason } of all) {
    if (reason !== undefined) {
      reporter.warn('lifecycle.not-known', `${store.name}: nobody knows whether the lifecycle of its bucket deletes ${what} all the same, for it can't be read (${reason}): `
        + 'allow s3:GetLifecycleConfiguration, or look from elsewhere: aws s3api get-bucket-lifecycle-configuration', { store: store.name });
    }
  }
  return all;
}
