import { readFileSync } from 'node:fs';
import path from 'node:path';
import { Chart, Cron } from 'cdk8s';
import { BackupBucketLifecycle, BackupCronJob, BackupDefaults, RestoreJob } from '../../../src';
import { warningsOf } from '../../../src/constructs/core/warnings';
import { filesIn, SRC } from '../../_imports';
import { newChart, objectsOf, podOf, props } from '../../synth';

const DIGEST = `sha256:${'0123456789abcdef'.repeat(4)}`;

function shop(image?: string): Chart {
  const chart = newChart();
  if (image !== undefined) BackupDefaults.of(chart).set({ image });
  const backup = new BackupCronJob(chart, 'db-backup', props({ verify: { schedule: Cron.weekly() } }));
  new RestoreJob(chart, 'db-restore', { backup });
  BackupBucketLifecycle.forBackups(chart, 'lifecycle', [backup], { applyJob: {} });
  return chart;
}

test.each([
  undefined, 'runner', 'runner:1', 'team/runner:1', 'team/sub.domain/runner', `runner@${DIGEST}`,
])('an image without a registry is told, once for all that a chart has: %s', image => {
  expect(warningsOf(shop(image))).toEqual([expect.stringMatching(/^the image ".*" names no registry, so nodes that don't have it ask Docker Hub: push it/)]);
});

test.each([
  'registry.example.com/runner:1', 'localhost/runner:1', 'localhost:5000/runner', 'registry:5000/team/runner:1', 'docker.io/library/cdk8s-backup-runner:0.1.0',
  `ghcr.io/team/runner:1@${DIGEST}`,
])('an image with one is taken as it is: %s', image => {
  const chart = shop(image);
  expect(warningsOf(chart)).toEqual([]);
  expect(podOf(objectsOf(chart)).containers[0].image).toBe(image);
});

test('the image of a lifecycle Job alone is looked at too', () => {
  const chart = newChart();
  const backup = new BackupCronJob(chart, 'db-backup', props({ image: 'registry.example.com/runner:1' }));
  BackupBucketLifecycle.forBackups(chart, 'lifecycle', [backup], { applyJob: { image: 'runner' } });
  expect(warningsOf(chart)).toEqual([expect.stringContaining('the image "runner" names no registry')]);
});

test('a clone pins nothing: an image that nobody has pushed is named without a registry', () => {
  expect(podOf(objectsOf(shop())).containers[0].image).toBe('cdk8s-backup-runner:0.1.0');
});

test('its name is written in one file, which constructs, runner and workflows read', () => {
  const files = ['constructs', 'contract', 'runner'].flatMap(filesIn).map(file => path.join(SRC, file));
  const naming = [...files, path.join(SRC, '..', '.ci', 'workflows.ts')].filter(file => {
    const code = readFileSync(file, 'utf8').split('\n').filter(line => !/^\s*(\/?\*|\/\/)/.test(line)).join('\n');
    return code.replaceAll('registry.example.com/cdk8s-backup-runner', '').includes('cdk8s-backup-runner');
  });
  expect(naming.map(file => path.relative(SRC, file))).toEqual(['contract/runner-image.ts']);
});
