import { Said } from '../../../../src/runner/core/said';
import { DumpWarnings } from '../../../../src/runner/engines/postgres/warnings';

const IBAN = 'DE02120300000000202051';

function warningsOf(...lines: readonly string[]): readonly string[] {
  const said = new Said();
  said.add(`${lines.join('\n')}\n`);
  const warnings = new DumpWarnings('pg_dump', 'database shop on db:5432');
  warnings.add(said.text());
  return warnings.all;
}

test('each warning is one sentence with its details, and with what was dumped', () => {
  expect(warningsOf(
    'pg_dump: warning: subscriptions not dumped because current user is not a superuser',
    'pg_dump: warning: there are circular foreign-key constraints on this table:',
    'pg_dump: detail: employees',
    'pg_dump: hint: You might not be able to restore the dump without using --disable-triggers.',
  )).toEqual([
    'pg_dump of database shop on db:5432: subscriptions not dumped because current user is not a superuser',
    'pg_dump of database shop on db:5432: there are circular foreign-key constraints on this table:; employees; '
      + 'You might not be able to restore the dump without using --disable-triggers.',
  ]);
});

test('a program that says nothing, or nothing that is a warning, warns of nothing', () => {
  expect(warningsOf()).toEqual([]);
  expect(warningsOf('pg_dump: last built-in OID is 16383', 'pg_dump: detail: of nothing')).toEqual([]);
});

test('neither values nor statements nor what functions of the database say are in a warning', () => {
  const warnings = warningsOf(
    `NOTICE:  ${IBAN}`, `WARNING:  ${IBAN}`, `DETAIL:  ${IBAN}`,
    `pg_dump: warning: bogus value in the array "${IBAN}"`, `pg_dump: detail: Query was: SELECT ${IBAN}`, `, ${IBAN}`,
  );
  expect(warnings).toEqual(['pg_dump of database shop on db:5432: bogus value in the array "…"']);
});

test('thousands of warnings are a hundred, and how many more', () => {
  const warnings = warningsOf(...Array.from({ length: 500 }, (_, i) => `pg_dump: warning: number ${i}`));
  expect(warnings).toHaveLength(101);
  expect(warnings.at(-1)).toBe('pg_dump of database shop on db:5432: 400 more warnings');
});
