import { S3Target } from './client';
import { ExitCode } from '../../../contract/exit-code';
import { RunnerError } from '../../core/errors';

/** A service may give pages with nothing on them, where much was deleted; not for ever. */
const MAX_EMPTY_PAGES = 500;

/** One page of a listing. */
export interface Page {
  readonly truncated: boolean | undefined;
  /** What the next page is asked for with. */
  readonly next: readonly (string | undefined)[];
  /** What stands on it, keys and prefixes. */
  readonly items: readonly (string | undefined)[];
}

/** Goes from page to page, and sees to it that this has an end: a service that is broken, or a cache before it, may begin again and again. */
export class Pages {
  private readonly seen = new Set<string>();
  private empty = 0;

  /** @param what is listed, for the message */
  constructor(private readonly target: S3Target, private readonly what: string) {}

  /** Whether there is a page after this one. */
  public hasNext({ truncated, next, items }: Page): boolean {
    if (truncated !== true) return false;
    // Where the listing goes on is said by the first of them, and some services leave out the second.
    if (next[0] === undefined || next[0] === '') throw this.broken('says that there is more, and not where it goes on');
    const first = items[0];
    this.empty = first === undefined ? this.empty + 1 : 0;
    if (this.empty > MAX_EMPTY_PAGES) throw this.broken(`gives ${MAX_EMPTY_PAGES} pages in a row with nothing on them`);
    for (const mark of [`next ${JSON.stringify(next)}`, ...first === undefined ? [] : [`first ${first}`]]) {
      if (this.seen.has(mark)) throw this.broken('gives the same page again and again');
      this.seen.add(mark);
    }
    return true;
  }

  private broken(how: string): RunnerError {
    const { name, location, endpoint } = this.target;
    return new RunnerError(`${name} (${location} at ${endpoint}): can't list ${this.what}: the service ${how}: look at its health, and at caches and proxies on the way`, ExitCode.FAILED);
  }
}

/** Refuses what an SDK takes for an empty list and is none: the page of a proxy that wants a login, say. It must not pass for "no backups". */
export function checkListing(
  page: { readonly Name?: string; readonly IsTruncated?: boolean; readonly KeyCount?: number }, { name, location, endpoint }: S3Target,
): void {
  if (page.Name !== undefined || page.IsTruncated !== undefined || page.KeyCount !== undefined) return;
  throw new RunnerError(
    `${name} (${location} at ${endpoint}): can't list it: the answer is no list of objects: is that the endpoint of an S3 service, and no proxy or web page before it?`,
    ExitCode.BAD_CONFIG,
  );
}
