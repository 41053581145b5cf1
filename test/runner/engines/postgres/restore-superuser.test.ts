import { ArchiveEntry } from '../../../../src/runner/engines/postgres/restore-archive';
import { actsAsSuperuser, superusersOnly } from '../../../../src/runner/engines/postgres/restore-superuser';

const nobody = { superuser: false, roles: [] };

test.each<[Partial<ArchiveEntry>, string | null]>([
  [{ type: 'EVENT TRIGGER', tag: 'audit' }, 'event trigger audit'],
  [{ type: 'FOREIGN DATA WRAPPER', tag: 'own' }, 'foreign data wrapper own'],
  [{ type: 'PUBLICATION', tag: 'all', definition: 'CREATE PUBLICATION "all" FOR ALL TABLES WITH (publish = \'insert\');' }, 'publication all'],
  [{ type: 'PUBLICATION', tag: 'some', definition: 'CREATE PUBLICATION some WITH (publish = \'insert\');' }, null],
  [{ type: 'PUBLICATION TABLES IN SCHEMA', tag: 'some public' }, 'publication tables in schema some public'],
  [{ type: 'SUBSCRIPTION', tag: 'from_there' }, 'subscription from_there'],
  [{ type: 'PROCEDURAL LANGUAGE', tag: 'plx' }, 'procedural language plx'],
  [{ type: 'FUNCTION', schema: 'public', tag: 'f()', definition: 'CREATE FUNCTION public.f() RETURNS integer\n    LANGUAGE plpython3u\n    AS $$ 1 $$;' }, 'function public.f() in the language plpython3u'],
  [{ type: 'FUNCTION', schema: 'public', tag: 'g()', definition: 'CREATE FUNCTION public.g() RETURNS text\n    LANGUAGE sql\n    AS $$select \'\n    LANGUAGE c\'$$;' }, null],
  [{ type: 'FUNCTION', schema: 'public', tag: 'h()', definition: 'CREATE FUNCTION public.h() RETURNS integer\n    BEGIN ATOMIC\n SELECT 1;\nEND;' }, null],
  [{ type: 'TYPE', schema: 'public', tag: 'base', definition: 'CREATE TYPE public.base (\n    INTERNALLENGTH = 8,\n    INPUT = public.base_in,\n' }, 'type public.base'],
  [{ type: 'TYPE', schema: 'public', tag: 'mood', definition: 'CREATE TYPE public.mood AS ENUM (\n    \'sad\'\n);' }, null],
  [{ type: 'TABLE', schema: 'public', tag: 'users' }, null],
])('%j: %p', (changes, expected) => {
  const entry: ArchiveEntry = { id: 1, type: '', tag: '', schema: '', owner: '', tablespace: '', definition: '', ...changes };
  expect(superusersOnly([entry], nobody)).toEqual(expected === null ? [] : [expected]);
});

test('a role that may subscribe, and the administrators of hosted services', () => {
  const role = (name: string, member: boolean) => ({ name, member, granted: member, attributes: [] });
  const subscription: ArchiveEntry = { id: 1, type: 'SUBSCRIPTION', tag: 's', schema: '', owner: '', tablespace: '', definition: '' };
  expect(superusersOnly([subscription], { roles: [role('pg_create_subscription', true)] })).toEqual([]);
  expect(superusersOnly([subscription], { roles: [role('pg_create_subscription', false)] })).toEqual(['subscription s']);
  expect(actsAsSuperuser({ superuser: false, roles: [role('rds_superuser', true)] })).toBe(true);
  expect(actsAsSuperuser({ superuser: false, roles: [role('rds_superuser', false)] })).toBe(false);
});
