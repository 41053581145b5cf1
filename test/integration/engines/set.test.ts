import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { backUp } from './_backed-up';
import { describeRestorer } from './restorer-conformance';
import { describeSource } from './source-conformance';
import { DatabaseConfig, SetTargetConfig, SourceConfig, SqliteTargetConfig } from '../../../src/contract/config';
import { ExitCode } from '../../../src/contract/exit-code';
import { openSource } from '../../../src/runner/engines/open';
import { filesIn } from '../_runner';
import { tempDir } from '../servers/_process';

/* Two files that are backed up and restored together. */

const NAMES = ['orders', 'notes'] as const;

interface Pair {
  readonly directory: string;
  readonly source: SourceConfig & { readonly engine: 'set' };
}

function filled(): Pair {
  const directory = tempDir('set');
  for (const name of NAMES) run(path.join(directory, `${name}.db`), `create table ${name} (text); with recursive n(i) as (select 1 union all select i + 1 from n where i < 3000) insert into ${name} select hex(randomblob(500)) from n`);
  return { directory, source: { engine: 'set', members: Object.fromEntries(NAMES.map(name => [name, member(path.join(directory, `${name}.db`))])) } };
}

function member(file: string): DatabaseConfig {
  return { engine: 'sqlite', path: file, lockTimeoutSeconds: 1 };
}

function run(file: string, sql: string): void {
  const database = new DatabaseSync(file);
  database.exec(sql);
  database.close();
}

/** What is in both, in their order. */
function contentsOf(files: readonly string[]): string {
  return files.map((file, i) => {
    const database = new DatabaseSync(file, { readOnly: true });
    const rows = database.prepare(`select text from ${NAMES[i]} order by text`).all();
    database.close();
    return JSON.stringify(rows);
  }).join();
}

const filesOf = (directory: string) => NAMES.map(name => path.join(directory, `${name}.db`));

describeSource('SetSource', async () => {
  const { directory, source } = filled();
  const scratch = { directory: tempDir('scratch'), limitBytes: null };
  const loaded = tempDir('loaded');
  return {
    open: () => openSource(source, {}, scratch),
    contents: async () => contentsOf(filesOf(directory)),
    contentsOf: async dumps => {
      for (const { dump, bytes } of dumps) writeFileSync(path.join(loaded, `${dump.member}.db`), bytes);
      return contentsOf(filesOf(dumps.length === NAMES.length ? loaded : directory));
    },
    clear: async () => filesOf(directory).forEach((file, i) => run(file, `delete from ${NAMES[i]}`)),
    traces: async () => [...filesIn(scratch.directory), ...filesIn(directory).filter(name => !NAMES.some(each => name === `${each}.db`))],
    refused: [{
      what: 'a member that is not there',
      open: () => openSource({ ...source, members: { ...source.members, gone: member(path.join(directory, 'gone.db')) } }, {}, scratch),
      exitCode: ExitCode.NOT_FOUND,
      names: path.join(directory, 'gone.db'),
      wayOut: /: check the path/,
    }],
    madeAhead: false,
    interrupt: async opening => void await opening,
  };
});

describeRestorer('SetRestorer', 2, async () => {
  const { directory, source } = filled();
  const targetOf = (at: string): SqliteTargetConfig => ({ engine: 'sqlite', path: at, lockTimeoutSeconds: 1, keepPrevious: true, assertions: [] });
  const target: SetTargetConfig = { engine: 'set', members: Object.fromEntries(NAMES.map(name => [name, targetOf(path.join(directory, `${name}.db`))])) };
  const [orders, notes] = filesOf(directory);
  return {
    backedUp: await backUp(source),
    target,
    live: async () => contentsOf([orders!, notes!]),
    change: async mark => NAMES.forEach((name, i) => run([orders!, notes!][i]!, `update ${name} set text = '${mark}'`)),
    traces: async () => filesIn(directory).filter(name => !/-(wal|shm|journal)$/.test(name)),
    obstruct: async () => {
      const opened = openSync(notes!, 'r');
      const user = spawn('sleep', ['600'], { stdio: ['ignore', 'ignore', 'ignore', opened] });
      closeSync(opened);
      await once(user, 'spawn');
      return async () => {
        user.kill();
        await once(user, 'exit');
      };
    },
    unreachable: {
      target: { ...target, members: { ...target.members, notes: targetOf(path.join(directory, 'gone', 'notes.db')) } }, names: `notes: there is no ${path.join(directory, 'gone')}`,
    },
    // A crash between two members leaves a set that is half new.
    atOnce: false,
    keepsAll: false,
    vanish: async () => [orders!, notes!].forEach(file => rmSync(file)),
  };
});
