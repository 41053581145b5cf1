import { cpSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { drill, drillOf, drillsIn, plant, redisTarget } from './_drill';
import { BackupConfig, DrillConfig, RedisTargetConfig } from '../../../src/contract/config';
import { configOf, folder, redis } from '../_configs';
import { backup, filesIn, start } from '../_runner';
import { artifactOf, flipByte } from '../restore/_restore';
import { tempDir, until } from '../servers/_process';
import { RedisServer, startRedis } from '../servers/redis';
import { fill } from '../sources/_redis';

/* The server that was backed up is stopped before the first drill. */
let scratch: RedisServer;
let taken: { readonly directory: string; readonly id: string; readonly config: BackupConfig };
/** A snapshot without a key. */
let nothing: Buffer;

beforeAll(async () => {
  const production = await startRedis();
  try {
    const directory = tempDir('volume');
    const config = configOf({ source: redis(production), stores: [folder(directory)], compression: { algorithm: 'none', level: 0 } });
    const empty = await backup({ config: { ...config, name: 'empty', suspectBelowPercent: 0 } });
    nothing = readFileSync(artifactOf(directory, empty.id));
    await fill(production);
    const { id } = await backup({ config });
    taken = { directory, id, config };
  } finally {
    await production.stop();
  }
  scratch = await startRedis();
});

afterAll(() => scratch?.stop());

interface Copy {
  readonly directory: string;
  readonly id: string;
  config(changes?: Partial<DrillConfig>, target?: Partial<RedisTargetConfig>): DrillConfig;
}

function copied(): Copy {
  const directory = tempDir('volume');
  const files = filesIn(taken.directory).filter(name => name.startsWith(taken.id));
  for (const file of files) cpSync(path.join(taken.directory, file), path.join(directory, file));
  return {
    directory,
    id: taken.id,
    config: (changes, target) => drillOf({ ...taken.config, stores: [folder(directory)] }, redisTarget(scratch, target), changes),
  };
}

async function nothingIsLeft(): Promise<void> {
  expect(await scratch.cli(['info', 'keyspace'])).toBe('# Keyspace');
  expect(await scratch.cli(['info', 'replication'])).toContain('role:master');
}

test('a backup restores into an empty server; all is checked, timed and recorded, and nothing is left, in the stores neither', async () => {
  const { config, id, directory } = copied();
  const before = filesIn(directory);
  const drilled = await drill(config({ rtoSeconds: 100 }, { safetyBackup: true, assertions: [{ pattern: 'key:*', atLeast: 1000 }] }));
  expect(drilled.stderr).not.toContain('"level":"error"');
  expect(drilled).toMatchObject({ code: 0 });
  expect(drilled.record).toMatchObject({
    backup: id,
    outcome: 'passed',
    server: { engine: 'redis', version: expect.stringMatching(/^\d+\.\d+/) },
    checks: [
      { name: 'key counts', passed: true, detail: expect.stringMatching(/^\d+ keys.*; \d+ were counted when the backup was taken$/) },
      { name: 'at least 1000 keys like key:*', passed: true, detail: '1000 and more' },
    ],
  });
  expect(drilled.record.items).toBeGreaterThan(1000);
  // No safety backup of an empty scratch server: it would be a backup of nothing beside the real ones.
  expect(filesIn(directory)).toEqual([...before, `${drilled.record.id}.drill.json`].sort());
  await nothingIsLeft();
});

describe('a drill fails, says why, and leaves a record and nothing else, when', () => {
  afterEach(nothingIsLeft);

  async function failing(config: DrillConfig, code: number, message: string | RegExp) {
    const drilled = await drill(config);
    const expected = typeof message === 'string' ? expect.stringContaining(message) : expect.stringMatching(message);
    expect({ code: drilled.code, message: drilled.message }).toEqual({ code, message: expected });
    expect(drilled.record).toMatchObject({ outcome: 'failed', faults: [expected] });
    return drilled.record;
  }

  test('the snapshot has no keys, and there were some', async () => {
    const { config, directory, id } = copied();
    plant(directory, id, nothing);
    await failing(config(), 11, /app_\d+_\d+, key counts: there is not one key, and \d+ were counted when the backup was taken/);
  });

  test('there are fewer keys than asked for', async () => {
    const record = await failing(copied().config({}, { assertions: [{ pattern: 'key:*', atLeast: 1 }, { pattern: 'user:*', atLeast: 7 }] }), 11,
      'there are 0 keys like user:*, and the config asks for at least 7');
    expect(record.checks.map(({ passed }) => passed)).toEqual([true, true, false]);
  });

  test('the snapshot is of a newer server', async () => {
    const { config, directory, id } = copied();
    const snapshot = readFileSync(artifactOf(directory, id));
    snapshot.write('REDIS0099', 0, 'latin1');
    plant(directory, id, snapshot);
    await failing(config(), 12, /can't be restored into the scratch server: the snapshot has format 99.*loads formats up to \d+.*'serverImage' of the RestoreDrill says which it is/);
  });

  test('the snapshot was cut off when it was taken', async () => {
    const { config, directory, id } = copied();
    plant(directory, id, readFileSync(artifactOf(directory, id)).subarray(0, -100));
    await failing(config(), 11, /app_\d+_\d+ does not restore: /);
  });

  test('a bit of the artifact is another one', async () => {
    const { config, directory, id } = copied();
    flipByte(directory, id);
    await failing(config(), 11, /no store has a good copy of app_.*\.rdb/);
  });

  test('the server is not on this machine', async () => {
    await failing(copied().config({}, { host: 'redis' }), 10, 'is no server for a drill');
  });

  test('the restore takes longer than the declared RTO', async () => {
    await failing(copied().config({ rtoSeconds: 0.01 }), 17, 'longer than the declared RTO');
  });

  test('SQL is asked of it', async () => {
    await failing(copied().config({ freshness: [{ sql: 'select 1', maxAgeSeconds: 1 }] }), 10, '\'freshness\' is SQL, which Redis does not have');
  });
});

describe('a server that accepts connections and says nothing', () => {
  beforeEach(() => process.kill(scratch.pid, 'SIGSTOP'));
  afterEach(() => process.kill(scratch.pid, 'SIGCONT'));

  test('has not started', async () => {
    const drilled = await drill(copied().config({ serverStartTimeoutSeconds: 1 }));
    expect(drilled).toMatchObject({ code: 20, message: expect.stringContaining('did not start within 1.0 s'), record: { outcome: 'failed', server: null } });
  });

  test('does not keep a drill that is told to stop from saying so', async () => {
    const { config, directory } = copied();
    const running = start(['drill'], { config: config() });
    // The kernel accepts for a server that is stopped: a row with its port as the remote one, in state ESTABLISHED.
    const connected = new RegExp(` 0100007F:${scratch.port.toString(16).toUpperCase().padStart(4, '0')} 01 `);
    await until('the drill has connected', 60_000, async () => connected.test(readFileSync('/proc/net/tcp', 'utf8')));
    running.process.kill('SIGTERM');
    expect(await running.ended).toMatchObject({ code: 143, message: expect.stringContaining('stopped by SIGTERM') });
    expect(await drillsIn(directory)).toMatchObject([{ outcome: 'failed', faults: [expect.stringContaining('stopped by SIGTERM')] }]);
  });
});

test('a server that has too little memory is refused before it is filled', async () => {
  const small = await startRedis({ config: ['maxmemory 1mb', 'maxmemory-policy noeviction'] });
  try {
    const drilled = await drill(copied().config({ target: redisTarget(small) }));
    expect(drilled).toMatchObject({ code: 16, message: expect.stringContaining('the server\'s maxmemory is 1.05 MB') });
    expect(await small.cli(['dbsize'])).toBe('0');
  } finally {
    await small.stop();
  }
});
