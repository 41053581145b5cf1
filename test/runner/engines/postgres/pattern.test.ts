import { filterCondition, parsePattern } from '../../../../src/runner/engines/postgres/pattern';

const ALL = { includeSchemas: [], excludeSchemas: [], includeTables: [], excludeTables: [] };

test.each([
  ['users', null, '^(users)$'],
  ['Users', null, '^(users)$'],
  ['"Users"', null, '^(Users)$'],
  ['shop.users', '^(shop)$', '^(users)$'],
  ['shop.*', '^(shop)$', '^(.*)$'],
  ['log_202?', null, '^(log_202.)$'],
  ['log_[0-9]', null, '^(log_[0-9])$'],
  ['"a.b"."c*d"', '^(a\\.b)$', '^(c\\*d)$'],
  ['"say ""hi"""', null, '^(say "hi")$'],
  ['pri$e', null, '^(pri\\$e)$'],
  ['app.shop.users', '^(shop)$', '^(users)$'],
])('pattern %s', (pattern, schema, name) => {
  expect(parsePattern(pattern)).toEqual({ schema, name });
});

test('filters for tables make those for schemas meaningless, as in pg_dump', () => {
  expect(filterCondition(ALL)).toBe('true');
  expect(filterCondition({ ...ALL, includeSchemas: ['a', 'b'], excludeSchemas: ['c'] }))
    .toBe('(n.nspname ~ E\'^(a)$\' or n.nspname ~ E\'^(b)$\') and not (n.nspname ~ E\'^(c)$\')');
  expect(filterCondition({ ...ALL, includeSchemas: ['a'], excludeSchemas: ['b'], includeTables: ['c'], excludeTables: ['d.e'] }))
    .toBe('((c.relname ~ E\'^(c)$\' and pg_table_is_visible(c.oid))) and not ((c.relname ~ E\'^(e)$\' and n.nspname ~ E\'^(d)$\'))');
});

test('a pattern can\'t leave its place in the SQL', () => {
  expect(filterCondition({ ...ALL, includeSchemas: ['\'; drop table x; --'] })).toBe('(n.nspname ~ E\'^(\\\'; drop table x; --)$\')');
  expect(filterCondition({ ...ALL, includeSchemas: ['\\\''] })).toBe('(n.nspname ~ E\'^(\\\\\\\')$\')');
});
