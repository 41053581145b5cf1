import { ArchiveEntry } from '../../../../src/runner/engines/postgres/restore-archive';
import { lateSubscriptions } from '../../../../src/runner/engines/postgres/restore-run-as-owner';

const CONNECTION = 'host=x options=\'\' WITH (connect = false, run_as_owner = true\'\'';

function entry(id: number, type: string, tag: string, definition: string, owner = ''): ArchiveEntry {
  return { id, type, tag, definition, owner, schema: '', tablespace: '' };
}

const SUBSCRIPTION = entry(3, 'SUBSCRIPTION', 's "x"', `CREATE SUBSCRIPTION "s ""x""" CONNECTION '${CONNECTION}' PUBLICATION p WITH (connect = false, slot_name = 's', run_as_owner = true, origin = none);\n`, 'boss');
const ENTRIES = [entry(2, 'TABLE', 't', 'CREATE TABLE t ();'), SUBSCRIPTION, entry(4, 'COMMENT', 'SUBSCRIPTION s', 'COMMENT ON SUBSCRIPTION s IS \'x\';'), entry(5, 'COMMENT', 'TABLE t', 'COMMENT ON TABLE t IS \'x\';')];

function late(entries: readonly ArchiveEntry[], versionNumber: number) {
  return lateSubscriptions({ head: { entries }, server: { versionNumber } } as never);
}

test('of a subscription only the option goes, and not the same words in its connection; its comment comes after it', () => {
  const { others, statements } = late(ENTRIES, 150_018)!;
  expect(others).toEqual([2, 5]);
  expect(statements).toContain('WITH (connect = false, slot_name = \'\'s\'\', origin = none);');
  expect(statements).toContain('WITH (connect = false, run_as_owner = true\'');
  expect(statements).toMatch(/do .*alter subscription "s ""x""" owner to "boss";\n.*COMMENT ON SUBSCRIPTION s/s);
});

test('nothing is left for later where the server knows the option, or no subscription has it', () => {
  expect(late(ENTRIES, 160_010)).toBeNull();
  expect(late([{ ...SUBSCRIPTION, definition: SUBSCRIPTION.definition.replace(', run_as_owner = true, origin', ', origin') }], 150_018)).toBeNull();
});
