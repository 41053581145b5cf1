import { Service } from './service';
import { ExitCode } from '../../contract/exit-code';
import { RunnerError } from '../core/errors';

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
  constructor(private readonly service: Service, private readonly what: string) {}

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
    const { name, location, endpoint } = this.service;
    return new RunnerError(`${name} (${location} at ${endpoint}): can't list ${this.what}: the service ${how}: look at its health, and at caches and proxies on the way`, ExitCode.FAILED);
  }
}
