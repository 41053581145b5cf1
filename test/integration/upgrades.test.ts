import { copyFileSync, mkdirSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { Ended, start } from './_runner';
import { freePort, tempDir, until } from './servers/_process';
import { Radosgw, startRadosgw } from './servers/radosgw';

/*
 * What users have in Git was synthesized by the version that they had then: every command takes its config from such a manifest, and does its work.
 * `test/upgrades` reads the configs of all engines; here those of SQLite are acted upon.
 */
const MANIFESTS = path.join(__dirname, '..', 'upgrades', 'manifests');

let s3: Radosgw;

beforeAll(async () => {
  s3 = await startRadosgw();
  await s3.makeBucket('shop-backups');
});
afterAll(() => s3?.stop());

/** A database, stores, and the manifest of a version with their places. */
class Shop {
  public readonly called = new Set<string>();
  public readonly file = path.join(tempDir('data'), 'shop.db');
  private readonly volume = tempDir('volume');
  private readonly scratch = tempDir('scratch');
  private readonly env = { AWS_ACCESS_KEY_ID: s3.accessKeyId, AWS_SECRET_ACCESS_KEY: s3.secretAccessKey };

  constructor(private readonly manifest: string) {
    mkdirSync(path.join(this.volume, 'shop'));
    this.sql('CREATE TABLE orders (id INTEGER PRIMARY KEY, at TEXT)').sql("INSERT INTO orders (at) VALUES (datetime('now'))");
  }

  public sql(statement: string): this {
    const db = new DatabaseSync(this.file);
    db.exec(statement);
    db.close();
    return this;
  }

  public orders(): number {
    const db = new DatabaseSync(this.file);
    const { n } = db.prepare('SELECT count(*) AS n FROM orders').get() as { n: number };
    db.close();
    return n;
  }

  /** Runs a command with the config of a job, and fails with what it said unless it ends well. */
  public async run(job: string, ...args: string[]): Promise<Ended> {
    const ended = await this.begin(job, ...args).ended;
    if (ended.code !== 0) throw new Error(`${args.join(' ')} ended with ${ended.code}:\n${ended.stderr}`);
    return ended;
  }

  public begin(job: string, ...args: string[]) {
    this.called.add(args[0] === 'lifecycle' ? args.slice(0, 2).join(' ') : args[0]!);
    const at = (store: string) => [`${store}.endpoint=${s3.endpoint}`, `${store}.region=${s3.region}`, `${store}.pathStyle=true`];
    const stores = (prefix = '') => [`${prefix}stores.volume.directory=${this.volume}`, ...at(`${prefix}stores.s3`)];
    const settings: { readonly [job: string]: readonly string[] } = {
      'files-backup': [...stores(), `source.path=${this.file}`, `scratch.directory=${this.scratch}`],
      'files-restore': [...stores(), `target.path=${this.file}`, `scratch.directory=${this.scratch}`, 'workloads=[]'],
      'files-drill': [...stores(), `target.path=${path.join(this.scratch, 'cdk8s_backup_drill.db')}`, `scratch.directory=${this.scratch}`],
      'shop-backups': ['shop', 'cache', 'files', 'all'].flatMap((_, i) => stores(`backups.${i}.`)),
    };
    const changes = (settings[job] ?? at('store')).flatMap(setting => ['--set', setting]);
    return start([...args, '--manifest', this.manifest, ...job === '' ? [] : ['--job', job], ...args[0] === 'restore-manifest' ? [] : changes], { env: this.env });
  }
}

test.each(readdirSync(MANIFESTS))('every command works with the config that the manifest %s has for it', async file => {
  const shop = new Shop(path.join(MANIFESTS, file));
  const look = (...args: string[]) => shop.run('files-backup', ...args);
  const { id } = (await look('backup')).result;
  for (const args of [
    ['list'], ['show'], ['usage'], ['doctor'], ['verify', '--all'], ['fetch', '--to', tempDir('laptop')], ['metrics'], ['accept', id], ['pin', id], ['unpin', id],
    ['hold', '--reason', 'an incident'], ['release'], ['prune'],
  ]) await look(...args);

  const old = tempDir('old');
  copyFileSync(shop.file, path.join(old, 'shop_20260102_030405.db'));
  await look('import', '--from', old);

  shop.sql('DELETE FROM orders');
  await shop.run('files-restore', 'restore', '--yes');
  expect(shop.orders()).toBe(1);
  await shop.run('files-restore', 'rollback', '--yes');
  expect(shop.orders()).toBe(0);
  await shop.run('files-restore', 'discard', '--yes');
  expect((await shop.run('db-restore', 'restore-manifest')).stdout).toContain('kind: Job');

  await shop.run('files-drill', 'drill');
  expect((await look('drills')).stdout).toContain(id);

  for (const verb of ['diff', 'apply']) await shop.run('', 'lifecycle', verb); // of the only job that has rules

  const port = await freePort();
  const exporter = shop.begin('shop-backups', 'serve', '--set', `port=${port}`);
  await until('the exporter shows the backup', 60_000, async () => {
    return (await fetch(`http://127.0.0.1:${port}/api/backups`).then(answer => answer.text(), () => '')).includes(id);
  });
  exporter.process.kill('SIGTERM');
  await exporter.ended;

  const all = (await start(['--help'], {}).ended).stdout.split('Commands:')[1]!.matchAll(/^ {2}([a-z-]+)(?= )/gm);
  const expected = [...all].map(([, name]) => name!).filter(name => !['help', 'completion', 'rehearse', 'lifecycle'].includes(name));
  expect([...shop.called].sort()).toEqual([...expected, 'lifecycle apply', 'lifecycle diff'].sort());
});
