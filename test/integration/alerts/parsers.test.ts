import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { filesFor, HOURLY, provedFiles, RULES } from './_rules';
import { tempDir } from '../servers/_process';

/* Debian has the promtool of 2.42. Elsewhere the rules are read by newer ones, and by vmalert, which is no Prometheus. */

const CACHE = process.env.CDK8S_BACKUP_TEST_CACHE ?? join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'cdk8s-backup-test');

/** Everything that there are alerts on, and the two forms of expressions that only some backups have. */
const SETS = {
  'everything that there are alerts on': provedFiles(),
  'no failed Jobs kept': filesFor({ ...HOURLY, failedJobsRetained: 0 }, { runnerMetrics: true, matchLabels: { cluster: 'prod' } }),
  'on demand, no failed Jobs kept': filesFor({ onDemand: true, schedule: undefined, failedJobsRetained: 0 }, { runnerMetrics: true }),
};

async function accepts(parser: string, argsOf: (file: string) => readonly string[], rules: string): Promise<boolean> {
  const file = join(tempDir('rules'), 'alerts.rules');
  writeFileSync(file, rules);
  try {
    await promisify(execFile)(join(CACHE, 'bin', parser), argsOf(file));
    return true;
  } catch (error) {
    if (typeof (error as { code?: unknown }).code !== 'number') throw error; // it did not run
    return false;
  }
}

describe.each<[string, (file: string) => readonly string[]]>([
  ['prometheus-2.45', file => [file]],
  ['prometheus-3.5', file => [file]],
  ['vmalert', file => ['-dryRun', `-rule=${file}`]],
])('%s', (parser, argsOf) => {
  test.each(Object.entries(SETS))('takes the rules of a backup: %s', async (_what, files) => {
    expect(await accepts(parser, argsOf, files[RULES]!)).toBe(true);
  });

  test('refuses rules with a mistake in an expression, or in a template', async () => {
    const rules = provedFiles()[RULES]!;
    expect(await accepts(parser, argsOf, rules.replace('backup_store_up{', 'backup_store_up{{'))).toBe(false);
    expect(await accepts(parser, argsOf, rules.replace('{{ $labels.store }}', '{{ nothing $labels.store }}'))).toBe(false);
  });
});
