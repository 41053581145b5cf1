import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdirSync, openSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { backUp } from './_backed-up';
import { describeDrillTarget } from './drill-target-conformance';
import { describeRestorer } from './restorer-conformance';
import { describeSource } from './source-conformance';
import { DRILL_DATABASE, SqliteTargetConfig } from '../../../src/contract/config';
import { ExitCode } from '../../../src/contract/exit-code';
import { openSource } from '../../../src/runner/engines/open';
import { sqlite } from '../_configs';
import { filesIn, processesBelow } from '../_runner';
import { tempDir, until } from '../servers/_process';

const SCHEMA = 'create table orders (id integer primary key, note text); create table empty (x)';
const FILL = 'with recursive n(i) as (select 1 union all select i + 1 from n where i < 3000) insert into orders select i, hex(randomblob(500)) from n';

function run(file: string, sql: string): void {
  const database = new DatabaseSync(file);
  database.exec(sql);
  database.close();
}

async function dump(file: string): Promise<string> {
  return execFileSync('sqlite3', [file, '.dump', 'pragma integrity_check'], { encoding: 'utf8', maxBuffer: 2 ** 28 });
}

/** A file with rows, in a directory of its own. */
function filled(): { file: string; directory: string } {
  const directory = tempDir('sqlite');
  const file = path.join(directory, 'app.db');
  run(file, `pragma journal_mode = wal; ${SCHEMA}; ${FILL}`);
  return { file, directory };
}

/** Programs of the runner, which are what this process has started by itself. */
function programs(): { pid: number; args: string }[] {
  const isNode = (pid: number) => {
    try {
      return readlinkSync(`/proc/${pid}/exe`) === process.execPath;
    } catch {
      return false; // it has ended
    }
  };
  return processesBelow(process.pid).filter(({ pid }) => pid !== process.pid && isNode(pid));
}

describeSource('SqliteSource', async () => {
  const { file, directory } = filled();
  const scratch = { directory: tempDir('scratch'), limitBytes: null };
  const of = (name: string) => () => openSource(sqlite(path.join(directory, name)), {}, scratch);
  const aside = tempDir('aside');
  writeFileSync(path.join(aside, 'text'), 'x'.repeat(10_000));
  const loaded = path.join(aside, 'loaded.db');
  return {
    open: of('app.db'),
    contents: () => dump(file),
    contentsOf: ([taken]) => {
      writeFileSync(loaded, taken!.bytes);
      return dump(loaded);
    },
    clear: async () => run(file, 'delete from orders'),
    traces: async () => [...programs().map(({ args }) => args), ...filesIn(scratch.directory), ...filesIn(directory).filter(name => name !== 'app.db')],
    refused: [
      { what: 'no file', open: of('missing.db'), exitCode: ExitCode.NOT_FOUND, names: 'missing.db', wayOut: /: check the path/ },
      { what: 'a directory', open: of(''), exitCode: ExitCode.BAD_CONFIG, names: directory, wayOut: /: name the database file itself/ },
      { what: 'no database', open: () => openSource(sqlite(path.join(aside, 'text')), {}, scratch), exitCode: ExitCode.CORRUPT, names: path.join(aside, 'text'), wayOut: /is not a SQLite database, or is encrypted/ },
    ],
    madeAhead: false,
    interrupt: async opening => {
      let ended = false;
      opening.then(() => ended = true, () => ended = true);
      await until('it copies, or has', 30_000, async () => ended || programs().length > 0);
      for (const { pid } of programs()) process.kill(pid, 'SIGKILL');
    },
  };
});

describeRestorer('SqliteRestorer', 1, async () => {
  const { file, directory } = filled();
  const target: SqliteTargetConfig = { engine: 'sqlite', path: file, lockTimeoutSeconds: 1, keepPrevious: true, assertions: ['select count(*) <> 7 from orders'] };
  const backedUp = await backUp(sqlite(file));
  return {
    backedUp,
    target,
    live: () => dump(file),
    change: async mark => run(file, `update orders set note = '${mark}'`),
    // A database that is in use has files beside it for a moment.
    traces: async () => filesIn(directory).filter(name => !/-(wal|shm|journal)$/.test(name)),
    obstruct: async () => {
      const opened = openSync(file, 'r');
      const user = spawn('sleep', ['600'], { stdio: ['ignore', 'ignore', 'ignore', opened] });
      closeSync(opened);
      await once(user, 'spawn');
      return async () => {
        user.kill();
        await once(user, 'exit');
      };
    },
    unreachable: { target: { ...target, path: path.join(directory, 'gone', 'app.db') }, names: path.join(directory, 'gone') },
    atOnce: true,
    keepsAll: true,
    vanish: async () => filesIn(directory).filter(name => !name.includes('.before_')).forEach(name => rmSync(path.join(directory, name))),
  };
});

describeDrillTarget('SqliteScratch', async () => {
  const { file, directory } = filled();
  const backedUp = await backUp(sqlite(file));
  rmSync(directory, { recursive: true });
  const target: SqliteTargetConfig = {
    engine: 'sqlite', path: path.join(backedUp.scratch.directory, `${DRILL_DATABASE}.db`), lockTimeoutSeconds: 10, keepPrevious: true, assertions: [],
  };
  const elsewhere = tempDir('elsewhere');
  mkdirSync(path.join(elsewhere, 'data'));
  return {
    backedUp,
    target,
    asserting: { ...target, assertions: ['select count(*) = 3000 from orders', 'select count(*) > 0 from nothing'] },
    env: {},
    state: async () => [...filesIn(backedUp.scratch.directory), ...filesIn(elsewhere)].join(),
    occupy: null,
    knowsItsOwn: false,
    unreachable: null,
    refused: { ...target, path: path.join(elsewhere, 'data', `${DRILL_DATABASE}.db`) },
  };
});
