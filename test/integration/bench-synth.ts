/*
 * What defining an app and `app.synth()` take with this library, in relation to cdk8s-plus: with the very same objects, made by hand.
 *
 * On 2026-11-28, time of processors, on 2 cores that others kept busy: 1.23 times as long for 100 backups, 1.20 for 1,000, 1.23 for 10,000; with alerts
 * 2.29, 2.10 and 2.11. The aim is 1.3 and 2.5. Those are the medians of five runs and of three; the worst were 1.25 and 2.71 for 100, 1.31 and 2.10 for 1,000.
 * The 10,000 were measured once, with a heap of 6 GB.
 *
 * By a profile of 10,000, half is cdk8s' YAML and an eighth is rendering, which the plain app takes too. With alerts a backup has 215 KB of tests and 25 KB
 * of rules more, which have to be written: those of the PrometheusRules by cdk8s, the rest from texts that are made once for all backups alike.
 */
import { rmSync } from 'node:fs';
import { ApiObject, ApiObjectProps, App, Chart } from 'cdk8s';
import { definePlain, refuseOthers } from './bench-synth-plain';
import { tempDir } from './servers/_process';
import { BackupAlertRules, BackupCronJob, RestoreJob } from '../../src';
import { renderTable } from '../../src/runner/core/table';
import { props } from '../synth';

interface BenchedApp {
  readonly name: string;
  /** Defines what one backup and its restore are. */
  readonly define: (chart: Chart, i: number, same: readonly ApiObjectProps[]) => unknown;
  /** Defines what there is once for all of them. */
  readonly finish?: (chart: Chart, defined: any[]) => void;
}

/** What each backup and its restore are in the manifests. */
const SAME: readonly ApiObjectProps[] = (() => {
  const chart = new Chart(new App(), 'chart', { namespace: 'shop' });
  defineOurs(chart, 0);
  return JSON.parse(JSON.stringify(chart.toJson()));
})();

function sameAs(i: number): readonly ApiObjectProps[] {
  return JSON.parse(JSON.stringify(SAME).replace(/\b(backup|restore)-0\b/g, `$1-${i}`));
}

const APPS: readonly BenchedApp[] = [
  {
    name: 'the same objects, by cdk8s-plus',
    define: (chart, i, same) => same.forEach((object, k) => definePlain(chart, `${i}-${k}`, object)),
  },
  {
    name: 'the same objects, as plain data',
    define: (chart, i, same) => same.forEach((object, k) => new ApiObject(chart, `${i}-${k}`, object)),
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

/**
 * Prints the table: each round makes all apps in turn, and the median of the rounds counts. Measured is the time of processors, which other programs on
 * the machine change less.
 */
export function compareSynth(rounds: number, sizes: readonly number[]): void {
  for (const app of APPS.slice(0, 2)) refuseOthers(objectsOf(app), SAME);
  for (let i = 0; i < 3; i++) for (const app of APPS) measure(app, 30); // what is loaded and compiled first is no matter of size
  const lines = sizes.flatMap(backups => {
    const samples = APPS.map((): Sample[] => []);
    for (let round = 0; round < rounds; round++) APPS.forEach((app, i) => samples[i]!.push(measure(app, backups)));
    const medians = samples.map(each => each.sort((a, b) => a.seconds - b.seconds)[Math.floor(rounds / 2)]!);
    return medians.map(({ seconds, objects }, i) => [
      String(backups), APPS[i]!.name, String(objects),
      seconds.toFixed(2), (seconds / medians[0]!.seconds).toFixed(2), (seconds / backups * 1000).toFixed(2),
    ]);
  });
  console.log(renderTable(['BACKUPS', 'EACH OF', 'OBJECTS', 'CPU SECONDS', 'RATIO', 'ms/BACKUP'], lines));
}

function objectsOf({ define }: BenchedApp): any[] {
  const chart = new Chart(new App(), 'chart', { namespace: 'shop' });
  define(chart, 0, SAME);
  return chart.toJson();
}

/** From an empty app to the files. */
function measure({ define, finish }: BenchedApp, backups: number): Sample {
  const outdir = tempDir('bench-synth');
  const same = Array.from({ length: backups }, (_, i) => sameAs(i));
  try {
    const started = process.cpuUsage();
    const app = new App({ outdir });
    const chart = new Chart(app, 'chart', { namespace: 'shop' });
    const defined = Array.from({ length: backups }, (_, i) => define(chart, i, same[i]!));
    finish?.(chart, defined);
    app.synth();
    const { user, system } = process.cpuUsage(started);
    return { seconds: (user + system) / 1e6, objects: chart.node.findAll().filter(ApiObject.isApiObject).length };
  } finally {
    rmSync(outdir, { recursive: true });
  }
}
