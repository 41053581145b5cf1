import { Chart, Cron, Duration, Size } from 'cdk8s';
import * as kplus from 'cdk8s-plus-28';
import { IConstruct } from 'constructs';
import {
  BackupAlertRules, BackupCronJob, BackupExporter, BackupSource, BackupStore, RecoveryRunbook, RecoveryRunbookProps, RestoreDrill, RestoreJob,
  RestoreWorkload, Retention, S3ObjectLockMode, StoreLocation,
} from '../../../src';
import { SynthFile } from '../../../src/constructs/core/synth-file';
import { blocks, isShell } from '../../pages';
import { newChart } from '../../synth';

export const RECIPIENT = 'age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p';
export const CONTACTS = [{ name: 'Ada', role: 'decides about restores', channel: '+44 20 7946 0000' }];

/** What the app below says, and the runbook repeats. */
export const SAID = {
  minute: '7',
  keptDays: 9,
  rpoHours: 40,
  rtoMinutes: 50,
  restoreMebibytes: 8,
  bucket: 'shop-bucket',
  lockDays: 2,
  region: 'eu-west-1',
  claim: 'shop-backups',
  role: 'shop_owner',
  key: 'DB_PASSWORD',
  workload: 'till',
  health: 'http://till/healthy',
  port: 9090,
  restore: 'orders-restore',
};

/** An app with one of everything. */
export function shop(chart: Chart, props: RecoveryRunbookProps = {}, changes: Partial<typeof SAID> = {}) {
  const said = { ...SAID, ...changes };
  const password = { secret: kplus.Secret.fromSecretName(chart, 'secrets', 'shop-secrets'), key: said.key };
  const stores = [
    BackupStore.volume({ claimName: said.claim, size: Size.gibibytes(20) }),
    BackupStore.s3({ bucketName: said.bucket, prefix: 'shop', location: StoreLocation.region(said.region), objectLock: { mode: S3ObjectLockMode.COMPLIANCE, duration: Duration.days(said.lockDays) } }),
  ];
  const db = new BackupCronJob(chart, 'orders-backup', {
    source: BackupSource.postgres({ host: 'pg.data', databaseName: 'orders', user: said.role, password }),
    stores,
    schedule: Cron.schedule({ minute: said.minute, hour: '3' }),
    retention: Retention.days(said.keptDays),
    verify: { schedule: Cron.weekly() },
    objectives: {
      rpo: Duration.hours(said.rpoHours),
      corruption: { rto: Duration.minutes(said.rtoMinutes) },
      restore: { backupSize: Size.gibibytes(1), downloadPerSecond: Size.mebibytes(64), restorePerSecond: Size.mebibytes(said.restoreMebibytes) },
    },
  });
  const cache = new BackupCronJob(chart, 'cache-backup', { source: BackupSource.redis({ host: 'cache.example.com' }), stores, onDemand: true });
  const restores = [
    new RestoreJob(chart, said.restore, { backup: db, workloads: [RestoreWorkload.fromStatefulSetName(said.workload)], healthUrl: said.health }),
    new RestoreJob(chart, 'cache-restore', { backup: cache }),
  ];
  const drills = [new RestoreDrill(chart, 'orders-drill', { backup: db, schedule: Cron.weekly() })];
  new BackupExporter(chart, 'look', { backups: [db, cache], restores, drills, port: said.port });
  new BackupAlertRules(chart, 'alarm', { backups: [db, cache], drills, runnerMetrics: true, ruleLabels: { release: 'x' }, runbookUrl: 'https://git.example.com/RUNBOOK.md' });
  new RecoveryRunbook(chart, 'runbook', props);
}

/** Without the others: the tests of alert rules take much longer than all else. */
export function fileOf(scope: IConstruct, name: string): string {
  return filesOf(scope).find(({ fileName }) => fileName === name)!.text();
}

export function filesOf(scope: IConstruct): readonly SynthFile[] {
  return scope.node.findAll().filter((construct): construct is SynthFile => construct instanceof SynthFile);
}

export function textsOf(define: (chart: Chart) => void = shop, chart = newChart()) {
  define(chart);
  return { chart, markdown: fileOf(chart, 'RUNBOOK.md'), html: fileOf(chart, 'runbook.html') };
}

export const commandsOf = (text: string) => blocks({ file: 'RUNBOOK.md', text }).filter(isShell).map(({ code }) => code);
/** What is below a heading, up to the next one of its level or above. */
export function section(text: string, heading: string): string {
  const [, marks, below] = new RegExp(`^(#+) ${heading}\\n([^]*)`, 'm').exec(text) ?? [];
  expect([heading, marks]).toEqual([heading, expect.anything()]);
  return below!.split(new RegExp(`^#{1,${marks!.length}} `, 'm'))[0]!;
}
