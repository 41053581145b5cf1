import { version } from '../../../package.json';
import { checkHost } from '../../../src/constructs/core/check';
import { renderConfig, unescapeEnvValue } from '../../../src/contract/config';
import { ExitCode } from '../../../src/contract/exit-code';
import { parseConfig } from '../../../src/runner/config/config';
import { RunnerError } from '../../../src/runner/core/errors';
import { aConfig } from '../_fixtures';

test('reads what the constructs render, after Kubernetes undid the doubling of $', () => {
  const config = aConfig({ source: { engine: 'sqlite', path: '/data/$(HOME)/$$.db', lockTimeoutSeconds: 1 } });

  expect(renderConfig(config)).toContain('/data/$$(HOME)/$$$$.db');
  expect(parseConfig(unescapeEnvValue(renderConfig(config)))).toEqual(config);
});

test.each<[string, unknown, string]>([
  [
    'the version of a later release', { ...aConfig(), version: 2 },
    `has version 2, this runner of cdk8s-backup ${version} reads version 1: the library that wrote it is newer than the image; use the image of its release, cdk8s-backup-runner:RELEASE`,
  ],
  [
    'the version of an earlier release', { ...aConfig(), version: 0 },
    `has version 0, this runner of cdk8s-backup ${version} reads version 1: the library that wrote it is older than the image; use the image of its release`,
  ],
  ['the fields of another release', { ...aConfig(), colour: 'red' }, `this is the runner of cdk8s-backup ${version}: if another release wrote the manifest, use its image`],
  ['no object', [], 'has version undefined'],
  ['a field that is missing', { ...aConfig(), name: undefined }, 'name: '],
  ['a field that nobody knows', { ...aConfig(), colour: 'red' }, 'colour'],
  ['a name with a dot', aConfig({ name: 'a.b' }), 'name: must be 1 to 63 letters'],
  ['no store', aConfig({ stores: [] }), 'stores: '],
  ['two stores of one name', aConfig({ stores: [...aConfig().stores, ...aConfig().stores] }), 'stores: must have different names'],
  ['a relative directory', aConfig({ stores: [{ type: 'folder', name: 'v', directory: 'backups', folder: null }] }), 'stores.0.directory: must be an absolute path'],
  ['gzip 12', aConfig({ compression: { algorithm: 'gzip', level: 12 } }), 'compression.level: must be 1 to 9 for gzip'],
  ['no recipient', aConfig({ encryption: { recipients: [] } }), 'encryption.recipients'],
  ['a post-quantum recipient', aConfig({ encryption: { recipients: ['age1pq1qqqq'] } }), 'encryption.recipients.0: must be an X25519 recipient'],
  ['Secrets in the clear', aConfig({
    source: { engine: 'kubernetes', namespace: 'shop', secretNames: [], configMapNames: [], labelSelector: null },
  }), 'encryption: must be given for Secrets'],
  ['an unknown engine', { ...aConfig(), source: { engine: 'mysql' } }, 'source.engine'],
])('fails on %s', (_case, config, message) => {
  const parse = () => parseConfig(JSON.stringify(config));
  expect(parse).toThrow(RunnerError);
  expect(parse).toThrow(message);
  expect(parse).toThrow(expect.objectContaining({ exitCode: ExitCode.BAD_CONFIG }));
});

test('fails on what is not JSON', () => {
  expect(() => parseConfig('nope')).toThrow('the config is not JSON');
});

test('an IPv6 address may have the brackets that it has in a URL', () => {
  const redis = { engine: 'redis', host: '[::1]', port: 6379, user: null, passwordEnv: null, tls: null } as const;
  expect(parseConfig(JSON.stringify(aConfig({ source: redis })))).toMatchObject({ source: { host: '::1' } });
  expect(checkHost('[fd00::1]')).toBe('fd00::1');
});
