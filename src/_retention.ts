import { RetentionConfig } from './contract/config';

/** Whether nothing is ever removed. */
export function keepsForever({ keepAtLeast: _floor, ...keep }: RetentionConfig): boolean {
  return Object.values(keep).every(value => value === null);
}
