import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Yaml } from 'cdk8s';
import { parse } from 'yaml';
import { BackupCronJob, RestoreJob, RestoreMode, RestorePoint, RestoreTrigger } from '../../../src';
import { CONFIG_ENV, unescapeEnvValue } from '../../../src/contract/config';
import { run } from '../../../src/runner/cli';
import { RestoreManifestOptions, restoreManifest } from '../../../src/runner/commands/restore-manifest';
import { newChart, objectsOf, props } from '../../synth';
import { capture } from '../_fixtures';

const chart = newChart();
const backup = new BackupCronJob(chart, 'db-backup', props());
new RestoreJob(chart, 'db-restore', {
  backup, restorePoint: RestorePoint.notAfter(new Date('2026-01-01T00:00:00Z')), mode: RestoreMode.postgresSwap({ assertions: ['SELECT \'$x\' = $$1$$'] }),
});
const onApply = new RestoreJob(chart, 'once', { backup, trigger: RestoreTrigger.onApply() });
const objects = objectsOf(chart);
const template = objects.find(({ kind, metadata }) => kind === 'CronJob' && metadata.name === 'db-restore');
const manifest = path.join(mkdtempSync(path.join(tmpdir(), 'manifest-')), 'shop.k8s.yaml');
writeFileSync(manifest, objects.map(object => Yaml.stringify(object)).join('---\n'));

async function jobFor(options: Partial<RestoreManifestOptions> = {}) {
  return parse(await restoreManifest({ manifest, job: 'db-restore', set: [], ...options }, new Date('2026-11-22T03:04:05.678Z')));
}

const configVariable = (job: any) => job.spec.template.spec.containers[0].env.find(({ name }: any) => name === CONFIG_ENV);
const configOf = (job: any) => JSON.parse(unescapeEnvValue(configVariable(job).value));

test('without a choice it is the Job that "kubectl create job --from" makes, but for its owner', async () => {
  const job = await jobFor();
  expect(job).toEqual({
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: {
      name: 'db-restore-20261122-030405',
      namespace: 'shop',
      labels: {
        'component': 'restore',
        'app.kubernetes.io/name': 'cdk8s-backup',
        'app.kubernetes.io/instance': 'db-restore',
        'app.kubernetes.io/component': 'restore',
        'app.kubernetes.io/part-of': 'chart',
        'app.kubernetes.io/managed-by': 'cdk8s',
      },
      annotations: { 'cronjob.kubernetes.io/instantiate': 'manual' },
    },
    spec: template.spec.jobTemplate.spec,
  });
});

test.each<[string, Partial<RestoreManifestOptions>, object]>([
  ['a backup', { backup: 'orders_20261122_020000' }, { backup: 'orders_20261122_020000', notAfter: null }],
  ['a backup, by one of its files', { backup: 'orders_20261122_020000.dump' }, { backup: 'orders_20261122_020000', notAfter: null }],
  ['the latest', { backup: 'latest' }, { backup: 'latest', notAfter: null }],
  ['a time', { at: '2026-11-22T02:00:00+01:00' }, { backup: 'latest', notAfter: '2026-11-22T01:00:00.000Z' }],
  ['nothing', {}, { backup: 'latest', notAfter: '2026-01-01T00:00:00.000Z' }],
  ['another server', { set: ['target.host=replacement'] }, { target: expect.objectContaining({ host: 'replacement' }) }],
])('chooses %s, and nothing else changes', async (_case, options, expected) => {
  const [changed, plain] = [await jobFor(options), await jobFor()];
  expect(configOf(changed)).toEqual({ ...configOf(plain), ...expected });
  configVariable(changed).value = configVariable(plain).value;
  expect(changed).toEqual(plain);
});

test('can be a Job that only tells its plan', async () => {
  const job = await jobFor({ dryRun: true });
  expect(job.spec.template.spec.containers[0].args).toEqual(['restore', '--log-format', 'text', '--dry-run']);
});

test.each<[string, Partial<RestoreManifestOptions>, string[]]>([
  ['goes back', { rollback: 'orders_before_20261122_020000' }, ['rollback', 'orders_before_20261122_020000', '--log-format', 'text']],
  ['tells how it would go back', { rollback: true, dryRun: true }, ['rollback', '--log-format', 'text', '--dry-run']],
  ['removes what is kept', { discard: 'orders_before_20261122_020000' }, ['discard', 'orders_before_20261122_020000', '--log-format', 'text', '--yes']],
  ['tells what it would remove', { discard: 'pg: a, redis: b', dryRun: true }, ['discard', 'pg: a, redis: b', '--log-format', 'text', '--dry-run']],
])('can be a Job that %s, and nothing else changes', async (_case, options, args) => {
  const [changed, plain] = [await jobFor(options), await jobFor()];
  expect(changed.spec.template.spec.containers[0].args).toEqual(args);
  changed.spec.template.spec.containers[0].args = plain.spec.template.spec.containers[0].args;
  expect(changed).toEqual(plain);
});

test('"$" survives Kubernetes', async () => {
  expect(configOf(await jobFor({ backup: 'latest' })).target.assertions).toEqual(['SELECT \'$x\' = $$1$$']);
});

test('takes a Job that runs when it is applied as well', async () => {
  const job = await jobFor({ job: onApply.resourceName, name: 'again' });
  expect(job).toMatchObject({ kind: 'Job', metadata: { name: 'again', labels: { component: 'restore' } }, spec: { backoffLimit: 2 } });
});

test('restores also where the Job that was applied has noted that it has: a person starts this one', async () => {
  expect(onApply._config).toHaveProperty('once');
  expect(configOf(await jobFor({ job: onApply.resourceName, name: 'again' }))).not.toHaveProperty('once');
});

test('is a command', async () => {
  const stdout = capture();
  const code = await run(['restore-manifest', '--manifest', manifest, '--job', 'db-restore', '--backup', 'orders_20261122_020000', '--name', 'emergency-restore'], {
    env: {}, stdin: capture(), stdout, stderr: capture(), signal: new AbortController().signal,
  });
  expect(code).toBe(0);
  expect(parse(stdout.text())).toMatchObject({ metadata: { name: 'emergency-restore' } });
});

test.each<[string, Partial<RestoreManifestOptions>, string]>([
  ['the job of a backup', { job: 'db-backup' }, 'db-backup takes a backup, and a Job made from it would take another one of what is there now'],
  ['a backup of another name', { backup: 'users_20261122_020000' }, '--backup takes a backup of orders, such as orders_20261122_020000, got "users_20261122_020000"'],
  ['a backup that is none', { backup: 'yesterday' }, '--backup takes a backup of orders'],
  ['a time that is none', { at: 'yesterday' }, '--at takes a time such as 2026-11-22T02:00:00Z, got "yesterday"'],
  ['a backup and a time', { backup: 'orders_20261122_020000', at: '2026-11-22T02:00:00Z' }, 'give either --backup or --at'],
  ['a rollback without a name, which would go back twice if it is started again', { rollback: true }, '--rollback needs a name'],
  ['a rollback and a backup', { rollback: 'a', backup: 'latest' }, '--rollback takes what a restore has kept, and no backup'],
  ['a discard and a time', { discard: 'a', at: '2026-11-22T02:00:00Z' }, '--discard takes what a restore has kept, and no backup'],
  ['a rollback and a discard', { rollback: 'a', discard: 'a' }, 'give either --rollback or --discard'],
  ['a name that Kubernetes refuses', { name: 'Emergency_1' }, '--name takes up to 63 lower-case letters'],
  ['a value that does not fit', { set: ['target.parallelJobs=0'] }, 'target.parallelJobs'],
  ['an unknown job', { job: 'x' }, 'has no job x; it has db-backup, db-restore, once-'],
  ['no file', { manifest: '/nowhere.yaml' }, '/nowhere.yaml can\'t be read'],
])('fails on %s', async (_case, options, message) => {
  await expect(jobFor(options)).rejects.toThrow(message);
});
