import { ArchiveHead } from '../../../../src/runner/engines/postgres/restore-archive';
import { archivedConnectionLimit, archivedPropertyStatements, createStatement, propertyStatements } from '../../../../src/runner/engines/postgres/restore-properties';
import { literal } from '../../../../src/runner/engines/postgres/restore-sql';

const entry = { id: 0, schema: '', owner: 'owner', tablespace: '', type: '', tag: '', definition: '' };
const head: ArchiveHead = {
  format: '1.16',
  database: 'shop',
  serverVersion: '17.10',
  dumpVersion: '17.11',
  compression: { algorithm: 'gzip', level: 0 },
  dumpedAt: { year: 2026, month: 11, day: 22, hour: 2, minute: 0, second: 0 },
  entries: [
    { ...entry, type: 'DATABASE', tag: 'shop', definition: 'CREATE DATABASE shop WITH TEMPLATE = template0 ENCODING = \'UTF8\' LOCALE_PROVIDER = icu LOCALE = \'C\' ICU_LOCALE = \'de\'\'x\';\n\n\n' },
    { ...entry, type: 'COMMENT', tag: 'DATABASE shop', definition: 'COMMENT ON DATABASE shop IS \'see ALTER DATABASE shop SET\';\n' },
    { ...entry, type: 'COMMENT', tag: 'TABLE shop', definition: 'COMMENT ON TABLE shop IS \'x\';\n' },
    {
      ...entry,
      type: 'DATABASE PROPERTIES',
      tag: 'shop',
      definition: 'ALTER DATABASE shop CONNECTION LIMIT = 42;\nALTER DATABASE shop SET "TimeZone" TO \'UTC\';\nALTER ROLE app IN DATABASE shop SET work_mem TO \'8MB\';\n',
    },
    { ...entry, type: 'ACL', tag: 'DATABASE shop', definition: 'REVOKE CONNECT,TEMPORARY ON DATABASE shop FROM PUBLIC;\nGRANT CONNECT ON DATABASE shop TO reader;\n' },
  ],
};

test('a database is made with the locale of the archive', () => {
  expect(createStatement('a "b"', head, 'me', 'on "fast" disks')).toBe('create database "a ""b""" with template = template0 ENCODING = \'UTF8\' LOCALE_PROVIDER = icu LOCALE = \'C\' ICU_LOCALE = \'de\'\'x\' owner = "me" tablespace = "on ""fast"" disks";');
});

test('what the archive says of its database is said of another one, and texts stay as they are', () => {
  expect(archivedPropertyStatements('new', head)).toEqual([
    'COMMENT ON DATABASE "new" IS \'see ALTER DATABASE shop SET\';\n',
    'ALTER DATABASE "new" SET "TimeZone" TO \'UTC\';\nALTER ROLE app IN DATABASE "new" SET work_mem TO \'8MB\';\n',
    'REVOKE CONNECT,TEMPORARY ON DATABASE "new" FROM PUBLIC;\nGRANT CONNECT ON DATABASE "new" TO reader;\n',
  ]);
  expect(archivedConnectionLimit(head)).toBe(42);
});

test('lists of names are quoted one by one, everything else as a whole', () => {
  const statements = propertyStatements('d', {
    owner: 'o',
    comment: null,
    connectionLimit: -1,
    template: false,
    grants: null,
    settings: [
      { role: null, name: 'search_path', value: '"$user", public, "a ""b"", c"' },
      { role: null, name: 'search_path', value: '' },
      { role: 'r', name: 'app.x', value: 'a, \'b\\' },
    ],
  });
  expect(statements).toEqual([
    'alter database "d" set "search_path" to \'$user\', \'public\', \'a "b", c\';',
    'alter database "d" set "search_path" to \'\';',
    'alter role "r" in database "d" set "app.x" to E\'a, \'\'b\\\\\';',
  ]);
});

test('rights that somebody else than the owner has given are given in their name', () => {
  const grants = [
    { grantor: 'o', grantee: null, privilege: 'CONNECT', grantable: false },
    { grantor: 'r', grantee: 's', privilege: 'CONNECT', grantable: true },
  ];
  expect(propertyStatements('d', { owner: 'o', comment: null, connectionLimit: -1, template: false, grants, settings: [] }).slice(2)).toEqual([
    'grant CONNECT on database "d" to public;', 'set role "r";', 'grant CONNECT on database "d" to "s" with grant option;', 'reset role;',
  ]);
});

test('a text can\'t end its literal', () => {
  expect(literal('it\'s')).toBe('\'it\'\'s\'');
  expect(literal('\\\'; drop')).toBe('E\'\\\\\'\'; drop\'');
});
