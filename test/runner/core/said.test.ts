import { Said, shownAnswer, withoutValues } from '../../../src/runner/core/said';

const IBAN = 'DE02120300000000202051';

function said(...lines: readonly string[]): string {
  const collected = new Said();
  // In pieces that end in the middle of lines, as pipes give them.
  for (const piece of `${lines.join('\n')}\n`.match(/[^]{1,7}/g)!) collected.add(piece);
  return collected.text();
}

test.each([
  ['a failed COPY', [
    `pg_restore: error: COPY failed for table "accounts": ERROR:  invalid input syntax for type integer: "${IBAN}"`,
    `CONTEXT:  COPY accounts, line 1, column id: "${IBAN}`, `${IBAN}"`,
  ], 'pg_restore: error: COPY failed for table "accounts": ERROR:  invalid input syntax for type integer: "…"'],
  ['a failed CHECK', [
    'pg_restore: error: COPY failed for table "accounts": ERROR:  new row for relation "accounts" violates check constraint "sound"',
    `DETAIL:  Failing row contains (1, ${IBAN}).`, `CONTEXT:  COPY accounts, line 1: "1\t${IBAN}"`,
  ], 'pg_restore: error: COPY failed for table "accounts": ERROR:  new row for relation "accounts" violates check constraint "sound"'],
  ['a unique violation', [
    'psql:<stdin>:3: ERROR:  could not create unique index "accounts_iban_key"', `DETAIL:  Key (iban)=(${IBAN}) is duplicated.`,
  ], 'psql:<stdin>:3: ERROR:  could not create unique index "accounts_iban_key"'],
  ['a failed statement with a password', [
    'pg_restore: while PROCESSING TOC:', 'pg_restore: from TOC entry 3374; 6100 16389 SUBSCRIPTION s owner',
    'pg_restore: error: could not execute query: ERROR:  unrecognized subscription parameter: "run_as_owner"',
    'Command was: CREATE SUBSCRIPTION s', `    CONNECTION 'host=db password=${IBAN}' PUBLICATION p;`, '', '', 'pg_restore: warning: errors ignored on restore: 1',
  ], 'pg_restore: while PROCESSING TOC:\npg_restore: from TOC entry 3374; 6100 16389 SUBSCRIPTION s owner\n'
    + 'pg_restore: error: could not execute query: ERROR:  unrecognized subscription parameter: "…"\npg_restore: warning: errors ignored on restore: 1'],
  ['a connection string', [`psql:<stdin>:1: ERROR:  invalid connection string syntax: missing "=" after "${IBAN}" in connection info string`],
    'psql:<stdin>:1: ERROR:  invalid connection string syntax: missing "…" in connection info string'],
  ['a URL', [`pg_dump: error: could not connect to postgresql://u:${IBAN}@db/app password=${IBAN}`], 'pg_dump: error: could not connect to postgresql://…@db/app password=…'],
  ['a statement that does not parse', [`psql:<stdin>:1: ERROR:  syntax error at or near "${IBAN}"`, `LINE 1: select ${IBAN};`, '               ^'], 'psql:<stdin>:1: ERROR:  syntax error at or near "…"'],
  ['a failed dump, with what the server advises', [
    'pg_dump: error: query failed: ERROR:  out of shared memory', 'HINT:  You might need to increase "max_locks_per_transaction".',
    `pg_dump: detail: Query was: LOCK TABLE a, ${IBAN}`, `, ${IBAN} IN ACCESS SHARE MODE`,
  ], 'pg_dump: error: query failed: ERROR:  out of shared memory\nHINT:  You might need to increase "max_locks_per_transaction".'],
  ['what a function of the database raises', [
    `pg_restore: error: COPY failed for table "accounts": ERROR:  the customer ${IBAN} is odd`, `HINT:  Ask ${IBAN}`,
    'CONTEXT:  PL/pgSQL function bank.sound(text) line 3 at RAISE', `COPY accounts, line 1: "${IBAN}"`,
  ], 'pg_restore: error: COPY failed for table "accounts": ERROR:  the function bank.sound(text) raised an error, whose text is not shown since it may quote rows'],
  ['notices of functions', [`psql:<stdin>:1: NOTICE:  customer ${IBAN}`, `NOTICE:  ${IBAN}`, 'psql:<stdin>:2: ERROR:  division by zero'], 'psql:<stdin>:2: ERROR:  division by zero'],
  ['another language', [`psql:<stdin>:1: FEHLER:  ungültige Eingabesyntax für Typ integer: »${IBAN}«`], 'psql:<stdin>:1: FEHLER:  ungültige Eingabesyntax für Typ integer: »…«'],
  ['what a function raises in German', [
    `pg_restore: error: COPY failed for table "accounts": FEHLER:  the customer ${IBAN} is odd`, `HINT:  Ask ${IBAN}`, 'CONTEXT:  PL/pgSQL-Funktion bank.sound(text) Zeile 3 bei RAISE',
  ], 'pg_restore: error: COPY failed for table "accounts": FEHLER:  a function raised an error, whose text is not shown since it may quote rows'],
  ['what a function raises in French', [`psql:<stdin>:1: ERREUR:  22012: le client ${IBAN}`, 'CONTEXT:  fonction PL/pgSQL f(), ligne 1 à RAISE'],
    'psql:<stdin>:1: ERREUR:  a function raised an error, whose text is not shown since it may quote rows'],
  ['what a function raises in Japanese', [`psql:<stdin>:1: ERROR:  P0001: ${IBAN}`, 'CONTEXT:  PL/pgSQL関数f()の1行目 - RAISE'],
    'psql:<stdin>:1: ERROR:  a function raised an error, whose text is not shown since it may quote rows'],
  ['what a function in Python raises in French', [`psql:<stdin>:1: ERREUR:  38000: ${IBAN}`, 'CONTEXT:  fonction PL/Python « f »'],
    'psql:<stdin>:1: ERREUR:  a function raised an error, whose text is not shown since it may quote rows'],
  ['notices and warnings in other languages', [
    `psql:<stdin>:1: HINWEIS:  00000: ${IBAN}`, 'LOCATION:  exec_stmt_raise, pl_exec.c:3891', `psql:<stdin>:1: ATTENTION:  01000: ${IBAN}`, 'psql:<stdin>:2: FEHLER:  22012: Division durch Null',
  ], 'psql:<stdin>:2: FEHLER:  22012: Division durch Null'],
  ['a value with quotes in it', [`psql:<stdin>:1: ERROR:  invalid input syntax for type json: "{"role "x" table "${IBAN}" : 1}"`], 'psql:<stdin>:1: ERROR:  invalid input syntax for type json: "…"'],
  ['bytes', ['pg_restore: error: COPY failed for table "t": ERROR:  invalid byte sequence for encoding "UTF8": 0xe4 0x6e'], 'pg_restore: error: COPY failed for table "t": ERROR:  invalid byte sequence for encoding "UTF8": …'],
])('%s is told without rows, statements and passwords', (_what, lines, shown) => {
  expect(said(...lines)).toBe(shown);
  expect(said(...lines)).not.toContain(IBAN);
});

test.each([
  'connection to server at "db" (10.0.0.1), port 5432 failed: FATAL:  no pg_hba.conf entry for host "10.0.0.9", user "backup", database "app", no encryption',
  'pg_restore: error: could not execute query: ERROR:  unrecognized configuration parameter "transaction_timeout"',
  'psql:<stdin>:1: ERROR:  permission denied to grant role "owner"',
  'psql:<stdin>:1: ERROR:  column "x" of relation "t" does not exist',
  'psql:<stdin>:1: ERROR:  extension "hstore" is not available',
])('names stay: %s', line => {
  expect(withoutValues(line)).toBe(line);
});

test('a statement of a megabyte hides no error that comes before or after it', () => {
  const text = said('pg_restore: error: could not execute query: ERROR:  one', `Command was: ${'x'.repeat(1e5)}\n${`${'y'.repeat(99)}\n`.repeat(1e4)}`, 'pg_restore: error: two');
  expect(text).toBe('pg_restore: error: could not execute query: ERROR:  one\npg_restore: error: two');
});

test('what a query of an assertion answers is shown if it is a truth or a number, and not if it may be of a row', () => {
  expect(['f', 'false', 0, '12', null].map(shownAnswer)).toEqual(['"f"', '"false"', '0', '"12"', 'nothing']);
  expect(shownAnswer(IBAN)).toBe('a text of 22 characters, which is not shown since it may be of a row');
});
