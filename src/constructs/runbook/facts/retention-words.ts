import { keepsForever, RetentionConfig } from '../../../contract/config';
import { showSeconds } from '../../core/check';

/** How long backups are kept, in words: `7 days, the newest of each of 12 months; never fewer than 3`. */
export function retentionWords(retention: RetentionConfig): string {
  if (keepsForever(retention)) return 'for ever';
  const { keepHours, keepLast, keepHourly, keepDaily, keepWeekly, keepMonthly, keepYearly, keepAtLeast } = retention;
  const periods = [[keepHourly, 'hours'], [keepDaily, 'days'], [keepWeekly, 'weeks'], [keepMonthly, 'months'], [keepYearly, 'years']] as const;
  const rules = [
    ...keepHours === null ? [] : [showSeconds(keepHours * 3600)],
    ...keepLast === null ? [] : [`the newest ${keepLast}`],
    ...periods.flatMap(([count, name]) => count === null ? [] : [`the newest of each of ${count} ${name}`]),
  ];
  return `${rules.join(', ')}; never fewer than ${keepAtLeast}`;
}
