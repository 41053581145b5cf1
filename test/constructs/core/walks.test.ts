import { ApiObject, App, Chart } from 'cdk8s';
import { Node } from 'constructs';
import { BackupBucketLifecycle, BackupCronJob, RestoreJob } from '../../../src';
import { props } from '../../synth';

interface Work {
  /** How often somebody looks at the whole app. */
  readonly walks: number;
  /** How often an object is rendered. */
  readonly renders: number;
  readonly objects: number;
}

/** What a synth of this many backups takes, each with its restore; the database and its Service are in the app as well. */
function workOf(backups: number, charts: number): Work {
  const app = new App();
  const [first, ...others] = Array.from({ length: charts }, (_, i) => new Chart(app, `c${i}`, { namespace: 'shop' }));
  const labels = { app: 'postgres' };
  new ApiObject(first!, 'Service', { apiVersion: 'v1', kind: 'Service', metadata: { name: 'postgres' }, spec: { selector: labels, ports: [{ port: 5432, targetPort: 'pg' }] } });
  new ApiObject(first!, 'Pods', {
    apiVersion: 'apps/v1', kind: 'StatefulSet', spec: { template: { metadata: { labels }, spec: { containers: [{ name: 'db', ports: [{ name: 'pg', containerPort: 5432 }] }] } } },
  });
  const made = Array.from({ length: backups }, (_, i) => {
    const chart = [first!, ...others][i % charts]!;
    const backup = new BackupCronJob(chart, `db-${i}`, props({ backupName: `db-${i}` }));
    new RestoreJob(chart, `restore-${i}`, { backup });
    return backup;
  });
  BackupBucketLifecycle.forBackups(first!, 'lifecycle', made);
  const objects = app.node.findAll().filter(ApiObject.isApiObject).length;
  const walks = jest.spyOn(Node.prototype, 'findAll');
  const renders = jest.spyOn(ApiObject.prototype, 'toJson');
  try {
    app.synthYaml();
    return { walks: walks.mock.contexts.filter(node => node === app.node).length, renders: renders.mock.calls.length, objects };
  } finally {
    walks.mockRestore();
    renders.mockRestore();
  }
}

test('with a chart for each backup, each renders as many objects as the one before, although cdk8s validates the whole app for each chart', () => {
  const [few, more, most] = [3, 6, 9].map(backups => workOf(backups, backups).renders) as [number, number, number];

  expect(more).toBeGreaterThan(few);
  expect(most - more).toBe(more - few);
});

test.each([1, 3])('in %d charts, more backups do not look at the whole app more often, and each renders as many objects as the one before', charts => {
  const [few, more, most] = [3, 6, 9].map(backups => workOf(backups, charts)) as [Work, Work, Work];

  expect(few.walks).toBeGreaterThan(0);
  expect([more.walks, most.walks]).toEqual([few.walks, few.walks]);
  expect(more.renders).toBeGreaterThan(few.renders);
  expect(most.renders - more.renders).toBe(more.renders - few.renders);
});

test('an object of ours is rendered when it is written, and not once more for its name', () => {
  const [few, more] = [3, 6].map(backups => workOf(backups, 1)) as [Work, Work];

  expect(more.renders - few.renders).toBe(more.objects - few.objects);
});

test('an app is looked at once for each time that cdk8s validates it, whatever the validations of this library ask for', () => {
  const walksOf = (define: (chart: Chart) => unknown) => {
    const chart = new Chart(new App(), 'c', { namespace: 'shop' });
    define(chart);
    const walks = jest.spyOn(Node.prototype, 'findAll');
    const validated = jest.fn(() => []);
    chart.node.addValidation({ validate: validated });
    try {
      App.of(chart).synthYaml();
      return { walks: walks.mock.contexts.filter(node => node === chart.node.root.node).length, validations: validated.mock.calls.length };
    } finally {
      walks.mockRestore();
    }
  };
  const plain = walksOf(chart => new ApiObject(chart, 'object', { apiVersion: 'v1', kind: 'ConfigMap' }));
  const backedUp = walksOf(chart => new RestoreJob(chart, 'restore', { backup: new BackupCronJob(chart, 'db', props()) }));

  expect(plain.validations).toBeGreaterThan(0);
  expect(backedUp.walks - plain.walks).toBe(plain.validations);
});
