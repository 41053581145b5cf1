import { NamedConfig } from '../../contract/config';
import { ExitCode } from '../../contract/exit-code';
import { holdKey } from '../../contract/layout';
import { Context } from '../core/context';
import { RunnerError } from '../core/errors';
import { idOf, whenOf } from '../lifecycle/expiry';
import { readAllExpiries, WAY_OUT } from '../prune/against-lifecycle';
import { describeHold, readHolds, renderHold } from '../prune/hold';
import { inEveryStore } from '../prune/in-every-store';
import { openStores } from '../stores/open';

/** Stops all pruning of the name, in every store, until somebody releases it. One store that takes the hold is enough for all. */
export async function hold(context: Context<NamedConfig>, { reason }: { readonly reason: string }): Promise<ExitCode> {
  const { config, signal, stdout } = context;
  const stores = openStores(context);
  const content = renderHold(new Date(), reason);
  const { done, failures } = await inEveryStore(stores, store => store.create(holdKey(config.name), content, signal), signal);
  if (done.length > 0) {
    const already = done.every(({ result }) => !result) ? ' already, and its earlier reason stands' : '';
    stdout.write(`Pruning of ${config.name} is held${already}, by ${done.map(({ store }) => store.name).join(' and ')}: "cdk8s-backup release" ends that.\n`);
  }
  if (done.length > 0) await warnOfExpiries(context);
  if (failures.length === 0) return ExitCode.OK;
  const [first] = failures as [RunnerError];
  const holds = done.length > 0
    ? 'the other stores hold, and a prune that can read one of them removes nothing anywhere'
    : 'nothing is held';
  throw new RunnerError(`not every store has taken the hold, ${holds}: ${failures.map(({ message }) => message).join('; ')}`, first.exitCode, { cause: first });
}

/** Says what the hold can't stop, for it is not prune that does it. */
async function warnOfExpiries(context: Context<NamedConfig>): Promise<void> {
  const { name } = context.config;
  for (const { store, rules } of await readAllExpiries(context, `backups of ${name}`)) {
    for (const rule of rules ?? []) {
      context.reporter.warn('hold.not-kept', `${store.name}: the lifecycle rule ${idOf(rule)} of its bucket goes on deleting backups of ${name} ${whenOf(rule)}, held or not. ${WAY_OUT}`, { store: store.name });
    }
  }
}

/** Lets pruning of the name go on, if no store holds it any more. */
export async function release(context: Context<NamedConfig>): Promise<ExitCode> {
  const { config, signal, stdout } = context;
  const stores = openStores(context);
  const { done, failures } = await inEveryStore(stores, async store => {
    const [held] = await readHolds(config.name, [store], signal);
    await store.remove([holdKey(config.name)], signal);
    return held;
  }, signal);
  const released = done.flatMap(({ result }) => result ?? []);
  for (const held of released) stdout.write(`No longer ${describeHold(held)}.\n`);
  if (failures.length > 0) {
    const [first] = failures as [RunnerError];
    throw new RunnerError(`pruning of ${config.name} may still be held: ${failures.map(({ message }) => message).join('; ')}`, first.exitCode, { cause: first });
  }
  stdout.write(released.length === 0 ? `Pruning of ${config.name} was not held.\n` : `Pruning of ${config.name} goes on with the next run.\n`);
  return ExitCode.OK;
}
