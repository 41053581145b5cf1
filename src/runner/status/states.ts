import { Tone } from './parts';
import { BackupState } from '../monitor/assess';

/** A state as the pages show it. */
export interface ShownState {
  readonly label: string;
  readonly tone: Tone;
}

/** All states, in the order in which somebody has to look at them. A promise that is broken is red, even where a restore could begin. */
export const STATES: Readonly<Record<BackupState, ShownState>> = {
  'not-restorable': { label: 'Not restorable', tone: 'bad' },
  'records-differ': { label: 'In doubt: records differ', tone: 'bad' },
  'drill-failed': { label: 'In doubt: last drill failed', tone: 'bad' },
  'unknown': { label: 'Not known', tone: 'unknown' },
  'rpo-exceeded': { label: 'Restorable, RPO exceeded', tone: 'bad' },
  'rto-exceeded': { label: 'Restorable, RTO exceeded', tone: 'bad' },
  'at-risk': { label: 'Restorable, at risk', tone: 'warn' },
  'restorable': { label: 'Restorable', tone: 'good' },
};

const ORDER = Object.keys(STATES);

export function urgencyOf(state: BackupState): number {
  return ORDER.indexOf(state);
}
