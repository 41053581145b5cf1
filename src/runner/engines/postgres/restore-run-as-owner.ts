/*
 * A `pg_dump` from 16 on writes `run_as_owner` into the subscriptions of older servers as well, which never do anything else, and refuse the
 * option. So `pg_restore` leaves them out, and they are made without it afterwards.
 */
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { quoted } from './errors';
import { ArchiveEntry } from './restore-archive';
import { Facts, serverMajor } from './restore-findings';
import { verbatim } from './restore-sql';
import { ScratchConfig } from '../../../contract/config';
import { scratchDirectory } from '../../core/scratch';

const RUN_AS_OWNER_MAJOR = 16;
const OPTION = ', run_as_owner = true';

export interface LateSubscriptions {
  /** Ids of all other entries, in their order. */
  readonly others: readonly number[];
  /** What makes the subscriptions. */
  readonly statements: string;
}

/** @returns `null` where `pg_restore` can make all there is */
export function lateSubscriptions({ head: { entries }, ...facts }: Pick<Facts, 'head' | 'server'>): LateSubscriptions | null {
  if (serverMajor(facts) >= RUN_AS_OWNER_MAJOR || !entries.some(runsAsOwner)) return null;
  const late = entries.filter(({ type, tag }) => type === 'SUBSCRIPTION' || ['COMMENT', 'SECURITY LABEL'].includes(type) && tag.startsWith('SUBSCRIPTION '));
  return {
    others: entries.filter(entry => !late.includes(entry)).map(({ id }) => id),
    statements: late.flatMap(entry => [verbatim(known(entry)), ...ownerOf(entry)]).join('\n'),
  };
}

function ownerOf({ type, tag, owner }: ArchiveEntry): string[] {
  return type === 'SUBSCRIPTION' && owner !== '' ? [`alter subscription ${quoted(tag)} owner to ${quoted(owner)};`] : [];
}

/** Where the option begins in the definition; anything in front of `WITH` may have the same words in it. */
function optionIn({ definition }: ArchiveEntry): number {
  const at = definition.lastIndexOf(OPTION);
  return at > definition.lastIndexOf(' WITH (connect = false') ? at : -1;
}

function runsAsOwner(entry: ArchiveEntry): boolean {
  return entry.type === 'SUBSCRIPTION' && optionIn(entry) >= 0;
}

function known(entry: ArchiveEntry): string {
  const at = runsAsOwner(entry) ? optionIn(entry) : -1;
  return at < 0 ? entry.definition : entry.definition.slice(0, at) + entry.definition.slice(at + OPTION.length);
}

/** Calls `restore` with the arguments that make `pg_restore` take these entries only, in this order; `null`: all. */
export async function withList(
  ids: readonly number[] | null, scratch: ScratchConfig, restore: (args: readonly string[]) => Promise<void>,
): Promise<void> {
  if (ids === null) return restore([]);
  const directory = await scratchDirectory(scratch, 'list');
  try {
    const file = path.join(directory.path, 'order');
    await writeFile(file, ids.map(id => `${id};\n`).join(''));
    await restore([`--use-list=${file}`]);
  } finally {
    await directory.remove();
  }
}
