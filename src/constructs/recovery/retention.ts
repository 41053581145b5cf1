import { Duration } from 'cdk8s';
import { RetentionConfig } from '../../contract/config';
import { checkWholeNumber, show } from '../core/check';
import { checkForm, Form, needed, Takes } from '../core/form';
import { at } from '../core/located';
import { DURATION, NUMBER } from '../core/takes';

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

/** Options for `Retention.of()`. A backup that any of the rules keeps is kept. */
export interface RetentionRules extends RetentionOptions {
  /**
   * Backups younger than this are kept, counted back from the newest good one. Whole hours, at least 1.
   *
   * @default - age alone keeps no backup
   */
  readonly age?: Duration;

  /**
   * This many newest backups are kept. At least as many as `keepAtLeast`.
   *
   * @default - their number alone keeps no backup
   */
  readonly count?: number;

  /**
   * The newest backup of each of the last so many hours that have one is kept. At least 2.
   *
   * @default - no backup is kept for its hour
   */
  readonly hourly?: number;

  /**
   * The newest backup of each of the last so many days (UTC) that have one is kept. At least 2.
   *
   * @default - no backup is kept for its day
   */
  readonly daily?: number;

  /**
   * The newest backup of each of the last so many weeks (from Monday, UTC) that have one is kept. At least 2.
   *
   * @default - no backup is kept for its week
   */
  readonly weekly?: number;

  /**
   * The newest backup of each of the last so many months (UTC) that have one is kept. At least 2.
   *
   * @default - no backup is kept for its month
   */
  readonly monthly?: number;

  /**
   * The newest backup of each of the last so many years (UTC) that have one is kept. At least 2.
   *
   * @default - no backup is kept for its year
   */
  readonly yearly?: number;
}

/** Options for `Retention.grandfatherFatherSon()`. */
export interface GrandfatherFatherSonOptions extends RetentionOptions {
  /** Days (UTC) of which the newest backup is kept. At least 2. */
  readonly daily: number;

  /** Weeks (from Monday, UTC) of which the newest backup is kept. At least 2. */
  readonly weekly: number;

  /** Months (UTC) of which the newest backup is kept. At least 2. */
  readonly monthly: number;

  /**
   * Years (UTC) of which the newest backup is kept. At least 2.
   *
   * @default - no backup is kept for its year
   */
  readonly yearly?: number;
}

/**
 * How long backups are kept.
 *
 * A run removes at its end what no rule keeps, after the newest backup was read back. Age counts back from the newest good backup and
 * not from the clock: when backups stop, nothing expires. What is suspect or damaged counts for nothing; the newest backup that was read
 * back, those of `keepAtLeast`, and what somebody has pinned always stay.
 */
export class Retention {
  /**
   * Nothing is ever removed.
   */
  public static readonly FOREVER = new Retention({
    keepHours: null, keepLast: null, keepHourly: null, keepDaily: null, keepWeekly: null, keepMonthly: null, keepYearly: null, keepAtLeast: 1,
  });

  /**
   * Backups of the last `count` days are kept.
   *
   * @param count of days of 24 hours, at least 1.
   */
  public static days(count: number, options: RetentionOptions = {}): Retention {
    return at('Retention.days', () => {
      checkForm(options, OPTIONS);
      checkWholeNumber('days', count, 1, MAX_DAYS, KEEPS_NOTHING);
      return Retention.keeping({ ...options, age: Duration.days(count) });
    });
  }

  /**
   * Backups of the last `count` hours are kept.
   *
   * @param count of hours, at least 1.
   */
  public static hours(count: number, options: RetentionOptions = {}): Retention {
    return at('Retention.hours', () => {
      checkForm(options, OPTIONS);
      checkWholeNumber('hours', count, 1, 24 * MAX_DAYS, KEEPS_NOTHING);
      return Retention.keeping({ ...options, age: Duration.hours(count) });
    });
  }

  /**
   * The newest backups are kept, however old they are.
   *
   * @param count of backups, at least 1.
   */
  public static newest(count: number, options: RetentionOptions = {}): Retention {
    return at('Retention.newest', () => {
      checkForm(options, OPTIONS);
      checkWholeNumber('count', count, 1, MAX_COUNT, KEEPS_NOTHING);
      return Retention.keeping({ ...options, count });
    });
  }

  /**
   * Close together for the last days, and farther apart the longer ago: the newest of each day, of each week, of each month and year.
   */
  public static grandfatherFatherSon(options: GrandfatherFatherSonOptions): Retention {
    return at('Retention.grandfatherFatherSon', () => {
      checkForm(options, GRANDFATHER_FATHER_SON);
      return Retention.keeping(options);
    });
  }

  /**
   * Backups are kept for their age, for their number, or as the newest of their hour, day, week, month or year: whichever keeps more.
   */
  public static of(rules: RetentionRules): Retention {
    return at('Retention.of', () => {
      checkForm(rules, RULES);
      return Retention.keeping(rules);
    });
  }

  private static keeping(rules: RetentionRules): Retention {
    const { age, count, hourly, daily, weekly, monthly, yearly } = rules;
    if ([age, count, hourly, daily, weekly, monthly, yearly].every(rule => rule === undefined)) {
      throw new Error(`'retention' keeps nothing: give at least one of 'age', 'count', 'hourly', 'daily', 'weekly', 'monthly', 'yearly', got ${show(rules)}; Retention.FOREVER removes nothing`);
    }
    const keepHours = age?.toHours({ integral: false });
    if (keepHours !== undefined) checkWholeNumber('age', keepHours, 1, 24 * MAX_DAYS, `give whole hours; ${KEEPS_NOTHING}`);
    if (count !== undefined) checkWholeNumber('count', count, 1, MAX_COUNT, KEEPS_NOTHING);
    for (const [property, value] of Object.entries({ hourly, daily, weekly, monthly, yearly })) {
      if (value !== undefined) checkWholeNumber(property, value, 2, MAX_COUNT, 'the newest one, which is the newest backup, is kept in any case; leave the rule out, or count further back');
    }
    const keepAtLeast = checkWholeNumber('keepAtLeast', rules.keepAtLeast ?? 3, 1, MAX_COUNT, 'with 0 a source that stopped making backups would lose its last one');
    if (count !== undefined && count < keepAtLeast) {
      throw new Error(`'count' must not be less than 'keepAtLeast', got ${count} and ${keepAtLeast}${rules.keepAtLeast === undefined ? ', its default' : ''}: never fewer than ${keepAtLeast} are left, so it would keep nothing; raise the one, or lower the other`);
    }
    return new Retention({
      keepHours: keepHours ?? null,
      keepLast: count ?? null,
      keepHourly: hourly ?? null,
      keepDaily: daily ?? null,
      keepWeekly: weekly ?? null,
      keepMonthly: monthly ?? null,
      keepYearly: yearly ?? null,
      keepAtLeast,
    });
  }

  private constructor(private readonly config: RetentionConfig) {}

  /**
   * @internal
   */
  public _toConfig(): RetentionConfig {
    return this.config;
  }
}

const COUNT: Takes<number> = { ...NUMBER, example: '7' };
const OPTIONS: Form<RetentionOptions> = { keepAtLeast: COUNT };
const RULES: Form<RetentionRules> = {
  ...OPTIONS, age: DURATION, count: COUNT, hourly: COUNT, daily: COUNT, weekly: COUNT, monthly: COUNT, yearly: COUNT,
};
const GRANDFATHER_FATHER_SON: Form<GrandfatherFatherSonOptions> = {
  ...OPTIONS, daily: needed(COUNT), weekly: needed(COUNT), monthly: needed(COUNT), yearly: COUNT,
};

// A hundred years: more is a slip of the keyboard.
const MAX_DAYS = 36_525;
const MAX_COUNT = 1_000_000;
const KEEPS_NOTHING = 'to keep nothing, remove the backup; to keep everything, use Retention.FOREVER';
