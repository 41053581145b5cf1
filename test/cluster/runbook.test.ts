import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { applicationIn } from './_application';
import { describeCluster } from './_can-run';
import { inNodeNetwork, kubectl } from './_cluster';
import { Played, Runbook } from './_runbook';
import { loseEverything, startWhispercache, Whispercache } from './_whispercache';
import { PostgresServer, startPostgres } from '../integration/servers/postgres';
import { programFile } from '../integration/servers/redis';

/*
 * The runbook of examples/whispercache, command by command as it stands there, from damage to health. The tests are in the order in which the world can
 * go through all of it. Every command of the runbook is executed: the last test says which are not, and why.
 */

/** Commands that no test executes, with the reason. At most three. */
const NOT_EXECUTED: { readonly [code: string]: string } = {};

const SUBJECTS = [
  { name: 'whispercache', restore: 'db-restore' }, { name: 'redis', restore: 'redis-restore' }, { name: 'whispercache-sqlite', restore: 'sqlite-restore' },
] as const;

describeCluster('the runbook of an app', () => {
  let world: Whispercache;
  let runbook: Runbook;
  let before: Awaited<ReturnType<Whispercache['rows']>>;
  const times: string[] = [];

  beforeAll(async () => {
    world = await startWhispercache('runbook');
    runbook = new Runbook(world);
    before = await world.rows();
  });

  afterAll(async () => {
    const all = runbook?.commands.length ?? 0;
    process.stderr.write(`\n${all - (runbook?.notPlayed.length ?? 0)} of ${all} commands of the runbook were executed. From damage to health:\n${times.join('')}`);
    await world?.stop();
  });

  const damage: { readonly [restore: string]: () => Promise<unknown> } = {
    'db-restore': () => world.sql('DELETE FROM notes; UPDATE users SET name = \'corrupted\''),
    'redis-restore': () => world.redis('FLUSHALL'),
    'sqlite-restore': () => world.notes('?empty=all'),
  };
  const newest = async (name: string) => {
    const list = await world.ns.kubectl('exec', 'deploy/db-backup', '--', 'cdk8s-backup', 'list', '--name', name);
    return list.match(new RegExp(`^${name}_\\d{8}_\\d{6}\\b`, 'gm'))!.at(-1)!;
  };
  const healthy = async () => {
    await world.ns.ready('statefulset/postgres', 'statefulset/redis', 'deployment/whispercache-backend');
    return world.rows();
  };
  /** Whether it starts the restore of the newest backup, and not a plan of it or another one. */
  const restoresNewest = (restore: string) => (code: string) => code.includes(`create job "$JOB" --from=cronjob/${restore}\n`);
  const took = (what: string, since: number, promised: string) => times.push(`${((Date.now() - since) / 1000).toFixed(1).padStart(8)} s  ${what}: ${promised}\n`);
  /** The promise as the runbook has it. */
  const promised = (pattern: RegExp) => pattern.exec(runbook.text)?.[1] ?? 'nothing is promised';
  const keys = () => Object.fromEntries(Object.entries(world.cliEnv).map(([name, value]) => [name, () => value!]));
  const envFile = (folder: string) => writeFileSync(path.join(folder, 'backup-secrets.env'), Object.entries(world.cliEnv).map(([name, value]) => `${name}=${value}\n`).join(''));

  test.each(SUBJECTS)('day to day: $name is backed up, listed, fetched, read back and drilled', async ({ name }) => {
    const played = await runbook.play(`Day to day: ${name}`);
    expect(played.length).toBeGreaterThan(4);
    expect(played.map(({ said }) => said).join('\n')).toContain(await newest(name));
    expect(await world.rows()).toEqual(before);
  });

  test('day to day: the status page answers through its port-forward', async () => {
    let page = '';
    await runbook.play('Day to day', {
      only: code => code.includes('port-forward'),
      after: async () => {
        page = await inNodeNetwork(['node', '-e', 'fetch("http://127.0.0.1:8080/").then(answer => answer.text()).then(console.log)']);
      },
    });
    expect(page).toContain('<title>');
  });

  test.each(SUBJECTS)('data are wrong or gone: $name comes back from the newest backup, and from one that is named', async ({ name, restore }) => {
    const good = await newest(name); // what a restore replaces may be a backup too, and is newer
    await damage[restore]!();
    const since = Date.now();
    let restored = 0;
    await runbook.play(`Restore ${name}`, {
      answers: { BACKUP: () => good },
      after: async ({ code }) => {
        if (code.includes('--dry-run"')) expect(await world.rows()).not.toEqual(before);
        if (!restoresNewest(restore)(code) && !code.includes('--backup "$BACKUP"')) return;
        expect(await healthy()).toEqual(before);
        if (restored++ === 0) took(`corruption of ${name}`, since, promised(new RegExp(`^### Restore ${name}\n\n.*?(?:Promised: (.*?)\\. )`, 'm')));
        if (restored === 1) await damage[restore]!();
      },
    });
    expect(restored).toBe(2);
  }, 300_000);

  test.each(SUBJECTS)('after a restore: $name goes back to what it was before, and what is kept is removed for good', async ({ name, restore }) => {
    const kept = ({ said }: Played) => /[\w./-]+_\d{8}_\d{6}\b/.exec(said)![0];
    let found = '';
    const heading = `Go back, or keep it: ${name}`;
    const remember = async (played: Played) => {
      if (played.code.includes('--rollback --dry-run')) found = kept(played);
    };
    const answers = { KEPT: () => found };
    await runbook.play(heading, { answers, only: code => !/--discard|cronjob\/\w+-backup/.test(code), after: remember });
    expect(await healthy()).not.toEqual(before);
    await runbook.play(`Restore ${name}`, { only: restoresNewest(restore) });
    expect(await healthy()).toEqual(before);
    await runbook.play(heading, { answers, only: code => !/--rollback "/.test(code), after: remember });
    expect(await healthy()).toEqual(before);
  }, 300_000);

  test('rehearsed by the program: nothing is played without the label, and with it the data come back', async () => {
    const jobs = async () => (await world.ns.get('jobs')).items.map(({ metadata }: any) => metadata.name);
    const args = ['--scenario', 'corruption', '--name', 'whispercache', '--yes'];
    const atFirst = await jobs();
    await expect(runbook.rehearse(...args)).rejects.toThrow(`namespace ${world.ns.name} of context`);
    expect(await jobs()).toEqual(atFirst);
    await kubectl('label', 'namespace', world.ns.name, 'cdk8s-backup/rehearsal=true');
    await damage['db-restore']!();
    const since = Date.now();
    const said = await runbook.rehearse(...args);
    took('corruption of whispercache, rehearsed', since, promised(/^### Restore whispercache\n\n.*?(?:Promised: (.*?)\. )/m));
    expect(await healthy()).toEqual(before);
    expect(said).toMatch(/4 of \d+ steps .* were played/);
    expect((await jobs()).filter((job: string) => /^(redis|sqlite)-/.test(job))).toEqual(atFirst.filter((job: string) => /^(redis|sqlite)-/.test(job)));
  }, 300_000);

  test('a table was dropped: it comes back alone, and nobody notices at the others', async () => {
    await world.sql('DROP TABLE notes; SET ROLE whispercache; INSERT INTO users(name) VALUES (\'later\')');
    const since = Date.now();
    await runbook.play('Bring back a table: whispercache', {
      answers: { TABLE: () => 'public.notes' },
      after: async ({ code }) => {
        if (code.includes('pg_dump')) took('a dropped table', since, 'nothing is promised');
      },
    });
    expect(await world.sql('SELECT count(*) FROM users WHERE name = \'later\'')).toBe('1');
    await world.sql('DELETE FROM users WHERE name = \'later\'');
    expect(await world.rows()).toEqual(before);
    expect(await world.sql('SELECT count(*) FROM pg_database WHERE datname LIKE \'%beside\'', 'postgres')).toBe('0');
  });

  test.each(['A migration went wrong', 'A pod is lost', 'A node is lost', 'A zone is lost', 'Alerts'])('%s: its commands succeed, and change nothing', async heading => {
    await runbook.play(heading);
    expect(await world.rows()).toEqual(before);
  }, 300_000);

  test('somebody has deleted or encrypted things: runs and pruning stop, every backup is read back, and all goes on afterwards', async () => {
    const suspended = async () => (await world.ns.get('cronjobs', '--selector=component=backup')).items.filter(({ spec }: any) => spec.suspend).map(({ metadata }: any) => metadata.name);
    const atFirst = await suspended();
    let within: string[] = [];
    await runbook.play('Somebody has deleted or encrypted things', {
      before: async code => {
        if (code.includes('"verify","--all"')) within = await suspended();
      },
    });
    expect(within).toEqual(expect.arrayContaining(['db-backup', 'redis-backup']));
    expect(await suspended()).toEqual(atFirst);
  }, 300_000);

  test('credentials are leaked: new ones go into the Secret, and are proved', async () => {
    const folder = runbook.laptop();
    await world.s3.rotate();
    envFile(folder);
    const played = await runbook.play('Credentials are leaked', {}, { folder });
    expect(played.map(({ said }) => said).join('\n')).toMatch(/store s3 +can be written and read back/);
  }, 300_000);

  test('restored from any machine: PostgreSQL, through a port-forward and from the bucket', async () => {
    await damage['db-restore']!();
    await runbook.play('From any machine: whispercache', { answers: keys() });
    expect(await world.rows()).toEqual(before);
  }, 300_000);

  test('restored from any machine: Redis, key by key', async () => {
    await damage['redis-restore']!();
    await runbook.play('From any machine: redis', { answers: keys() });
    expect(await world.rows()).toEqual(before);
  }, 300_000);

  test('restored from any machine: SQLite, into a file', async () => {
    const folder = runbook.laptop();
    await runbook.play('From any machine: whispercache-sqlite', { answers: keys() }, { folder });
    const file = new DatabaseSync(path.join(folder, 'whispercache.db'), { readOnly: true });
    expect(file.prepare('SELECT count(*) AS count FROM notes').get()).toEqual({ count: before.sqlite.length });
    file.close();
  }, 300_000);

  test('what is kept outside of the cluster is proved there, and when that was', async () => {
    const folder = runbook.laptop();
    const env = Object.entries(world.cliEnv).map(([name, value]) => `export ${name}='${value}'`).join('\n');
    const [played] = await runbook.play('Keep outside of the cluster', {}, { folder, env });
    expect(played!.said.match(/^ok +store s3 /gm)).toHaveLength(SUBJECTS.length);
    const proofs = JSON.parse(readFileSync(path.join(folder, 'break-glass.json'), 'utf8'));
    expect(Object.keys(proofs).sort()).toEqual(SUBJECTS.map(({ name }) => name).sort());
    for (const { name } of SUBJECTS) expect(Object.keys(proofs[name])).toEqual(['runbook', 'store s3']);
  });

  describe('with stock tools alone', () => {
    let stock: PostgresServer;
    beforeAll(async () => {
      stock = await startPostgres({ major: 17 });
    });
    afterAll(() => stock?.stop());

    const empty = () => {
      const folder = path.join(runbook.laptop(), 'empty');
      mkdirSync(folder);
      return folder;
    };
    const env = () => Object.entries(world.cliEnv).map(([name, value]) => `export ${name}='${value}'`).join('\n');

    test('PostgreSQL', async () => {
      // The shell is in the network of the node, where the server does not listen: a socket is a file.
      const socket = await stock.psql('SHOW unix_socket_directories');
      // That of the tests' package needs another libc than this machine has.
      const createdb = 'createdb() { /usr/bin/createdb "$@"; }';
      await runbook.play('With stock tools: whispercache', {}, { folder: empty(), env: `${env()}\n${createdb}\nexport PGHOST='${socket}' PGPORT=${stock.port} PGUSER=${stock.superuser}` });
      expect((await stock.psql('SELECT * FROM users ORDER BY id; SELECT * FROM notes ORDER BY id', 'whispercache')).trim()).toBe(before.postgres);
    }, 300_000);

    test('Redis', async () => {
      try {
        const server = `redis-server() { ${programFile('redis-8', 'server')} "$@"; }`;
        const played = await runbook.play('With stock tools: redis', {}, { folder: empty(), env: `${env()}\n${server}` });
        expect(played.at(-1)!.said).toMatch(/^2$/m);
      } finally {
        await inNodeNetwork(['redis-cli', '-p', '6399', 'SHUTDOWN', 'NOSAVE']).catch(() => undefined);
      }
    }, 300_000);

    test('SQLite', async () => {
      const played = await runbook.play('With stock tools: whispercache-sqlite', {}, { folder: empty(), env: env() });
      expect(played.at(-1)!.said).toBe('ok\n');
    }, 300_000);
  });

  test('the cluster is lost: with nothing but the folder, the bucket and the passwords everything comes back', async () => {
    await loseEverything(world);
    const since = Date.now();
    const folder = runbook.laptop();
    envFile(folder);
    await runbook.play('The cluster is lost', {
      before: async code => {
        // Nobody backs up the manifests of databases and application: the page says to start them.
        if (code.startsWith('kubectl apply ')) await world.ns.apply([applicationIn(world.dist)]);
        if (!code.endsWith('get pods\n')) return;
        await world.ns.ready('statefulset/postgres', 'statefulset/redis', 'deployment/whispercache-backend', 'deployment/db-backup');
        for (const { name, restore } of SUBJECTS) await runbook.play(`Restore ${name}`, { only: restoresNewest(restore) }, { folder });
      },
    }, { folder });
    expect(await healthy()).toEqual(before);
    took('loss of the cluster', since, promised(/\[The cluster is lost\]\(#[^)]*\) \| (.*?) \|/));
  }, 600_000);

  test('every command was executed, or has its reason why not', () => {
    expect(runbook.commands.length).toBeGreaterThan(60);
    expect(Object.keys(NOT_EXECUTED).length).toBeLessThanOrEqual(3);
    expect(runbook.notPlayed).toEqual(Object.keys(NOT_EXECUTED));
  });
});
