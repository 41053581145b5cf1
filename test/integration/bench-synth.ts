/*
 * What `app.synth()` takes with this library, in relation to plain cdk8s: with the same objects, and with as many small CronJobs of cdk8s-plus.
 */
import { rmSync } from 'node:fs';
import { ApiObject, ApiObjectProps, App, Chart, Cron } from 'cdk8s';
import * as kplus from 'cdk8s-plus-28';
import { tempDir } from './servers/_process';
import { BackupAlertRules, BackupCronJob, RestoreJob } from '../../src';
import { renderTable } from '../../src/runner/core/table';
import { props } from '../synth';

interface BenchedApp {
  readonly name: string;
  /** Defines what one backup and its restore are. */
  readonly define: (chart: Chart, i: number) => unknown;
  /** Defines what there is once for all of them. */
  readonly finish?: (chart: Chart, defined: any[]) => void;
}

const SIZES = [100, 1000];

/** What each backup and its restore are in the manifests. */
const SAME: readonly (readonly ApiObjectProps[])[] = (() => {
  const chart = new Chart(new App(), 'chart', { namespace: 'shop' });
  defineOurs(chart, 0);
  const text = JSON.stringify(chart.toJson());
  return Array.from({ length: Math.max(...SIZES) }, (_, i) => JSON.parse(text.replace(/\b(backup|restore)-0\b/g, `$1-${i}`)));
})();

const APPS: readonly BenchedApp[] = [
  {
    name: 'the same objects, without this library',
    define: (chart, i) => SAME[i]!.forEach((object, k) => new ApiObject(chart, `${i}-${k}`, object)),
  },
  {
    name: 'two CronJobs of cdk8s-plus',
    define: (chart, i) => ['backup', 'restore'].forEach(what => new kplus.CronJob(chart, `${what}-${i}`, {
      metadata: { name: `${what}-${i}` }, schedule: Cron.daily(), containers: [{ image: 'runner' }],
    })),
  },
  {
    name: 'BackupCronJob and RestoreJob',
    define: defineOurs,
  },
  {
    name: 'the same, with BackupAlertRules',
    define: defineOurs,
    finish: (chart, backups) => {
      new BackupAlertRules(chart, 'alerts', { backups, ruleLabels: { release: 'prometheus' }, dashboardConfigMap: false });
    },
  },
];

function defineOurs(chart: Chart, i: number): BackupCronJob {
  const backup = new BackupCronJob(chart, `backup-${i}`, props({ backupName: `backup-${i}` }));
  new RestoreJob(chart, `restore-${i}`, { backup });
  return backup;
}

interface Sample {
  readonly seconds: number;
  readonly objects: number;
}

/** Prints the table: each round makes all apps in turn, and the median of the rounds counts. */
export function compareSynth(rounds: number): void {
  for (const app of APPS) measure(app, 10); // what is loaded and compiled first is no matter of size
  const lines = SIZES.flatMap(backups => {
    const samples = APPS.map((): Sample[] => []);
    for (let round = 0; round < rounds; round++) APPS.forEach((app, i) => samples[i]!.push(measure(app, backups)));
    const medians = samples.map(each => each.sort((a, b) => a.seconds - b.seconds)[Math.floor(rounds / 2)]!);
    return medians.map(({ seconds, objects }, i) => [
      String(backups), APPS[i]!.name, String(objects),
      seconds.toFixed(2), (seconds / medians[0]!.seconds).toFixed(2), (seconds / objects * 1000).toFixed(2),
    ]);
  });
  console.log(renderTable(['BACKUPS', 'EACH OF', 'OBJECTS', 'SECONDS', 'RATIO', 'ms/OBJECT'], lines));
}

/** From an empty app to the files. */
function measure({ define, finish }: BenchedApp, backups: number): Sample {
  const outdir = tempDir('bench-synth');
  try {
    const started = performance.now();
    const app = new App({ outdir });
    const chart = new Chart(app, 'chart', { namespace: 'shop' });
    const defined = Array.from({ length: backups }, (_, i) => define(chart, i));
    finish?.(chart, defined);
    app.synth();
    const seconds = (performance.now() - started) / 1000;
    return { seconds, objects: chart.toJson().length };
  } finally {
    rmSync(outdir, { recursive: true });
  }
}
