import { parseGlobals, roleDifferences } from '../../../src/runner/restore/postgres-globals';

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
  expect(memberships).toEqual([{ role: 'Odd ";" role', member: 'app', admin: true }, { role: 'pg_monitor', member: 'app', admin: false }]);
});

test('says how roles that exist differ', () => {
  const existing = [{ name: 'app', member: true, attributes: ['INHERIT', 'LOGIN', 'SUPERUSER'] }, { name: 'Odd ";" role', member: true, attributes: [] }];
  expect(roleDifferences(parseGlobals(SCRIPT), existing)).toEqual([
    'the role app is left as it is, although it differs from the backup\'s: it has SUPERUSER now',
    'the role Odd ";" role is left as it is, although it differs from the backup\'s: it had SUPERUSER then',
  ]);
});
