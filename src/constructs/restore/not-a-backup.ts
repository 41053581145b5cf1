import { checkLabels, show } from '../core/check';

/** Refuses labels by which a restore would be taken for a backup. */
export function checkNotABackup(labels: { readonly [key: string]: string }, ofBackup: { readonly [key: string]: string } = {}): void {
  checkLabels('labels', labels);
  const entries = Object.entries(ofBackup);
  const counts = entries.length > 0 && entries.every(([key, value]) => labels[key] === value);
  if (counts || labels.component === 'backup') {
    throw new Error(`'labels' must not be those of a backup, got ${show(labels)}: whoever looks for backups by ${show(counts ? ofBackup : { component: 'backup' })} would find the restore`);
  }
}
