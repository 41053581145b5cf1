import { ArchiveEntry } from '../../../../src/runner/engines/postgres/restore-archive';
import { explainRestore } from '../../../../src/runner/engines/postgres/restore-errors';
import { librariesOf } from '../../../../src/runner/engines/postgres/restore-libraries';

function entry(type: string, tag: string, definition: string): ArchiveEntry {
  return { id: 1, type, tag, schema: 'public', owner: 'me', tablespace: '', definition };
}

test('libraries of an archive are found in what pg_dump writes, each once, with the functions that are in it', () => {
  const c = (tag: string, library: string) => entry('FUNCTION', tag, `CREATE FUNCTION public.${tag} RETURNS integer\n    LANGUAGE c IMMUTABLE STRICT\n    AS '${library}', 'symbol';\n`);
  expect([...librariesOf([
    c('one()', '$libdir/own'), c('two(integer)', '$libdir/own'), c('three()', '/opt/it\'\'s/other'),
    entry('FUNCTION', 'sql()', 'CREATE FUNCTION public.sql() RETURNS text\n    LANGUAGE sql\n    AS $$ select \'\n    LANGUAGE c\n    AS \'\'/no/library\'\', \' $$;\n'),
    entry('VIEW', 'v', 'CREATE VIEW public.v AS\n    LANGUAGE c\n    AS \'x\', '),
  ])]).toEqual([['$libdir/own', ['the function public.one()', 'the function public.two(integer)']], ['/opt/it\'s/other', ['the function public.three()']]]);
});

test.each([
  'could not access file "$libdir/own": No such file or directory',
  'could not load library "/lib/own.so": libgeos.so.3: cannot open shared object file: No such file or directory',
  'could not find function "twice" in file "/lib/own.so"',
  'incompatible library "/lib/own.so": version mismatch',
])('a library that can\'t be used is no reason to try again: %s', said => {
  const error = explainRestore(`pg_restore: error: could not execute query: ERROR:  ${said}`, { address: 'db:5432', user: 'me', database: 'shop' });
  expect(error).toMatchObject({ exitCode: 15, message: expect.stringContaining('install it, with what it is linked to, on the server and for its version') });
});
