import { Readable } from 'node:stream';
import { stoppable } from '../../core/stoppable';

/*
 * What `pg_dump` sees is of the moment at which it begins, and only then it waits for its locks. A table that is made anew meanwhile, or
 * rewritten, has no rows of that moment: it would be dumped as an empty one, with exit code 0.
 */

/** Where the rows of each table are, by `schema.table`. Other ones after a TRUNCATE, a rewrite, or when it was dropped and made again. */
export interface TableFiles {
  readonly [table: string]: string;
}

/** Tables of `before` that have their rows elsewhere now. */
export function remade(before: TableFiles, now: TableFiles): string[] {
  return Object.keys(before).filter(table => now[table] !== undefined && now[table] !== before[table]);
}

/**
 * A dump as it comes, whose first bytes are held back until `look` has seen that nothing is wrong: `pg_dump` writes nothing before it has all of
 * its locks. Destroying it destroys `dump`.
 */
export function lookingOnceLocked(dump: Readable, look: () => Promise<void>): Readable {
  async function* chunks(): AsyncGenerator<Buffer> {
    let first = true;
    for await (const chunk of dump as AsyncIterable<Buffer>) {
      if (first) await look();
      first = false;
      yield chunk;
    }
  }
  return stoppable(chunks(), () => dump.destroy());
}
