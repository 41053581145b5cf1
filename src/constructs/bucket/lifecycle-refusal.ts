import { BucketFacts, Checked } from './lifecycle-checks';
import { LifecycleFinding, showFinding } from './lifecycle-findings';
import { repair } from './lifecycle-repair';
import { LIFECYCLE_RULES } from '../../contract/lifecycle-rules';

/**
 * Throws if there is an error, with everything that was found and a document that passes.
 *
 * @returns the warnings
 */
export function refuseErrors(what: string, document: unknown, { findings }: Checked, bucket: BucketFacts): readonly LifecycleFinding[] {
  const errors = findings.filter(({ level }) => level === 'error');
  if (errors.length === 0) return findings;
  const warnings = findings.filter(({ level }) => level === 'warning');
  const numbers = (some: readonly LifecycleFinding[]) => [...new Set(some.map(({ rule }) => LIFECYCLE_RULES[rule].number))].join(', ');
  const fixed = repair(document, bucket);
  throw new Error([
    `${what} breaks rule ${numbers(errors)} of ${bucket.profile.title} (as of ${bucket.profile.asOf})${warnings.length === 0 ? '' : `, and is unwise by rule ${numbers(warnings)}`}:`,
    ...[...errors, ...warnings].map(finding => `  ${showFinding(finding)}`),
    ...fixed === undefined ? [] : ['This one passes:', fixed],
  ].join('\n'));
}
