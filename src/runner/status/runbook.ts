import { html, Html } from './html';
import { Shown } from './summary';
import { restoreHeading, slug } from '../../contract/runbook';
import { ProblemKind } from '../monitor/assess';

/** The alert on each problem, whose name is the heading of its section in a runbook. */
export const ALERTS: Readonly<Record<ProblemKind, string>> = {
  'nothing-usable': 'BackupJobMissing',
  'no-readable-copy': 'BackupStoreUnreadable',
  'every-copy-damaged': 'BackupVerificationFailed',
  'records-differ': 'BackupRecordsDiffer',
  'drill-failed': 'BackupDrillFailed',
  'rpo-exceeded': 'BackupJobMissing',
  'rto-exceeded': 'BackupRtoExceeded',
  'run-failed': 'BackupJobFailed',
  'run-missing': 'BackupJobMissing',
  'copy-damaged': 'BackupVerificationFailed',
  'copy-not-whole': 'BackupVerificationFailed',
  'store-unreadable': 'BackupStoreUnreadable',
  'newest-damaged': 'BackupVerificationFailed',
  'newest-suspect': 'BackupSuspect',
  'newest-not-whole': 'BackupVerificationFailed',
  'never-drilled': 'BackupDrillStale',
  'drill-missing': 'BackupDrillStale',
  'never-verified': 'BackupVerificationStale',
  'verification-missing': 'BackupVerificationStale',
  'from-future': 'BackupFromFuture',
  'record-unreadable': 'BackupStoreUnreadable',
};

/** Where the runbook goes on: with the restore, and with each problem that there is. */
export function intoRunbook({ config, assessment: { problems } }: Shown, url: string | null): Html | false {
  if (url === null) return false;
  const headings = [restoreHeading(config.name), ...new Set(problems.map(({ kind }) => ALERTS[kind]))];
  return html`<p class="quiet">In the runbook: ${headings.map((heading, i) => html`${i > 0 && ', '}<a href="${url}#${slug(heading)}">${heading}</a>`)}</p>`;
}
