import * as z from 'zod';
import { configIn, DatabaseConfigs, EngineConfig } from './engine-config';
import { DatabaseTargetConfig } from '../../../contract/config';
import { MEMBER_PATTERN } from '../../../contract/layout';
import { oneOf } from '../../core/fields';

/** Name of a member. */
export const memberName = z.string().regex(MEMBER_PATTERN, 'must be 1 to 20 lower-case letters, digits or "_", the first a letter');

/** A set of any of `databases`. */
export function setOf(databases: DatabaseConfigs) {
  const source = oneOf('engine', Object.values(databases).map(database => database.source));
  const target = oneOf('engine', Object.values(databases).map(database => database.target));
  const of = <Member extends { readonly engine: keyof DatabaseConfigs }>(member: Member) => configIn(databases, member);
  return {
    source: z.strictObject({
      engine: z.literal('set'),
      members: z.record(memberName, source).refine(members => Object.keys(members).length > 1, 'must have at least two members'),
    }),
    target: z.strictObject({
      engine: z.literal('set'),
      members: z.record(memberName, target).refine(members => Object.keys(members).length > 0, 'must have at least one member'),
    }),
    extensions: [],
    secrets: null,
    targetOf: ({ engine, members }) => ({ engine, members: eachOf(members, member => of(member).targetOf(member)) }),
    takesSafetyBackup: ({ members }) => Object.values(members).some(member => of(member).takesSafetyBackup(member)),
    withoutSafetyBackup({ engine, members }) {
      const without = eachOf(members, member => of(member).withoutSafetyBackup(member));
      if (Object.values(without).some(member => typeof member !== 'string')) {
        const left = (member: DatabaseTargetConfig, name: string) => typeof without[name] === 'string' ? member : without[name] as DatabaseTargetConfig;
        return { engine, members: eachOf(members, left) };
      }
      return Object.entries(without).map(([name, why]) => `${name}: ${String(why)}`).join('; ');
    },
    needsFile: ({ members }) => Object.values(members).some(member => of(member).needsFile(member)),
    reaches({ members }) {
      const all = Object.values(members).map(member => of(member).reaches(member));
      return { hosts: all.flatMap(({ hosts }) => hosts), namespaces: all.flatMap(({ namespaces }) => namespaces) };
    },
  } satisfies EngineConfig<'set'>;
}

interface Each<T> {
  readonly [name: string]: T;
}

function eachOf<Member, Result>(members: Each<Member>, change: (member: Member, name: string) => Result): Each<Result> {
  return Object.fromEntries(Object.entries(members).map(([name, member]) => [name, change(member, name)]));
}
