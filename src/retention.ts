import { Duration } from 'cdk8s';
import { checkWholeNumber, show } from './_check';
import { RetentionConfig } from './contract/config';

const NO_PERIODS = { keepHourly: null, keepDaily: null, keepWeekly: null, keepMonthly: null, keepYearly: null };

/** What every kind of `Retention` takes. */
export interface RetentionOptions {
  /**
   * Never fewer than this many backups are left, however old they are: when backups stop, expiry must not remove the last
   * good ones. At least 1.
   *
   * @default 3
   */
  readonly keepAtLeast?: number;
}

/** Options for `Retention.of()`. A backup that either of the two keeps is kept. */
export interface RetentionRules extends RetentionOptions {
  /**
   * Backups younger than this are kept. Whole hours, at least 1.
   *
   * @default - age alone keeps no backup
   */
  readonly age?: Duration;

  /**
   * This many newest backups are kept. At least 1.
   *
   * @default - their number alone keeps no backup
   */
  readonly count?: number;
}

/**
 * How long backups are kept.
 *
 * This release writes it into the config of the runner and removes nothing. A later release acts on it, so say now what you mean.
 */
export class Retention {
  /**
   * Nothing is ever removed.
   */
  public static readonly FOREVER = new Retention({ keepHours: null, keepLast: null, ...NO_PERIODS, keepAtLeast: 1 });

  /**
   * Backups of the last `count` days are kept.
   *
   * @param count of days of 24 hours, at least 1.
   */
  public static days(count: number, options: RetentionOptions = {}): Retention {
    checkWholeNumber('days', count, 1, MAX_DAYS, KEEPS_NOTHING);
    return Retention.of({ ...options, age: Duration.days(count) });
  }

  /**
   * Backups of the last `count` hours are kept.
   *
   * @param count of hours, at least 1.
   */
  public static hours(count: number, options: RetentionOptions = {}): Retention {
    checkWholeNumber('hours', count, 1, 24 * MAX_DAYS, KEEPS_NOTHING);
    return Retention.of({ ...options, age: Duration.hours(count) });
  }

  /**
   * The newest backups are kept, however old they are.
   *
   * @param count of backups, at least 1.
   */
  public static newest(count: number, options: RetentionOptions = {}): Retention {
    return Retention.of({ ...options, count });
  }

  /**
   * Backups are kept for their age or for their number, whichever keeps more.
   */
  public static of(rules: RetentionRules): Retention {
    if (rules.age === undefined && rules.count === undefined) {
      throw new Error(`'retention' keeps nothing: give 'age', 'count' or both, got ${show(rules)}; Retention.FOREVER removes nothing`);
    }
    const keepHours = rules.age?.toHours({ integral: false });
    if (keepHours !== undefined) checkWholeNumber('age', keepHours, 1, 24 * MAX_DAYS, `give whole hours; ${KEEPS_NOTHING}`);
    if (rules.count !== undefined) checkWholeNumber('count', rules.count, 1, 1_000_000, KEEPS_NOTHING);
    const keepAtLeast = checkWholeNumber('keepAtLeast', rules.keepAtLeast ?? 3, 1, 1_000_000,
      'with 0 a source that stopped making backups would lose its last one');
    return new Retention({ keepHours: keepHours ?? null, keepLast: rules.count ?? null, ...NO_PERIODS, keepAtLeast });
  }

  private constructor(private readonly config: RetentionConfig) {}

  /**
   * @internal
   */
  public _toConfig(): RetentionConfig {
    return this.config;
  }
}

// A hundred years: more is a slip of the keyboard.
const MAX_DAYS = 36_525;
const KEEPS_NOTHING = 'to keep nothing, remove the backup; to keep everything, use Retention.FOREVER';
