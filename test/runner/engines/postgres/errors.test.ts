import { ExitCode } from '../../../../src/contract/exit-code';
import { Said } from '../../../../src/runner/core/said';
import { explainPostgres, isUnreadRefusal, withRefusal } from '../../../../src/runner/engines/postgres/errors';

const TARGET = { address: 'db:5432', user: 'backup', database: 'app' };

test('names host, port, database, role, reason and the way out', () => {
  const error = explainPostgres('psql: error: connection to server at "db" (10.0.0.1), port 5432 failed: FATAL:  password authentication failed for user "backup"\n', TARGET)!;
  expect(error.exitCode).toBe(ExitCode.DENIED);
  expect(error.message).toBe('postgres db:5432, database app, role backup: connection to server at "db" (10.0.0.1), port 5432 failed: ' +
    'FATAL:  password authentication failed for user "backup": check that the password in the Secret is that of the role "backup"');
});

test.each([
  ['FATAL:  the database system is starting up', ExitCode.UNAVAILABLE],
  ['FATAL:  sorry, too many clients already', ExitCode.UNAVAILABLE],
  ['pg_dump: error: Dumping the contents of table "t" failed: PQgetResult() failed.\npg_dump: detail: Error message from server: server closed the connection unexpectedly', ExitCode.UNAVAILABLE],
  ['connection to server at "db", port 5432 failed: SSL error: unexpected eof while reading', ExitCode.UNAVAILABLE],
  ['pg_restore: error: error returned by PQputCopyData: no COPY in progress', ExitCode.UNAVAILABLE],
  ['pg_restore: error: could not execute query: no connection to the server', ExitCode.UNAVAILABLE],
  ['pg_restore: error: error returned by PQputCopyEnd: connection not open', ExitCode.UNAVAILABLE],
  ['connection to server at "db", port 5432 failed: SSL error: certificate verify failed', ExitCode.BAD_CONFIG],
  ['connection to server at "db", port 5432 failed: server does not support SSL, but SSL was required', ExitCode.BAD_CONFIG],
  ['FATAL:  no pg_hba.conf entry for host "10.0.0.9", user "backup", database "app", no encryption', ExitCode.DENIED],
  ['pg_dump: error: query failed: ERROR:  canceling statement due to lock timeout', ExitCode.UNAVAILABLE],
  ['ERROR:  could not write to file "base/pgsql_tmp/x": No space left on device', ExitCode.NO_SPACE],
  ['pg_dump: error: no matching tables were found for pattern "x"', ExitCode.NOT_FOUND],
])('%s', (stderr, exitCode) => {
  expect(explainPostgres(stderr, TARGET)).toMatchObject({ exitCode });
});

test.each([
  ['psql:<stdin>:1: FEHLER:  42501: keine Berechtigung für Tabelle t', ExitCode.DENIED, 'FEHLER:  keine Berechtigung für Tabelle t'],
  ['psql:<stdin>:1: ERROR:  53100: ファイルを拡張できませんでした', ExitCode.NO_SPACE, 'ERROR:  ファイルを拡張できませんでした'],
  ['psql:<stdin>:1: ERREUR:  55P03: annulation', ExitCode.UNAVAILABLE, 'ERREUR:  annulation'],
  ['psql:<stdin>:1: ERREUR:  3D000: la base de données « … » n\'existe pas', ExitCode.NOT_FOUND, 'ERREUR:  la base de données'],
])('in any language by its code: %s', (stderr, exitCode, shown) => {
  const error = explainPostgres(stderr, TARGET)!;
  expect(error).toMatchObject({ exitCode });
  expect(error.message).toContain(`role backup: ${shown}`);
});

const REFUSAL = 'psql: error: connection to server at "localhost" (::1), port 5432 failed: Connection refused\n'
  + '\tIs the server running on that host and accepting TCP/IP connections?\nconnection to server at "localhost" (127.0.0.1), port 5432 failed: FATAL:  la base de données « … » n\'existe pas';

test.each([
  ['3D000', ExitCode.NOT_FOUND], ['28P01', ExitCode.DENIED], ['28000', ExitCode.DENIED], ['42501', ExitCode.DENIED], ['57P03', ExitCode.UNAVAILABLE], ['53300', ExitCode.UNAVAILABLE],
  ['55000', ExitCode.DENIED], ['00000', ExitCode.UNAVAILABLE],
])('a login that is refused in any language, by its code, which is asked for: %s', (state, exitCode) => {
  expect(isUnreadRefusal(REFUSAL)).toBe(true);
  const said = withRefusal(REFUSAL, state);
  expect(isUnreadRefusal(said)).toBe(false);
  const error = explainPostgres(said, TARGET)!;
  expect(error).toMatchObject({ exitCode });
  expect(error.message).toContain('(127.0.0.1), port 5432 failed: FATAL:  la base');
});

test('a database that is missing is asked for once more: a restore may have put another in its place in that moment', () => {
  const said = 'psql: error: connection to server at "db", port 5432 failed: FATAL:  database "app" does not exist';
  expect(isUnreadRefusal(said)).toBe(true);
  expect(explainPostgres(withRefusal(said, '3D000'), TARGET)).toMatchObject({ exitCode: ExitCode.NOT_FOUND });
  expect(explainPostgres(withRefusal(said, '00000'), TARGET)).toMatchObject({ exitCode: ExitCode.UNAVAILABLE });
  expect(explainPostgres(said, TARGET)).toMatchObject({ exitCode: ExitCode.NOT_FOUND });
});

test('a login of pg_dumpall, which tells no reason, is asked for once more; where there is no answer, nobody is there', () => {
  const said = 'pg_dumpall: error: could not connect to database "dbname=\'app\' keepalives_idle=30"';
  expect(isUnreadRefusal(said)).toBe(true);
  expect(explainPostgres(withRefusal(said, '28P01'), TARGET)).toMatchObject({
    exitCode: ExitCode.DENIED,
    message: 'postgres db:5432, database app, role backup: connection failed: FATAL:  pg_dumpall tells no reason: check that the password in the Secret is that of the role "backup"',
  });
  expect(explainPostgres(said, TARGET)).toMatchObject({ exitCode: ExitCode.UNAVAILABLE });
});

test('nothing is asked where the reason can be read, or no server has answered', () => {
  expect(isUnreadRefusal('psql: error: connection to server at "db", port 5432 failed: FATAL:  password authentication failed for user "x"')).toBe(false);
  expect(isUnreadRefusal('psql: error: connection to server at "db", port 5432 failed: Connection refused')).toBe(false);
  expect(isUnreadRefusal('psql:<stdin>:1: FEHLER:  42501: keine Berechtigung')).toBe(false);
});

test('a database with more tables than the server can lock is told the setting to raise, without the statement', () => {
  const { message } = explainPostgres('pg_dump: error: query failed: ERROR:  out of shared memory\nHINT:  You might need to increase "max_locks_per_transaction".', TARGET)!;
  expect(message).toMatch(/db:5432, database app, .*out of shared memory: .*raise its max_locks_per_transaction/);
});

test('is not misled by names and by the statement that failed', () => {
  const stderr = [
    'pg_dump: error: Dumping the contents of table "certificate" failed: PQgetCopyData() failed.',
    'pg_dump: detail: Error message from server: FATAL:  terminating connection due to administrator command',
    'pg_dump: detail: Command was: COPY public.certificate (permission denied) TO stdout;',
  ].join('\n');
  const said = new Said();
  said.add(stderr);
  expect(explainPostgres(said.text(), TARGET)).toMatchObject({ exitCode: ExitCode.UNAVAILABLE });
});

test('is not misled by what the server advises', () => {
  const said = 'psql:<stdin>:1: ERROR:  canceling statement due to lock timeout\nHINT:  No space left on device.';
  expect(explainPostgres(said, TARGET)).toMatchObject({ exitCode: ExitCode.UNAVAILABLE });
});

test('does not pretend to know what it does not know', () => {
  expect(explainPostgres('FEHLER:  irgendetwas ging schief', TARGET)).toBeUndefined();
});
