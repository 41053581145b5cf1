/*
 * What the task "compat" is good for: it compares with the last release, which is not there yet, and so can't fail until then.
 */
import { execFileSync } from 'node:child_process';
import { cpSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { tempDir } from '../integration/servers/_process';
import { ROOT } from '../pages';

const [step] = JSON.parse(readFileSync(join(ROOT, '.projen', 'tasks.json'), 'utf8')).tasks.compat.steps as { exec: string }[];

/** What the task says of this package after a release that had all that it has, and more. */
function compat(more: (types: any) => void): string {
  const release = tempDir('release');
  cpSync(join(ROOT, 'package.json'), join(release, 'package.json'));
  symlinkSync(join(ROOT, 'node_modules'), join(release, 'node_modules'));
  const assembly = JSON.parse(readFileSync(join(ROOT, '.jsii'), 'utf8'));
  more(assembly.types);
  writeFileSync(join(release, '.jsii'), JSON.stringify(assembly));
  expect(step!.exec).toContain(' npm:cdk8s-backup ');
  const [program, ...args] = step!.exec.replace('npm:cdk8s-backup', release).split(' ');
  try {
    return execFileSync(join(ROOT, 'node_modules', '.bin', program!), args, { cwd: ROOT, encoding: 'utf8', stdio: 'pipe' });
  } catch (error) {
    return `failed: ${(error as { stdout: string; stderr: string }).stdout}${(error as { stderr: string }).stderr}`;
  }
}

test('an API that only grows is compatible', () => {
  expect(compat(types => { delete types['cdk8s-backup.Cpu'].methods; })).not.toMatch(/^failed/);
});

test.each<[string, RegExp, (types: any) => void]>([
  ['a method that is gone', /BackupStore\.gone.*has been removed/, types => types['cdk8s-backup.BackupStore'].methods.push({ name: 'gone', locationInModule: {}, docs: { stability: 'experimental' } })],
  ['a property that is gone', /ClaimStoreOptions\.gone.*has been removed/, types => {
    const { properties } = types['cdk8s-backup.ClaimStoreOptions'];
    properties.push({ ...properties[0], name: 'gone' });
  }],
  ['a property that has become required', /VolumeStoreOptions.*size/, types => {
    types['cdk8s-backup.VolumeStoreOptions'].properties.find(({ name }: { name: string }) => name === 'size').optional = true;
  }],
])('%s fails', (_, message, more) => {
  expect(compat(more)).toMatch(/^failed/);
  expect(compat(more)).toMatch(message);
});
