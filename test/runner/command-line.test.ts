import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Readable } from 'node:stream';
import { Yaml } from 'cdk8s';
import { parse } from 'yaml';
import { aConfig, capture } from './_fixtures';
import { BackupCronJob, RestoreJob } from '../../src';
import { CONFIG_ENV } from '../../src/contract/config';
import { run } from '../../src/runner/cli';
import { newChart, objectsOf, props } from '../synth';

const chart = newChart();
const backup = new BackupCronJob(chart, 'db-backup', props());
new RestoreJob(chart, 'db-restore', { backup });
const yaml = objectsOf(chart).map(object => Yaml.stringify(object)).join('---\n');
const directory = mkdtempSync(path.join(tmpdir(), 'command-line-'));
const manifest = path.join(directory, 'shop.k8s.yaml');
writeFileSync(manifest, yaml);

/** What a command line comes to whose config names stores that are not there. */
async function typed(args: readonly string[], env: NodeJS.ProcessEnv = {}, input = '') {
  const [stdout, stderr] = [capture(), capture()];
  const code = await run(args, { env, stdin: Readable.from([input]), stdout, stderr, signal: new AbortController().signal });
  return { code, stdout: stdout.text(), stderr: stderr.text() };
}

describe('a manifest and a job', () => {
  const env = { CDK8S_BACKUP_MANIFEST: manifest, CDK8S_BACKUP_JOB: 'db-restore' };
  const nameOf = (said: { stdout: string }) => parse(said.stdout)?.metadata.labels['app.kubernetes.io/instance'];

  test('that are not typed are those of the environment', async () => {
    expect(nameOf(await typed(['restore-manifest'], env))).toBe('db-restore');
    expect(await typed(['restore-manifest'])).toMatchObject({ code: 2, stderr: expect.stringContaining('give --manifest FILE, or set CDK8S_BACKUP_MANIFEST') });
  });

  test('that are typed come first', async () => {
    expect(nameOf(await typed(['restore-manifest', '--manifest', manifest, '--job', 'db-restore'], { CDK8S_BACKUP_MANIFEST: '/nowhere', CDK8S_BACKUP_JOB: 'none' }))).toBe('db-restore');
    expect((await typed(['restore-manifest', '--manifest', manifest], { CDK8S_BACKUP_JOB: 'none' })).stderr).toContain('has no job none');
  });

  test('of the environment are not looked at in a pod, or where a config is typed', async () => {
    const config = JSON.stringify(aConfig({ stores: [{ type: 'folder', name: 'a', directory, folder: null }] }));
    const file = path.join(directory, 'config.json');
    writeFileSync(file, config);
    expect(await typed(['list'], { CDK8S_BACKUP_MANIFEST: '/nowhere', [CONFIG_ENV]: config })).toMatchObject({ code: 0, stdout: 'No backup of app.\n' });
    expect(await typed(['list', '--config', file], { CDK8S_BACKUP_MANIFEST: '/nowhere' })).toMatchObject({ code: 0, stdout: 'No backup of app.\n' });
  });

  test('of the environment are not repeated in hints', async () => {
    const at = (...args: string[]) => typed(['restore-manifest', '--backup', 'none', ...args, '--log-format', 'text'], env);
    expect((await at()).stderr).toContain('"cdk8s-backup list" shows them');
    expect((await at('--job', 'db-restore')).stderr).toContain('"cdk8s-backup list --job db-restore" shows them');
  });

  test('may be piped in', async () => {
    expect(nameOf(await typed(['restore-manifest', '--manifest', '-', '--job', 'db-restore'], {}, yaml))).toBe('db-restore');
    expect(await typed(['list', '--manifest', '-', '--job', 'none'], {}, yaml)).toMatchObject({ code: 2, stderr: expect.stringContaining('standard input has no job none; it has db-backup, db-restore') });
  });
});

test('a log in text says at its end whether a retry helps', async () => {
  const config = aConfig({
    source: { engine: 'sqlite', path: path.join(directory, 'app.db'), lockTimeoutSeconds: 1 }, stores: [{ type: 'folder', name: 'a', directory, folder: null }],
  });
  const template = { spec: { containers: [{ env: [{ name: CONFIG_ENV, value: JSON.stringify(config) }] }] } };
  const jobs = Yaml.stringify({ kind: 'Job', metadata: { name: 'b' }, spec: { template } });
  expect(await typed(['rollback', '--manifest', '-', '--log-format', 'text'], {}, jobs)).toMatchObject({
    code: 15, stderr: expect.stringMatching(/^\d\d:\d\d:\d\d UTC {2}Error: .*no restore has kept anything here\. Nothing was changed \(exit code 15, a retry does not help\)\n$/),
  });
});

test('a format that is none is refused', async () => {
  expect(await typed(['list', '--log-format', 'xml'])).toMatchObject({ code: 2, stderr: expect.stringContaining('Allowed choices are auto, text, json') });
});
