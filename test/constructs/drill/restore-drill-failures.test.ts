import { App, Chart, Cron, Duration, Size } from 'cdk8s';
import { AT_ONCE, Case, define, redis, SIX_HOURS, sqlite, WEEKLY } from './_restore-drill';
import { BackupCronJob, BackupSource, DrillVolume, RestoreDrill, RestoreJob } from '../../../src';
import { warningsOf } from '../../../src/constructs/core/warnings';
import { props } from '../../synth';

describe('fails', () => {
  const rto = { objectives: { rpo: Duration.days(3), corruption: { rto: Duration.hours(8) }, restore: AT_ONCE } };

  test.each<[string, Case, string]>([
    ['a name that is too long', { drill: () => ({ cronJobName: 'a'.repeat(53) }) }, '\'cronJobName\' must be up to 52'],
    ['a schedule that never runs', { drill: () => ({ schedule: Cron.schedule({ minute: '0', hour: '0', day: '30', month: '2' }) }) }, '\'schedule\' never runs'],
    ['a zone that is none', { drill: () => ({ timeZone: 'Mars' }) }, '\'timeZone\''],
    ['a deadline beyond the next drill', { drill: () => ({ schedule: Cron.hourly(), activeDeadline: Duration.hours(2) }) }, '\'activeDeadline\' must not exceed the shortest time between two runs'],
    ['a deadline before the RTO', { backup: () => rto }, '\'activeDeadline\' must be more than the declared RTO of the backup, 8 hours, got 6 hours'],
    ['a server that may take longer than all', { drill: () => ({ activeDeadline: Duration.minutes(5) }) }, '\'serverStartTimeout\' must be less than the \'activeDeadline\''],
    ['labels of a backup', { drill: () => ({ labels: { component: 'backup' } }) }, '\'labels\' must not be those of a backup'],
    ['SQL for Redis', { backup: () => ({ source: redis }), drill: () => ({ assertions: ['select 1'] }) }, '\'assertions\' is for postgres and sqlite, and the backup is of redis: drop it, and say with \'keys\' which data must be there'],
    ['keys for PostgreSQL', { drill: () => ({ keys: [{ pattern: 'a' }] }) }, '\'keys\' is for redis'],
    ['jobs for SQLite', { backup: chart => ({ source: sqlite(chart) }), drill: () => ({ parallelJobs: 2 }) }, '\'parallelJobs\' is for postgres'],
    ['a server for SQLite', { backup: chart => ({ source: sqlite(chart) }), drill: () => ({ serverImage: 'x' }) }, '\'serverImage\' is for PostgreSQL and Redis'],
    ['all databases and none to restore', { backup: () => ({ source: BackupSource.postgres({ host: 'h', user: 'u', allDatabases: true }) }) }, '\'databaseName\' is missing'],
    ['jobs without room', { drill: () => ({ parallelJobs: 2 }) }, '\'scratchSize\' is missing'],
    ['an empty assertion', { drill: () => ({ assertions: [' '] }) }, '\'assertions\' must be SQL that returns true'],
    ['freshness without SQL', { drill: () => ({ freshness: [{ sql: '', maxAge: SIX_HOURS }] }) }, '\'freshness\' must have SQL'],
    ['two statements', { drill: () => ({ freshness: [{ sql: 'select 1; select 2', maxAge: SIX_HOURS }] }) }, '\'freshness\' must have one statement'],
    ['a volume that is too small', { drill: () => ({ dataVolume: DrillVolume.emptyDir(Size.mebibytes(100)) }) }, '\'size\' must be a whole number of MiB, at least 256'],
    ['no drill in the history', { drill: () => ({ keepDrills: 0 }) }, '\'keepDrills\' must be a whole number from 1'],
    ['root', { drill: () => ({ serverUser: 0 }) }, '\'serverUser\' must be a whole number from 1'],
    ['a place of the database, which a drill does not know', { drill: () => ({ network: { database: { ports: [1] } } }) }, '\'network.database\' is about nothing that the pod connects to: it has dns, stores.s3; drop it'],
  ])('%s', (_case, changes, message) => {
    expect(() => define(changes)).toThrow(message);
  });

  test('a name that a backup, a restore or another drill has', () => {
    for (const other of ['db-backup', 'db-restore', 'other-drill']) {
      const app = new App();
      const chart = new Chart(app, 'chart');
      const backup = new BackupCronJob(chart, 'db-backup', props());
      new RestoreJob(chart, 'db-restore', { backup });
      new RestoreDrill(chart, 'other-drill', { backup, schedule: WEEKLY });
      new RestoreDrill(chart, 'db-drill', { backup, schedule: WEEKLY, cronJobName: other });
      expect(() => app.synth()).toThrow(`"${other}" of namespace "default", which chart/${other} makes too`);
    }
  });
});

test.each<[string, Cron, string]>([
  ['more often than backups are taken', Cron.hourly(), 'the same backup would be restored again'],
  ['once a year', Cron.annually(), 'for as long nobody knows whether the backups restore'],
])('warns of a drill %s', (_case, schedule, warning) => {
  expect(warningsOf(define({ drill: () => ({ schedule }) }).drill)).toEqual([expect.stringContaining(warning)]);
});

test('a drill as often as the backup, and once a month, is fine', () => {
  for (const schedule of [Cron.daily(), Cron.monthly()]) expect(warningsOf(define({ drill: () => ({ schedule }) }).drill)).toEqual([]);
});
