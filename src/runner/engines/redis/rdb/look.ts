import { MORE, RdbCursor, RdbError, Steps } from './cursor';
import { isMark } from './mark';
import { RdbEntry, readEntries, readFormat, UnknownFormatError } from './read';
import { Check } from '../../../stream/check';

/** What a snapshot asks of the server that loads it, and what it tells of the one that wrote it. */
export interface RdbContent {
  readonly highestDatabase: number;
  /** Names of the data types that only modules can read. */
  readonly moduleTypes: readonly string[];
  /** Languages of functions, in small letters. */
  readonly functionEngines: readonly string[];
  /** Whether it was written in the midst of a restore key by key. */
  readonly isMixture: boolean;
}

/**
 * Looks into a snapshot as it passes, and lets it be: whether it is whole is for others to say.
 *
 * Holds no value, and one key at a time.
 */
export class RdbLook implements Check {
  private readonly cursor = new RdbCursor();
  private readonly steps = everything(this.cursor);
  private over = false;
  private fault: unknown = null;
  private highestDatabase = 0;
  private readonly moduleTypes = new Set<string>();
  private readonly functionEngines = new Set<string>();
  private mixture = false;
  private keys = false;

  public add(chunk: Buffer): void {
    if (this.over || chunk.length === 0) return;
    this.cursor.feed(chunk);
    try {
      for (;;) {
        const { value, done } = this.steps.next();
        if (done) {
          this.over = true;
          return;
        }
        if (value === MORE) return;
        this.note(value);
      }
    } catch (error) {
      this.fault = error;
      this.over = true;
    }
  }

  public end(): void {
    if (!this.over) this.fault ??= new RdbError('it ends in the midst');
  }

  /**
   * What is in all that has passed; `null` where its format is newer than what is known here.
   *
   * @throws RdbError, or ModuleValueError, where it can't be read
   */
  public get content(): RdbContent | null {
    if (this.fault instanceof UnknownFormatError) return null;
    if (this.fault !== null) throw this.fault;
    const { highestDatabase, mixture } = this;
    return { highestDatabase, isMixture: mixture, moduleTypes: [...this.moduleTypes], functionEngines: [...this.functionEngines] };
  }

  /** As {@link RdbContent.isMixture}, as far as it could be read. */
  public get isMixture(): boolean {
    return this.mixture;
  }

  /** Whether all of it could be read, and no key is in it. */
  public get isEmpty(): boolean {
    return this.over && this.fault === null && !this.keys;
  }

  private note(entry: RdbEntry): void {
    if (entry.kind === 'function') {
      this.functionEngines.add(entry.engine);
    } else if (entry.kind === 'other') {
      this.moduleTypes.add(entry.module);
    } else {
      this.keys = true;
      this.highestDatabase = Math.max(this.highestDatabase, entry.database);
      if (entry.module !== null) this.moduleTypes.add(entry.module);
      if (isMark(entry.database, entry.key)) this.mixture = true;
    }
  }
}

function* everything(cursor: RdbCursor): Steps<void, RdbEntry> {
  yield* readEntries(cursor, yield* readFormat(cursor), false);
}
