import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { ModuleKind, transpile } from 'typescript';
import { ExitCode } from '../../../../src/contract/exit-code';
import { RunnerError } from '../../../../src/runner/core/errors';
import { askSqlite } from '../../../../src/runner/engines/sqlite/drill-query';
import { runSqlite, SQLITE_CHILD } from '../../../../src/runner/engines/sqlite/program';
import { SRC } from '../../../_imports';
import { NO_ABORT } from '../_dump';

const directory = mkdtempSync(join(tmpdir(), 'sqlite-child-'));
const file = join(directory, 'app.db');

beforeAll(() => {
  const database = new DatabaseSync(file);
  database.exec('create table t(x, y blob); insert into t values (1, x\'00\'), (2, null)');
  database.close();
});
afterAll(() => rmSync(directory, { recursive: true }));

const never = () => new RunnerError('it failed', ExitCode.FAILED);

test('a file is examined, with what is asserted', async () => {
  const { integrity, rows, failed } = await runSqlite({
    kind: 'examine', file, assertions: ['select count(*) = 2 from t', 'select \'true\'', 'select count(*) from t', 'select y from t', 'select x from t where x > 2', 'select z from t'],
  }, never, NO_ABORT);
  expect(integrity).toEqual(['ok']);
  expect(rows).toEqual({ t: 2 });
  expect(failed).toEqual([
    { sql: 'select count(*) from t', value: 2 },
    { sql: 'select y from t', value: 'a blob' },
    { sql: 'select x from t where x > 2', value: null },
    { sql: 'select z from t', error: 'no such column: z' },
  ]);
});

test('a file is asked: the first column of the first row, or why not', async () => {
  expect(await askSqlite(file, ['select x, y from t order by x desc', 'select x from t where x > 2', 'select z from t'], NO_ABORT))
    .toEqual([{ value: 2 }, { value: null }, { error: 'no such column: z' }]);
});

test('a file that is not there is told by name, with what SQLite says', async () => {
  const missing = join(directory, 'missing.db');
  await expect(askSqlite(missing, ['select 1'], NO_ABORT)).rejects.toMatchObject({
    message: `${missing} can't be read as a database: unable to open database file`, exitCode: ExitCode.CORRUPT,
  });
});

test('a copy that has no room is told by its bytes', async () => {
  const failures: unknown[] = [];
  const told = (failure: unknown) => {
    failures.push(failure);
    return never();
  };
  await expect(runSqlite({ kind: 'copy', source: file, copy: { file: join(directory, 'copy.db'), roomBytes: 5000 }, lockTimeoutMs: 1000 }, told, NO_ABORT)).rejects.toThrow('it failed');
  expect(failures).toEqual([{ neededBytes: 8192, availableBytes: 5000 }]);
});

test('from sources Node.js itself runs it, so it imports nothing but Node.js and types', () => {
  const stripped = transpile(readFileSync(join(SRC, 'runner/engines/sqlite/child.ts'), 'utf8'), { module: ModuleKind.ESNext, verbatimModuleSyntax: true });
  const imported = [...stripped.matchAll(/^import .* from '(.*)';$/gm)].map(([, name]) => name!);
  expect(imported).toContain('node:sqlite');
  expect(imported.filter(name => !isBuiltin(name))).toEqual([]);
});

test('the image has it beside the runner', () => {
  const copied = readFileSync(join(SRC, 'runner/build/Dockerfile'), 'utf8').match(/^COPY main\.js .*$/gm)!;
  expect(copied).toHaveLength(2);
  for (const line of copied) expect(line.split(' ')).toContain(SQLITE_CHILD);
});
