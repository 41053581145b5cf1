import { setTimeout as sleep } from 'node:timers/promises';
import { ExitCode } from '../../contract/exit-code';
import { LifecycleConfig } from '../../contract/lifecycle';
import { Context } from '../core/context';
import { RunnerError } from '../core/errors';
import type { LifecycleBucket } from '../lifecycle/bucket';
import { Configuration, Difference, difference, isOurs, sameRules, showDifference } from '../lifecycle/diff';
import { openBucket } from '../lifecycle/open';

/** What the commands about a lifecycle get. */
type LifecycleContext = Context<LifecycleConfig>;

export interface ApplyOptions {
  readonly keepOthers: boolean;
  readonly removeOthers: boolean;
}

/** AWS may show the old rules for a while after it has taken the new ones. */
const READ_BACK_ATTEMPTS = 8;
const READ_BACK_PAUSE_MS = 1000;

/** Shows what `lifecycle apply` would change. */
export async function lifecycleDiff(context: LifecycleContext, options: { readonly exitCode: boolean }): Promise<ExitCode> {
  const bucket = openBucket(context.config.store, context.env);
  const { diff, lines } = await compare(context, bucket);
  context.stdout.write(lines.map(line => `${line}\n`).join(''));
  return options.exitCode && !diff.isEmpty ? ExitCode.DIFFERS : ExitCode.OK;
}

/** Sets the rules, and reads them back. Does nothing where they are set already; never touches rules of others unasked. */
export async function lifecycleApply(context: LifecycleContext, { keepOthers, removeOthers }: ApplyOptions): Promise<ExitCode> {
  const { config, env, reporter, signal } = context;
  if (keepOthers && removeOthers) throw new RunnerError('--keep-others and --remove-others exclude each other: give one of them', ExitCode.USAGE);
  const bucket = openBucket(config.store, env);
  const { present, diff, lines } = await compare(context, bucket);
  for (const line of lines) reporter.info('lifecycle.difference', line);
  const others = present.rules.filter(rule => !isOurs(rule));
  if (others.length > 0 && !keepOthers && !removeOthers) {
    throw new RunnerError(`${bucket.location} has rules that are not ours, ${diff.others.join(', ')}, and S3 replaces all rules at once: give --keep-others to keep them, --remove-others to remove them, or take them into the app`, ExitCode.BAD_CONFIG);
  }
  if (diff.isEmpty && (others.length === 0 || keepOthers)) {
    reporter.info('lifecycle.unchanged', `${bucket.location} has these rules already`);
    return ExitCode.OK;
  }

  const wanted = wantedBy(config);
  const next = { ...wanted, rules: [...keepOthers ? others : [], ...wanted.rules] };
  await bucket.write(next, signal);
  if (!await isThere(next, bucket, signal)) {
    await bucket.write(present, signal);
    throw new RunnerError(`${bucket.location}: the service took the rules and stored others, so the earlier ones were put back: it does not know something in them; name the 'provider' of the lifecycle, and leave out what it does not have`, ExitCode.BAD_CONFIG);
  }
  reporter.info('lifecycle.applied', `${bucket.location} has ${next.rules.length} rules now`, { rules: next.rules.map(({ ID }) => ID as unknown) });
  return ExitCode.OK;
}

interface Compared {
  readonly present: Configuration;
  readonly diff: Difference;
  /** The difference as a person reads it. */
  readonly lines: readonly string[];
}

async function compare({ config, signal }: LifecycleContext, bucket: LifecycleBucket): Promise<Compared> {
  const present = await bucket.read(signal);
  if (!present.supported) {
    throw new RunnerError(`${bucket.location}: the service has no lifecycle rules, and nothing was changed: take the BackupBucketLifecycle out of the app. Prune removes backups and what killed runs have left without them`, ExitCode.BAD_CONFIG);
  }
  const wanted = wantedBy(config);
  const diff = difference(present, wanted);
  const summary = diff.isEmpty ? 'nothing changes' : `${diff.added.length} added, ${diff.changed.length} changed, ${diff.removed.length} removed`;
  return { present, diff, lines: [`${bucket.location}: ${summary}`, ...showDifference(diff, present, wanted)] };
}

function wantedBy({ document, transitionDefaultMinimumObjectSize }: LifecycleConfig): Configuration {
  return { rules: document.Rules, minimumSize: transitionDefaultMinimumObjectSize };
}

async function isThere(wanted: Configuration, bucket: LifecycleBucket, signal: AbortSignal): Promise<boolean> {
  for (let attempt = 1; ; attempt++) {
    const { rules } = await bucket.read(signal);
    if (sameRules(rules, wanted.rules)) return true;
    if (attempt === READ_BACK_ATTEMPTS) return false;
    await sleep(READ_BACK_PAUSE_MS, undefined, { signal });
  }
}
