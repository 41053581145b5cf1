import { Facts } from './reporter';

/** The result of a command where nobody sits at a terminal: one JSON object, like each line of its log. */
export function resultLine(event: string, facts: Facts, time: string = new Date().toISOString()): string {
  return `${JSON.stringify({ level: 'info', time, event, ...facts })}\n`;
}
