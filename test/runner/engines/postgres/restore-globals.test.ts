import { parseGlobals, roleDifferences } from '../../../../src/runner/engines/postgres/restore-globals';
import { membershipStatement } from '../../../../src/runner/engines/postgres/restore-roles';

const SCRIPT = `--
-- PostgreSQL database cluster dump
--

\\restrict abc
SET default_transaction_read_only = off;

CREATE ROLE app;
ALTER ROLE app WITH NOSUPERUSER INHERIT NOCREATEROLE NOCREATEDB LOGIN NOREPLICATION NOBYPASSRLS CONNECTION LIMIT 7 PASSWORD 'SCRAM-SHA-256$4096:a;b' VALID UNTIL '2030-01-01 00:00:00+00';
COMMENT ON ROLE app IS 'first line;
\\! touch /tmp/x
it''s the "last"';
CREATE ROLE "Odd "";"" role";
ALTER ROLE "Odd "";"" role" WITH SUPERUSER NOINHERIT;
ALTER ROLE app SET search_path TO 'a', 'b';
GRANT "Odd "";"" role" TO app WITH ADMIN OPTION, INHERIT TRUE GRANTED BY postgres;
GRANT pg_monitor TO app;
CREATE TABLESPACE fast OWNER postgres LOCATION '/fast';
\\unrestrict abc
-- PostgreSQL database cluster dump complete
`;

test('reads the roles out of the script, and nothing else', () => {
  const { roles, memberships } = parseGlobals(SCRIPT);
  expect(roles.map(({ name, attributes, statements }) => [name, attributes, statements.length])).toEqual([
    ['app', ['INHERIT', 'LOGIN'], 4],
    ['Odd ";" role', ['SUPERUSER'], 2],
  ]);
  expect(roles[0]!.statements[2]).toContain('\\! touch /tmp/x\nit\'\'s');
  expect(memberships).toEqual([
    { role: 'Odd ";" role', member: 'app', admin: true, inherit: true, set: true },
    { role: 'pg_monitor', member: 'app', admin: false, inherit: null, set: null },
  ]);
});

test('does not say of a role what is so anyway, which only superusers may say', () => {
  const { roles } = parseGlobals(SCRIPT);
  expect(roles[0]!.statements[1]).toMatch(/^ALTER ROLE app WITH INHERIT LOGIN CONNECTION LIMIT 7 PASSWORD 'SCRAM/);
});

test.each([
  ['WITH INHERIT FALSE, SET FALSE', 'grant "a" to "b" with admin false, inherit false, set false;', null],
  ['WITH ADMIN OPTION, INHERIT TRUE, SET FALSE', 'grant "a" to "b" with admin true, inherit true, set false;', null],
  ['WITH INHERIT TRUE', 'grant "a" to "b" with admin false, inherit true, set true;', 'grant "a" to "b";'],
  ['WITH ADMIN OPTION', 'grant "a" to "b" with admin true;', 'grant "a" to "b" with admin option;'],
  ['', 'grant "a" to "b" with admin false;', 'grant "a" to "b";'],
])('a membership "%s" comes back with these options, and where a server can not limit it so it does not come back', (options, since16, before) => {
  const { memberships: [grant] } = parseGlobals(`GRANT a TO b ${options} GRANTED BY "x SET FALSE";`.replace('b  G', 'b G'));
  expect([membershipStatement(grant!, 17), membershipStatement(grant!, 15)]).toEqual([since16, before]);
});

test('a membership that two have granted has what either gives', () => {
  const script = 'GRANT a TO b WITH INHERIT FALSE, SET FALSE GRANTED BY x;\nGRANT a TO b WITH ADMIN OPTION, INHERIT TRUE, SET FALSE GRANTED BY y;';
  expect(parseGlobals(script).memberships).toEqual([{ role: 'a', member: 'b', admin: true, inherit: true, set: false }]);
});

test('says how roles that exist differ', () => {
  const existing = [{ name: 'app', member: true, granted: true, attributes: ['INHERIT', 'LOGIN', 'SUPERUSER'] }, { name: 'Odd ";" role', member: true, granted: true, attributes: [] }];
  expect(roleDifferences(parseGlobals(SCRIPT), existing)).toEqual([
    'the role app is left as it is, although it differs from the backup\'s: it has SUPERUSER now',
    'the role Odd ";" role is left as it is, although it differs from the backup\'s: it had SUPERUSER then',
  ]);
});
