import { ALERT_HELP } from '../../../src/constructs/runbook/content/alert-help';
import { ProblemKind } from '../../../src/runner/monitor/assess';
import { ALERTS, intoRunbook } from '../../../src/runner/status/runbook';
import { Shown } from '../../../src/runner/status/summary';

const URL = 'https://git.example.com/RUNBOOK.md';
const shown = (...kinds: readonly ProblemKind[]) => ({ config: { name: 'App_1' }, assessment: { problems: kinds.map(kind => ({ kind })) } }) as unknown as Shown;

test('leads to the restore, and to the section on each problem, once', () => {
  const { text } = intoRunbook(shown('run-failed', 'rpo-exceeded', 'run-missing'), URL) as { readonly text: string };
  expect([...text.matchAll(/href="([^"]+)">([^<]+)</g)].map(([, link, name]) => [link, name])).toEqual([
    [`${URL}#restore-app_1`, 'Restore App_1'], [`${URL}#backupjobfailed`, 'BackupJobFailed'], [`${URL}#backupjobmissing`, 'BackupJobMissing'],
  ]);
});

test('says nothing where nobody has said where the runbook is', () => {
  expect(intoRunbook(shown('run-failed'), null)).toBe(false);
});

test('each problem leads to a heading that runbooks have', () => {
  expect(Object.values(ALERTS).filter(alert => !(alert in ALERT_HELP))).toEqual([]);
});
