import { DoctorFinding, ok, StoreCheckOptions, warning } from './finding';
import { RetentionConfig, S3StoreConfig } from '../../contract/config';
import { keyPrefix } from '../../contract/layout';
import { messageOf } from '../core/errors';
import { formatDay } from '../core/format';
import { AnyRule } from '../lifecycle/diff';
import { actsOn, idOf } from '../lifecycle/expiry';
import { openBucket } from '../lifecycle/open';

const THAWED_FIRST = ['GLACIER', 'DEEP_ARCHIVE'];

/** What the rules of the bucket do to the backups, and whether that is what anybody wants. */
export async function checkLifecycle(
  subject: string, store: S3StoreConfig, { config, env, signal }: Pick<StoreCheckOptions, 'config' | 'env' | 'signal'>,
): Promise<DoctorFinding[]> {
  let rules: readonly AnyRule[];
  let supported: boolean;
  try {
    ({ rules, supported } = await openBucket(store, env).read(signal));
  } catch (error) {
    signal.throwIfAborted();
    // Many keys may not read them, and a backup does not need it.
    return [warning(subject, `its lifecycle rules can't be read (${messageOf(error)})`, 'allow s3:GetLifecycleConfiguration, or compare them from elsewhere: cdk8s-backup lifecycle diff')];
  }
  if (!supported) return [ok(subject, 'the service has no lifecycle rules: uploads that a killed run has left are removed by prune and by later backups alone')];
  const prefix = `${store.prefix === '' ? '' : `${store.prefix}/`}${keyPrefix(config.name)}`;
  const own = rules.filter(rule => actsOn(rule, prefix));
  const findings = own.flatMap(rule => ruleFindings(subject, rule, 'retention' in config ? config.retention : undefined));
  if (!own.some(rule => rule.AbortIncompleteMultipartUpload)) {
    findings.push(warning(subject, 'no lifecycle rule aborts uploads that a killed run has left, which are billed and in no list', 'define a BackupBucketLifecycle, or add such a rule: cdk8s-backup lifecycle apply'));
  }
  return findings.length === 0 ? [ok(subject, `its ${own.length} lifecycle rules for these backups abort unfinished uploads, and take no backup away`)] : findings;
}

function ruleFindings(subject: string, rule: AnyRule, retention: RetentionConfig | undefined): DoctorFinding[] {
  const findings: DoctorFinding[] = [];
  const name = `the lifecycle rule ${idOf(rule)}`;
  const days = rule.Expiration?.Days as number | undefined;
  const date = rule.Expiration?.Date as string | Date | undefined;
  if (date !== undefined) findings.push(warning(subject, `${name} removes backups from ${formatDay(new Date(date))} on, however young they are`, 'take it out: retention is prune\'s'));
  if (days !== undefined) {
    const keptDays = retention ? keptFor(retention) : undefined;
    if (keptDays !== undefined && days < keptDays) {
      findings.push(warning(subject, `${name} removes backups after ${days} days, and the retention keeps them for ${keptDays === Infinity ? 'ever' : `${Math.ceil(keptDays)} days`}`, 'let the rule begin later, or shorten the retention'));
    } else {
      findings.push(warning(subject, `${name} removes backups after ${days} days, also pinned and held ones, and the last good ones if no new ones come`, 'know that it knows no pins, holds and floor; prune does'));
    }
  }
  for (const { StorageClass: storageClass } of (rule.Transitions ?? []) as readonly AnyRule[]) {
    if (THAWED_FIRST.includes(`${storageClass}`)) {
      findings.push(warning(subject, `${name} moves backups to ${storageClass}, where nothing can be read before it was thawed, which takes hours`, 'leave it out unless the RTO has room for that'));
    }
  }
  return findings;
}

/** Days for which everything is kept by age; not known where numbers of backups keep them too. */
function keptFor({ keepHours, keepLast, keepHourly, keepDaily, keepWeekly, keepMonthly, keepYearly }: RetentionConfig): number | undefined {
  const byNumber = [keepLast, keepHourly, keepDaily, keepWeekly, keepMonthly, keepYearly].some(value => value !== null);
  if (keepHours === null) return byNumber ? undefined : Infinity;
  return keepHours / 24;
}
