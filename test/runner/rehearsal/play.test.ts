import { RehearsedShop, SECRET } from './_rehearsed';
import { ExitCode } from '../../../src/contract/exit-code';
import { RunnerError } from '../../../src/runner/core/errors';

const inside = () => new RehearsedShop().namespace('data', true).service('data', 'pg').service('shop-rehearsal', 'till');

test('the commands are played as they stand, in their order, and each with its time beside the promise', async () => {
  const world = inside();
  const { code, stdout, stderr } = await world.rehearse('corruption', '--name', 'orders', '--yes');
  expect(stderr).toBe('');
  expect(code).toBe(0);
  const created = world.changes.filter(call => / create job /.test(call)).map(call => /cronjob\/\S+/.exec(call)![0]);
  expect(created).toEqual(['cronjob/orders-backup', 'cronjob/orders-restore', 'cronjob/orders-restore']);
  expect(world.changes.filter(call => call.includes('redis') || call.includes('npx'))).toEqual([]);
  expect(stdout).toContain('Step 4, Restore orders: Restore the newest backup\n  JOB=orders-restore-$(date -u +%H%M%S)\n  kubectl -n shop-rehearsal create job "$JOB" --from=cronjob/orders-restore\n');
  expect(stdout).toContain('the log of the Job\nComplete\n');
  expect(stdout).toMatch(/^4 +\d+\.\d s +Restore orders +Restore the newest backup$/m);
  expect(stdout).toMatch(/^5 +left out /m);
  expect(stdout).toMatch(/4 of 11 steps .* were played\. They took \d+\.\d s\. Promised for it: orders: 1 day 16 hours lost at most, back within 50 minutes\.\n/);
  expect(stdout).toContain('The data were not damaged for this: damage them before, if you want to see them come back.');
});

test('variables live on from block to block, answers are read, a port-forward goes on until the end, and no secret is shown', async () => {
  const world = inside();
  const { code, stdout, stderr } = await world.rehearse('dropped-table', '--answer', 'TABLE=public."it\'s"', '--yes');
  expect([code, stderr]).toEqual([0, '']);
  expect(stdout).toContain('table, such as public.users: public."it\'s"\nStep 3 took ');
  expect(stdout).toContain('Nothing is promised for it.');
  const dump = world.calls.find(call => call.startsWith('pg_dump'));
  expect(dump).toContain('--table=public."it\'s" ');
  expect(world.calls.filter(call => /^(npx|pg_dump|pg_restore|psql) /.test(call)).map(call => call.split(' ')[0])).toEqual(['npx', 'pg_dump', 'pg_restore', 'psql']);
  const order = world.calls.map(call => /port-forward|pg_dump/.exec(call)?.[0]).filter(Boolean);
  expect(order).toEqual(['port-forward', 'pg_dump']);
  expect(world.read('cluster/forward')).toMatch(/^\d+\nstopped\n$/);
  expect(world.calls.join('\n')).toContain('get secret');
  expect(stdout + stderr + world.calls.join('\n')).not.toContain(SECRET);
});

test('without an answer all below its heading is left out, so that nothing is begun that nobody ends', async () => {
  const world = inside();
  const { code, stdout } = await world.rehearse('dropped-table');
  expect(code).toBe(0);
  expect(stdout).toMatch(/^3 +leaves out .*: it asks for TABLE: add --answer TABLE=VALUE$/m);
  expect(stdout.match(/: it goes with step 3, which is left out$/gm)).toHaveLength(4);
});

test.each<[string, (world: RehearsedShop) => RehearsedShop, RegExp]>([
  ['a command fails', world => world.says('failing', 'create job orders-restore'), /step 3 below "Restore orders", line \d+ of the page, failed in context staging: it ended with exit code 1\. Not played any more: 4\./],
  ['a Job fails, whatever its block ends with', world => world.says('ending', 'Failed\n'), /step 1 .*: its Job has ended as Failed, and the last line of its log says why\. Not played any more: 2, 3, 4\./],
])('it stops where %s, says which step, and ends with 1', async (_what, change, message) => {
  const world = change(inside());
  const { code, stdout, stderr } = await world.rehearse('corruption', '--name', 'orders', '--yes');
  expect(code).toBe(1);
  expect(stderr).toMatch(message);
  expect(stdout).toMatch(/^\d +failed /m);
  expect(stdout).toMatch(/^4 +not played /m);
  expect(stdout).toContain('and one did not succeed');
});

test('a port-forward that ends at once is a failure, and what was started before is ended', async () => {
  const world = inside().says('failing', 'port-forward');
  const { code, stderr } = await world.rehearse('dropped-table', '--answer', 'TABLE=public.users', '--yes');
  expect(code).toBe(1);
  expect(stderr).toMatch(/step 2 .*: it ended with exit code 1\. Not played any more: 3, 4, 5\./);
  expect(world.calls.join('\n')).not.toContain('pg_dump');
});

test('somebody who sets kubectl to another cluster while it plays stops it before the next step', async () => {
  const world = inside();
  world.says('switching', ''); // the second step waits for the other context
  const playing = world.rehearse('corruption', '--name', 'orders', '--yes');
  await world.until(call => / exec /.test(call));
  world.namespace('shop-rehearsal', false).says('context', 'production\n');
  const { code, stderr } = await playing;
  expect(code).toBe(1);
  expect(stderr).toMatch(/step 3 .*namespace shop-rehearsal of context production does not have the label/);
  expect(world.calls.join('\n')).not.toContain('cronjob/orders-restore ');
});

test('somebody who stops it ends all that it has started here, and sees how far it got', async () => {
  const world = inside().says('switching', ''); // the second step goes on until the test ends
  const stop = new AbortController();
  const playing = world.rehearseUntil(stop.signal, 'corruption', '--name', 'orders', '--yes');
  await world.until(call => / exec /.test(call));
  stop.abort(new RunnerError('stopped by SIGINT', ExitCode.CANCELLED));
  const { code, stdout } = await playing;
  expect(code).toBe(143);
  expect(stdout).toMatch(/^1 +\d+\.\d s .*\n2 +stopped .*\n3 +not played /m);
  expect(world.calls.join('\n')).not.toContain('cronjob/orders-restore ');
});

test('credentials are rehearsed where their file lies beside the page, and otherwise without that step', async () => {
  const without = await inside().rehearse('credentials');
  expect(without.stdout).toMatch(/^1 +leaves out .*: shop-secrets\.env is not beside the page$/m);
  expect(without.stdout).toMatch(/^3 +plays /m);
  const world = inside();
  world.beside('shop-secrets.env').beside('backup-secrets.env');
  expect((await world.rehearse('credentials')).stdout).not.toContain('leaves out');
});
