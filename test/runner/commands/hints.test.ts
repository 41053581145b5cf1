import { PassThrough } from 'node:stream';
import { withTypedFlags, writing } from '../../../src/runner/commands/hints';
import { capture } from '../_fixtures';

const OF_ALL = ['--manifest <file>', '--job <name>', '--set <path=value>'];
const OF_MOST = [...OF_ALL, '--config <file>'];
const commands = new Map<string, readonly string[]>([
  ...['list', 'verify', 'doctor'].map(name => [name, [...OF_MOST, '--name <backup>']] as const),
  ...['restore', 'rollback', 'lifecycle diff'].map(name => [name, OF_MOST] as const),
  ['restore-manifest', [...OF_ALL, '--name <name>']] as const,
]);
const typed = {
  command: 'restore',
  flags: [['--manifest <file>', 'dist/app.k8s.yaml'], ['--job <name>', 'db-restore'], ['--set <path=value>', 'target.host=local host'], ['--set <path=value>', 'stores.s3.prefix=a']],
} as const;
const all = '--manifest dist/app.k8s.yaml --job db-restore --set \'target.host=local host\' --set stores.s3.prefix=a';

test.each([
  ['"cdk8s-backup rollback" brings it back', `"cdk8s-backup rollback ${all}" brings it back`],
  ['run cdk8s-backup restore app_1', `run cdk8s-backup restore ${all} app_1`],
  // Its config is that of a backup, where a backup's job was named, and has no target.
  ['another: cdk8s-backup list', 'another: cdk8s-backup list --manifest dist/app.k8s.yaml --job db-restore --set stores.s3.prefix=a'],
  ['cdk8s-backup lifecycle diff', 'cdk8s-backup lifecycle diff --manifest dist/app.k8s.yaml --job db-restore --set stores.s3.prefix=a'],
  ['"cdk8s-backup doctor --manifest FILE --job db-backup"', '"cdk8s-backup doctor --manifest FILE --job db-backup"'],
  ['see "cdk8s-backup restore --help"', 'see "cdk8s-backup restore --help"'],
  ['cdk8s-backup listens, and cdk8s-backup restore-me', 'cdk8s-backup listens, and cdk8s-backup restore-me'],
])('%s', (text, hint) => {
  expect(withTypedFlags(text, typed, commands)).toBe(hint);
});

test.each([
  ['cdk8s-backup list', 'cdk8s-backup list --config exporter.json --name app'],
  ['cdk8s-backup restore app_1', 'cdk8s-backup restore --config exporter.json app_1'],
  // Its --name is that of a Job, and it takes no --config.
  ['cdk8s-backup restore-manifest --backup app_1', 'cdk8s-backup restore-manifest --backup app_1'],
])('of several backups the one that was named, where a command looks at one: %s', (text, hint) => {
  expect(withTypedFlags(text, { command: 'show', flags: [['--config <file>', 'exporter.json'], ['--name <backup>', 'app']] }, commands)).toBe(hint);
});

test('where nothing was typed a hint is as it is', () => {
  expect(withTypedFlags('cdk8s-backup list', { command: 'restore', flags: [] }, commands)).toBe('cdk8s-backup list');
});

test('what a shell reads apart is quoted', () => {
  expect(withTypedFlags('cdk8s-backup list', { command: 'list', flags: [['--set <path=value>', 'a=it\'s $HOME']] }, commands)).toBe('cdk8s-backup list --set \'a=it\'\\\'\'s $HOME\'');
});

test('a stream that changes what is written is otherwise the same stream', () => {
  const stream = Object.assign(capture(), { isTTY: true });
  const through = writing(stream, text => text.toUpperCase());
  through.write('abc');
  through.write(Buffer.from('d'));
  expect(stream.text()).toBe('ABCd');
  expect(through.isTTY).toBe(true);
  expect(through).toBeInstanceOf(PassThrough);
  const piped = capture();
  through.pipe(piped);
  expect(through.listenerCount('data')).toBe(stream.listenerCount('data'));
});
