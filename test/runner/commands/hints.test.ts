import { PassThrough } from 'node:stream';
import { withTypedFlags, writing } from '../../../src/runner/commands/hints';
import { capture } from '../_fixtures';

const commands = ['list', 'verify', 'restore', 'restore-manifest', 'rollback', 'lifecycle diff', 'doctor'];
const typed = { command: 'restore', flags: [['--manifest', 'dist/app.k8s.yaml'], ['--job', 'db-restore'], ['--set', 'target.host=local host'], ['--set', 'stores.s3.prefix=a']] } as const;
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

test('where nothing was typed a hint is as it is', () => {
  expect(withTypedFlags('cdk8s-backup list', { command: 'restore', flags: [] }, commands)).toBe('cdk8s-backup list');
});

test('what a shell reads apart is quoted', () => {
  expect(withTypedFlags('cdk8s-backup list', { command: 'list', flags: [['--set', 'a=it\'s $HOME']] }, commands)).toBe('cdk8s-backup list --set \'a=it\'\\\'\'s $HOME\'');
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
