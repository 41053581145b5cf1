import { copyFileSync, renameSync } from 'node:fs';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { ExitCode } from '../../../src/contract/exit-code';
import { RunnerError } from '../../../src/runner/core/errors';
import { SqliteRestorer } from '../../../src/runner/engines/sqlite/restorer';
import { tempDir } from '../servers/_process';

// Of two restores at once: what the other one has brought is not this one's, so its failure is no reason against a retry.
test('a file that somebody else has replaced when a restore fails is not told as restored, and a retry may help', async () => {
  const file = path.join(tempDir('sqlite-meanwhile'), 'app.db');
  const database = new DatabaseSync(file);
  database.exec('create table t (id)');
  database.close();
  copyFileSync(file, `${file}.other`);
  const target = { engine: 'sqlite', path: file, lockTimeoutSeconds: 5, keepPrevious: true, assertions: [] } as const;
  const restorer = new SqliteRestorer(target, { config: { workloads: [] } } as never);
  const record = { id: 'app_20260101_020000', source: { engine: 'sqlite' }, artifacts: [{ role: 'data' }] };
  const artifacts = {
    open: () => {
      renameSync(`${file}.other`, file);
      return Promise.reject(new RunnerError('the store went away', ExitCode.UNAVAILABLE));
    },
  };
  await expect(restorer.restore({ input: { record, artifacts } } as never, AbortSignal.timeout(60_000))).rejects.toMatchObject({
    live: false,
    exitCode: ExitCode.UNAVAILABLE,
    message: `the store went away. sqlite ${file} has been replaced by another restore, or by somebody, meanwhile`,
  });
});
