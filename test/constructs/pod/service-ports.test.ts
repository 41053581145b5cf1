import { ApiObject, App, Chart } from 'cdk8s';
import { BackupCronJob, BackupCronJobProps, BackupSource, NetworkOptions } from '../../../src';
import { warningsOf } from '../../../src/constructs/core/warnings';
import { newChart, props } from '../../synth';

/** What is said of a backup of `postgres` whose Service forwards to this port, and whose pods have it. */
function told(targetPort: string | number | undefined, containerPort: number, changes: Partial<BackupCronJobProps> & NetworkOptions = {}, namespace = 'shop', service: object = {}): string[] {
  const chart = newChart();
  const backup = new BackupCronJob(chart, 'db-backup', props(changes));
  const databases = namespace === 'shop' ? chart : new Chart(chart.node.root, 'databases', { namespace });
  const labels = { app: 'postgres' };
  new ApiObject(databases, 'service', { apiVersion: 'v1', kind: 'Service', metadata: { name: 'postgres' }, spec: { selector: labels, ports: [{ port: 5432, targetPort }], ...service } });
  new ApiObject(databases, 'list', { apiVersion: 'v1', kind: 'Secret' });
  new ApiObject(databases, 'pods', {
    apiVersion: 'apps/v1', kind: 'StatefulSet', spec: { template: { metadata: { labels }, spec: { containers: [{ name: 'db', ports: [{ name: 'pg', containerPort }] }] } } },
  });
  const stderr = jest.spyOn(process.stderr, 'write').mockReturnValue(true);
  try {
    (chart.node.root as App).synthYaml();
  } finally {
    stderr.mockRestore();
  }
  return warningsOf(backup).filter(message => message.includes('forwards'));
}

const WARNING = 'the Service "postgres" forwards port 5432 to 6432 of its pods, and a NetworkPolicy is about that one: nothing gets through; set \'network.database.ports\' to a list with 6432';

test.each<[string, string[]]>([
  ['by its name', told('pg', 6432)],
  ['by its number', told(6432, 6432)],
  ['in another namespace', told('pg', 6432, { source: BackupSource.postgres({ host: 'postgres.data.svc', databaseName: 'orders', user: 'backup' }) }, 'data')],
])('a database whose Service forwards to another port is told of, since the policy would keep the backup out: %s', (_what, messages) => {
  expect(messages).toEqual([WARNING]);
});

test.each<[string, string[]]>([
  ['to the same port, by its name', told('pg', 5432)],
  ['to the same port', told(undefined, 5432)],
  ['to a port of a name that no pod of the app has', told('other', 6432)],
  ['to a port that is let through', told('pg', 6432, { network: { database: { ports: [6432] } } })],
  ['without a policy', told('pg', 6432, { networkPolicy: false })],
  ['nowhere, since its name stands for the pods', told('pg', 6432, {}, 'shop', { clusterIP: 'None' })],
  ['for another database of that name', told('pg', 6432, {}, 'elsewhere')],
])('nothing is said of a Service that forwards %s', (_what, messages) => {
  expect(messages).toEqual([]);
});

test('a Service that is added after a first synth is told of by the next', () => {
  const chart = newChart();
  const backup = new BackupCronJob(chart, 'db-backup', props());
  const app = chart.node.root as App;
  app.synthYaml();
  const before = warningsOf(backup);
  new ApiObject(chart, 'service', { apiVersion: 'v1', kind: 'Service', metadata: { name: 'postgres' }, spec: { selector: { app: 'postgres' }, ports: [{ port: 5432, targetPort: 6432 }] } });
  app.synthYaml();

  expect(warningsOf(backup).filter(message => !before.includes(message))).toEqual([WARNING]);
});
