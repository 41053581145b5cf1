import { RehearsedShop } from './_rehearsed';
import { BackupCronJob, RecoveryRunbook, RestoreJob, RestoreTrigger } from '../../../src';
import { shop } from '../../constructs/runbook/_shop-runbook';
import { props } from '../../synth';

/** Databases inside of the namespaces, with their Services. */
const inside = () => new RehearsedShop().namespace('data', true).service('data', 'pg').service('shop-rehearsal', 'till');
const plays = (stdout: string) => stdout.split('\n').filter(line => /^\d+ +plays/.test(line)).map(line => Number.parseInt(line, 10));

test('without --yes it tells the plan, and changes nothing', async () => {
  const world = inside();
  const { code, stdout } = await world.rehearse('corruption', '--name', 'orders');
  expect(code).toBe(0);
  expect(stdout).toMatch(/^context +staging\nnamespaces +shop-rehearsal\nstores +s3:\/\/shop-bucket\/shop\/orders: /m);
  expect(plays(stdout)).toEqual([1, 2, 3, 4]);
  expect(stdout).toMatch(/^5 +leaves out +Restore orders .*: the newest backup is restored, and this would restore another one instead$/m);
  expect(stdout).toMatch(/^9 +leaves out +Restore redis +Restore the newest backup: it is about redis$/m);
  expect(stdout).toMatch(/Nothing was played\. Add --yes to play it\.\n$/);
  expect(world.changes).toEqual([]);
});

test.each([['corruption'], ['ransomware'], ['pod'], ['cluster']])('%s: nothing is played in a namespace without the label, and the message says how to label it', async scenario => {
  const world = inside().namespace('shop-rehearsal', false);
  const plan = await world.rehearse(scenario, '--name', 'orders');
  expect(plan.code).toBe(0);
  expect(plan.stdout).toContain('Namespace shop-rehearsal of context staging does not have the label cdk8s-backup/rehearsal=true, so nothing is played.');
  const { code, stderr } = await world.rehearse(scenario, '--name', 'orders', '--yes');
  expect(code).toBe(14);
  expect(stderr).toContain('Label only what may be destroyed: kubectl --context staging label namespace shop-rehearsal cdk8s-backup/rehearsal=true');
  expect(world.changes).toEqual([]);
});

test('a label with another value is none, and a namespace that is not there is told', async () => {
  const world = inside().says('namespace-shop-rehearsal', JSON.stringify({ metadata: { labels: { 'cdk8s-backup/rehearsal': 'false' } } }));
  expect((await world.rehearse('pod', '--yes')).code).toBe(14);
  world.says('namespace-shop-rehearsal', '');
  expect(await world.rehearse('pod', '--yes')).toMatchObject({ code: 15, stderr: expect.stringContaining('is not there, so nothing is played') });
  expect(world.changes).toEqual([]);
});

test('every namespace counts that a command names: the one of a port-forward too', async () => {
  const world = inside().namespace('data', false);
  const { code, stderr } = await world.rehearse('dropped-table', '--answer', 'TABLE=public.users', '--yes');
  expect(code).toBe(14);
  expect(stderr).toContain('namespace data of context staging');
  expect(world.changes).toEqual([]);
});

test('of commands that name no namespace, it is the one that kubectl is set to', async () => {
  const world = new RehearsedShop(chart => {
    new RestoreJob(chart, 'restore', { backup: new BackupCronJob(chart, 'backup', props()) });
    new RecoveryRunbook(chart, 'runbook');
  }, null);
  expect((await world.rehearse('pod', '--yes')).stderr).toContain('namespace default of context staging is not there');
  world.says('namespace', 'mine').namespace('mine', false);
  expect((await world.rehearse('pod', '--yes')).stderr).toContain('label namespace mine');
  expect(world.changes).toEqual([]);
});

describe('a restore that would leave the namespaces is left out, with all that belongs to it', () => {
  test.each<[string, (world: RehearsedShop) => RehearsedShop, string]>([
    ['to a namespace without the label', world => world.namespace('data', false), 'it would restore to pg.data: namespace data does not have the label cdk8s-backup/rehearsal=true'],
    ['to a name that no Service has', world => world.says('service-data-pg', ''), 'it would restore to pg.data: there is no Service pg in namespace data'],
    ['to a Service that is a name elsewhere', world => world.service('data', 'pg', { type: 'ExternalName', externalName: 'pg.example.com' }), 'the Service pg stands for a name outside of the cluster'],
    ['to a Service whose addresses are written by hand', world => world.service('data', 'pg', {}), 'the Service pg has no selector'],
    ['of an application elsewhere', world => world.says('service-shop-rehearsal-till', ''), 'it would ask http://till/healthy whether the application is well: there is no Service till in namespace shop-rehearsal'],
  ])('%s', async (_what, change, why) => {
    const world = change(inside());
    const { code, stdout } = await world.rehearse('corruption', '--name', 'orders');
    expect(code).toBe(0);
    expect(plays(stdout)).toEqual([]);
    expect(stdout).toMatch(new RegExp(`^4 +leaves out +Restore orders +Restore the newest backup: .*${why}`, 'm'));
    expect(stdout).toMatch(/^1 +leaves out .*: it goes with step 3, which is left out$/m);
    expect(await world.rehearse('corruption', '--name', 'orders', '--yes')).toMatchObject({ code: 2, stderr: expect.stringContaining('nothing to play') });
    expect(world.changes).toEqual([]);
  });

  test('to a host that is none of the cluster', async () => {
    const { stdout } = await inside().rehearse('corruption');
    expect(plays(stdout)).toEqual([1, 2, 3, 4]);
    expect(stdout).toMatch(/^9 +leaves out +Restore redis .*: it would restore to cache\.example\.com: that is no Service of the cluster$/m);
  });

  test('as the cluster has the CronJob, whatever lies beside the page', async () => {
    const world = inside();
    const cronJob = world.read('cluster/cronjob-shop-rehearsal-orders-restore');
    world.says('cronjob-shop-rehearsal-orders-restore', cronJob.replaceAll('pg.data', 'pg.production'));
    expect((await world.rehearse('corruption', '--name', 'orders')).stdout).toContain('it would restore to pg.production: namespace production does not have the label');
    world.says('cronjob-shop-rehearsal-orders-restore', '');
    expect(await world.rehearse('corruption')).toMatchObject({ code: 15, stderr: expect.stringContaining('there is no CronJob orders-restore in namespace shop-rehearsal') });
  });

  test('by a Job that applying the manifests starts', async () => {
    const world = new RehearsedShop(chart => {
      shop(chart);
      new RestoreJob(chart, 'once', { backup: chart.node.findChild('orders-backup') as BackupCronJob, trigger: RestoreTrigger.onApply() });
    }).namespace('data', false);
    expect((await world.rehearse('cluster')).stdout).toMatch(/^4 +leaves out .*: it would restore to pg\.data/m);
  });
});

test('a scenario, a backup, an answer or a page that is not there ends with 2, and says what there is', async () => {
  const world = inside();
  expect(await world.rehearse('fire')).toMatchObject({ code: 2, stderr: expect.stringContaining('has no scenario fire; it has corruption, dropped-table, migration, pod, node, zone, region, cluster, credentials, ransomware') });
  expect(await world.rehearse('corruption', '--name', 'users')).toMatchObject({ code: 2, stderr: expect.stringContaining('no commands about a backup users; it has orders, redis') });
  expect(await world.rehearse('corruption', '--answer', 'TABLE=x')).toMatchObject({ code: 2, stderr: expect.stringContaining('no command of it asks for TABLE') });
  expect(await world.rehearse('region', '--yes')).toMatchObject({ code: 2, stderr: expect.stringContaining('"A region is lost" has no commands of its own') });
  expect(await world.rehearse('dropped-table', '--answer', 'TABLE')).toMatchObject({ code: 2, stderr: expect.stringContaining('--answer takes VARIABLE=VALUE') });
});
