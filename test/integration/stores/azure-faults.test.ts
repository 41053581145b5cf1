import { describeFaults, Faults, LARGE, MiB, never } from './_faults';
import { AzureStore } from '../../../src/runner/stores/azure/store';
import { all, stalledBody } from '../../runner/stores/_bodies';
import { azureStore, Azurite, startAzurite } from '../servers/azurite';
import { isPut, SeenRequest } from '../servers/fault-proxy';

const isBlock = ({ method, url }: SeenRequest) => method === 'PUT' && /[?&]comp=block(&|$)/.test(url);
const isCommit = ({ method, url }: SeenRequest) => method === 'PUT' && /[?&]comp=blocklist(&|$)/.test(url);

const faults = new Faults<Azurite>({
  start: startAzurite,
  makePlace: (server, container) => server.makeContainer(container),
  open: (server, { endpoint }, container, patience) => {
    const { config, env } = azureStore({ ...server, endpoint: `${endpoint}/backupaccount` }, container);
    return new AzureStore(config, env, () => {}, patience);
  },
  title: ({ endpoint }, container) => `offsite (azure://backupaccount/${container}/db/nightly at ${endpoint}/backupaccount)`,
  busy: 'ServerBusy',
  isPart: isBlock,
  isCompletion: isCommit,
  isCreation: isPut,
  isRead: ({ method, url }) => method === 'GET' && !url.includes('comp='),
  creations: 2,
});

describeFaults(faults);

/** Whose blocks are there, and which waits for more. */
async function unfinished(key: string): Promise<void> {
  while (!(await faults.unfinishedKeys()).includes(key)) await new Promise(resolve => setTimeout(resolve, 20));
}

test('an answer that is lost to what discards an upload: it is discarded all the same', async () => {
  const { stream } = stalledBody(20 * MiB);
  const stop = new AbortController();
  const putting = faults.open().put('app_1.dump', stream, LARGE, stop.signal);
  putting.catch(() => {});
  await unfinished('app_1.dump');
  faults.proxy.inject({ kind: 'lose-answer' }, isCommit, 1);
  stop.abort(new Error('SIGTERM'));
  await expect(putting).rejects.toThrow('SIGTERM');
  expect(faults.proxy.seen.filter(isCommit).length).toBeGreaterThanOrEqual(2);
  expect(await faults.keys()).toEqual([]);
  expect(await faults.unfinishedKeys()).toEqual([]);
});

test('of two uploads of one key in blocks one wins, and the other one fails without touching it', async () => {
  const bodies = [stalledBody(LARGE), stalledBody(LARGE)];
  const outcomes = bodies.map(({ stream }) => faults.open().put('app_1.dump', stream, LARGE, never).catch((error: Error) => error));
  await faults.seen(isBlock, 4);
  for (const { end } of bodies) end();
  const [failed, ...others] = (await Promise.all(outcomes)).filter(outcome => outcome instanceof Error);
  expect(others).toEqual([]);
  expect(failed!.message).toMatch(/app_1\.dump is there already: a backup is never overwritten/);
  expect((await all(faults.open().list('', never))).map(({ key, bytes }) => [key, bytes])).toEqual([['app_1.dump', LARGE]]);
  expect(await faults.unfinishedKeys()).toEqual([]);
});

test('an upload that is not complete is as old as its first block, and is in the way of no other key', async () => {
  const stop = new AbortController();
  const before = Date.now();
  const putting = faults.open().put('app_1.dump', stalledBody(20 * MiB).stream, LARGE, stop.signal);
  putting.catch(() => {});
  await unfinished('app_1.dump');
  const after = Date.now();
  const [upload] = await all(faults.open().unfinished('', never));
  // It may be told in whole seconds.
  expect(upload!.startedAt.getTime()).toBeGreaterThanOrEqual(before - 1000);
  expect(upload!.startedAt.getTime()).toBeLessThanOrEqual(after);
  await expect(faults.open().create('app_1.dump', 'another', never)).rejects.toThrow(/app_1\.dump: an upload of the same name, which is not complete, is in the way/);
  await upload!.discard(never);
  expect(await faults.open().create('app_1.dump', 'another', never)).toBe(true);
  stop.abort(new Error('the end of the test'));
  await expect(putting).rejects.toThrow('the end of the test');
});
