import { CONFIG_ENV, RestoreConfig } from '../../../src/contract/config';
import { parseConfig } from '../../../src/runner/config/config';
import { targetOf } from '../../../src/runner/config/engines/table';
import { loadBackupConfig, loadRestoreConfig } from '../../../src/runner/config/load';
import { aConfig, aPostgresSource } from '../_fixtures';

const postgres = aPostgresSource({ passwordEnv: 'POSTGRES_PASSWORD' });
const env = (config: unknown) => ({ [CONFIG_ENV]: JSON.stringify(config) });

function aRestore(changes: Partial<RestoreConfig> = {}): RestoreConfig {
  const { version, name, stores, activeDeadlineSeconds: deadlineSeconds, scratch } = aConfig();
  return { version, kind: 'restore', name, stores, activeDeadlineSeconds: deadlineSeconds, scratch, target: targetOf(postgres), backup: 'latest', notAfter: null, store: null, workloads: [], healthUrl: null, decryption: null, encryption: null, ...changes };
}

test.each([postgres, aConfig().source, { engine: 'redis', host: 'r', port: 6379, user: null, passwordEnv: null, tls: null } as const])(
  'the config of a backup gives one that restores to where it comes from: %p', async source => {
    const config = await loadRestoreConfig({ set: [] }, env(aConfig({ source })));
    expect(config).toMatchObject({ kind: 'restore', name: 'app', backup: 'latest', target: targetOf(source), stores: aConfig().stores });
    expect(parseConfig(JSON.stringify(config))).toEqual(config);
  });

test('values of the target can be changed', async () => {
  expect((await loadRestoreConfig({ set: ['target.host=localhost'] }, env(aConfig({ source: postgres })))).target).toMatchObject({ host: 'localhost' });
  expect((await loadRestoreConfig({ set: ['target.host=localhost', 'backup=app_20261122_020000'] }, env(aRestore())))).toMatchObject({ backup: 'app_20261122_020000' });
});

test('a backup of all databases restores one that is named', async () => {
  const all = env(aConfig({ source: { ...postgres, databaseName: null } }));
  await expect(loadRestoreConfig({ set: [] }, all)).rejects.toThrow('target.databaseName: must name one database: --set target.databaseName=NAME');
  expect((await loadRestoreConfig({ set: ['target.databaseName=shop'] }, all)).target).toMatchObject({ databaseName: 'shop' });
});

test('the config of a restore takes no backup', async () => {
  await expect(loadBackupConfig({ set: [] }, env(aRestore()))).rejects.toThrow('this is the config of a restore of app, and takes no backup');
});

const target = targetOf(postgres);
test.each<[string, object, string]>([
  ['a new database without a name', { ...target, mode: 'new-database' }, 'target.newName: must be given'],
  ['a name that nothing is made under', { ...target, newName: 'x' }, 'target.newName: must be given with the mode new-database'],
  ['a new database with the name of the live one', { ...target, mode: 'new-database', newName: 'shop' }, 'another name'],
  ['jobs in one transaction', { ...target, mode: 'in-place', parallelJobs: 2 }, 'target.parallelJobs: must be 1'],
  ['jobs in a single transaction', { ...target, singleTransaction: true, parallelJobs: 2 }, 'target.parallelJobs: must be 1 in a single transaction'],
])('fails on %s', (_case, wrong, message) => {
  expect(() => parseConfig(JSON.stringify({ ...aRestore(), target: wrong }))).toThrow(message);
});
