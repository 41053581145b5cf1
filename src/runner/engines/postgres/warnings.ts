/*
 * What `pg_dump` and `pg_dumpall` warn of although they succeed, such as subscriptions that they leave out. Whoever restores has to know
 * that.
 */

/** One at a time; a catalog with thousands of the same fault would fill the log. */
const MOST = 100;
const WARNING = /^pg_\w+: warning: /;
const MORE = /^pg_\w+: (?:detail|hint): /;

export class DumpWarnings {
  private readonly warnings: string[] = [];

  /** @param what what is dumped, for messages: `database shop on db:5432` */
  constructor(private readonly program: string, private readonly what: string) {}

  /** Adds what of `said`, which quotes neither rows nor statements, is a warning, with its details. */
  public add(said: string): void {
    let count = 0;
    for (const line of said.split('\n')) {
      if (WARNING.test(line)) {
        count++;
        if (count <= MOST) this.warnings.push(`${this.program} of ${this.what}: ${line.replace(WARNING, '')}`);
      } else if (MORE.test(line) && count > 0 && count <= MOST) {
        this.warnings.push(`${this.warnings.pop()!}; ${line.replace(MORE, '').trim()}`);
      }
    }
    if (count > MOST) this.warnings.push(`${this.program} of ${this.what}: ${count - MOST} more warnings`);
  }

  /** One sentence each. */
  public get all(): readonly string[] {
    return this.warnings;
  }
}
