import { RetentionConfig } from './contract/config';

/** Whether nothing is ever removed. */
export function keepsForever({ keepHours, keepLast }: RetentionConfig): boolean {
  return keepHours === null && keepLast === null;
}
