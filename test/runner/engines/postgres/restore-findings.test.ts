import { PostgresTargetConfig } from '../../../../src/contract/config';
import { targetOf } from '../../../../src/runner/config/engines/table';
import { ArchiveEntry } from '../../../../src/runner/engines/postgres/restore-archive';
import { Facts, findingsOf } from '../../../../src/runner/engines/postgres/restore-findings';
import { aPostgresSource } from '../../_fixtures';

const extension: ArchiveEntry = { id: 1, type: 'EXTENSION', tag: 'timescaledb', schema: '', owner: '', tablespace: '', definition: '' };

const source = aPostgresSource({ user: 'me' });

const DUMPED_AT = { year: 2026, month: 11, day: 22, hour: 2, minute: 0, second: 0 };

function facts(mode: 'swap' | 'in-place', names: readonly string[]): Facts {
  const live = {
    name: 'shop', oid: '1', owner: 'me', tablespace: 'pg_default', owned: true, bytes: 1, open: true, sessions: 0, lasting: [], preparedTransactions: 0, slots: [],
  };
  return {
    config: { ...targetOf(source) as PostgresTargetConfig, mode },
    client: { name: 'pg_restore', file: '/pg_restore', text: '17.12', major: 17 },
    server: { versionNumber: 170_010, version: '17.10', superuser: true, createDb: true, createRole: true, databases: [live], roles: [], tablespaces: [], swaps: [] },
    head: { format: '1.16', database: 'shop', serverVersion: '17.10', dumpVersion: '17.10', compression: { algorithm: 'gzip', level: 0 }, dumpedAt: DUMPED_AT, entries: names.map(tag => ({ ...extension, tag })) },
    globals: null,
    extensions: names.map(name => ({ name, available: true, trusted: false })),
    inScratch: true,
    live,
  };
}

test.each(['swap', 'in-place'] as const)('TimescaleDB is refused by name before anything happens, with what to do by hand: %s', mode => {
  expect(findingsOf(facts(mode, ['hstore', 'timescaledb']))).toEqual([{
    message: expect.stringMatching(/timescaledb.*fetch.*timescaledb_pre_restore\(\).*pg_restore.*timescaledb_post_restore\(\)/),
    exitCode: 12,
  }]);
  expect(findingsOf(facts(mode, ['hstore']))).toEqual([]);
});
