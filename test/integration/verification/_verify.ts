import { readFileSync, writeFileSync } from 'node:fs';
import { Ended } from '../_runner';

export function flip(file: string, at: number): void {
  const bytes = readFileSync(file);
  const i = at < 0 ? bytes.length + at : at;
  bytes[i] = (bytes[i]! + 1) % 256;
  writeFileSync(file, bytes);
}

export function resultsOf(ended: Ended): { id: string; store: string; result: string; digestOnly?: string; repairedFrom?: string }[] {
  return JSON.parse(ended.stdout);
}
