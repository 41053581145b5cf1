import { ArchiveEntry } from '../../../../src/runner/engines/postgres/restore-archive';
import { losesTablespaces, tablespaceNotes, tablespaceOf } from '../../../../src/runner/engines/postgres/restore-tablespaces';

type Facts = Parameters<typeof tablespaceOf>[0];

const entry: ArchiveEntry = { id: 1, type: 'TABLE', tag: 'users', schema: 'public', owner: '', tablespace: '', definition: '' };
const tablespaces = [{ name: 'pg_default', usable: false }, { name: 'fast', usable: true }, { name: 'theirs', usable: false }];

function facts(mode: Facts['config']['mode'], live: string | null, archived: string, ofTable = ''): Facts {
  return {
    config: { mode, user: 'me' },
    server: { tablespaces },
    head: { entries: [{ ...entry, type: 'DATABASE', tag: 'shop', definition: `CREATE DATABASE shop WITH TEMPLATE = template0 LOCALE = 'C'${archived};\n\n\n` }, { ...entry, tablespace: ofTable }] },
    live: live === null ? undefined : { tablespace: live },
  };
}

test.each<[string, Facts, string | null, number]>([
  ['a swap: that of the live database', facts('swap', 'fast', ' TABLESPACE = gone'), 'fast', 0],
  ['a swap with a live one in the default: none', facts('swap', 'pg_default', ' TABLESPACE = fast'), null, 0],
  ['no live database: that of the archive', facts('swap', null, ' TABLESPACE = fast'), 'fast', 0],
  ['a new database: that of the archive', facts('new-database', 'pg_default', ' TABLESPACE = "fast"'), 'fast', 0],
  ['one that is not on this server: the default, and a note', facts('new-database', null, ' TABLESPACE = "not here"'), null, 1],
  ['one in which the role may not create: the default, and a note', facts('swap', 'theirs', ''), null, 1],
  ['in place: it is there, and no right is needed', facts('in-place', 'theirs', '', 'theirs'), 'theirs', 0],
])('%s', (_case, of, expected, notes) => {
  expect(tablespaceOf(of)).toBe(expected);
  expect(tablespaceNotes(of)).toHaveLength(notes);
  expect(losesTablespaces(of)).toBe(false);
});

test('what can\'t go where it was goes to where the database is, and the plan names the right that is missing', () => {
  const forbidden = facts('swap', 'fast', '', 'theirs');
  expect(losesTablespaces(forbidden)).toBe(true);
  expect(tablespaceNotes(forbidden)).toEqual([expect.stringMatching(/GRANT CREATE ON TABLESPACE "theirs" TO "me".*into the tablespace of the database, fast/)]);
  expect(tablespaceNotes(facts('swap', 'pg_default', '', 'gone'))).toEqual([expect.stringMatching(/no tablespace gone.*pg_default/)]);
  // No right is needed for the tablespace of the database itself.
  expect(losesTablespaces(facts('swap', 'pg_default', '', 'pg_default'))).toBe(false);
});
