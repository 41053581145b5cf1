/**
 * Takes, verifies and restores a real backup on this machine: no server, no cluster, no root.
 *
 * Run from the repository: npx projen quickstart
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';

const root = path.join(__dirname, '..', '..');
const output = path.join(root, 'dist', 'quickstart');
const relative = (file: string) => path.relative(root, path.join(output, file));
rmSync(output, { recursive: true, force: true });

say('1. Synthesize the app: examples/quickstart/main.ts becomes plain YAML');
run('cdk8s', ['synth', '--no-check-upgrade', '--output', output], path.join(root, 'examples', 'quickstart'));

say('2. Make a sample database');
const original = relative('shop.db');
const orders = new DatabaseSync(path.join(root, original));
orders.exec('PRAGMA journal_mode = WAL; CREATE TABLE orders (id INTEGER PRIMARY KEY, customer TEXT NOT NULL, cents INTEGER NOT NULL)');
const insert = orders.prepare('INSERT INTO orders (customer, cents) VALUES (?, ?)');
orders.exec('BEGIN');
for (let i = 1; i <= 10_000; i++) insert.run(`customer ${i % 97}`, (i * 7919) % 10_000);
orders.exec('COMMIT'); // the connection stays open: an application would be running, too
console.log(`${original} has ${count(original)} orders`);

mkdirSync(path.join(output, 'backups'));
const job = [
  '--manifest', relative('quickstart.k8s.yaml'), '--job', 'quickstart',
  '--set', `stores.volume.directory=${path.join(output, 'backups')}`,
];

say('3. Take a backup with the very config that the pod would get; only the paths are replaced');
backup(['backup', ...job, '--set', `source.path=${path.join(root, original)}`]);

say('4. What is there, and is it what was written?');
backup(['list', ...job]);
backup(['verify', ...job]);

say('5. Restore it beside the original, and compare all rows');
const restored = relative('restored.db');
backup(['restore', ...job, '--to', path.join(root, restored)]);
if (rows(restored) !== rows(original)) throw new Error(`the rows of ${restored} differ from those of ${original}`);
console.log(`${restored} has the same ${count(restored)} orders as ${original}, row for row`);

console.log(`
Done. What this has made is in ${path.relative(root, output)}: the YAML that you would commit to Git, the backup, and both databases.
Next: docs/getting-started.md brings it to PostgreSQL, S3 and your cluster; examples/whispercache is a whole application.`);

function say(step: string): void {
  console.log(`\n== ${step}`);
}

/** Shows a command and runs it. */
function run(command: string, args: readonly string[], cwd = root): void {
  const { status, error } = spawnSync(command, args, { cwd, stdio: 'inherit' });
  if (error) throw error;
  if (status !== 0) process.exit(status ?? 1);
}

function backup(args: readonly string[]): void {
  const shown = args.map(arg => (arg.startsWith('--') && arg !== '--set' ? `\\\n    ${arg}` : arg)).join(' ');
  console.log(`$ npx cdk8s-backup ${shown.replaceAll(`${root}/`, '')}`);
  run(process.execPath, [path.join(root, 'dist', 'runner', 'main.js'), ...args]);
}

function rows(file: string): string {
  const database = new DatabaseSync(path.join(root, file), { readOnly: true });
  return JSON.stringify(database.prepare('SELECT * FROM orders ORDER BY id').all());
}

function count(file: string): number {
  return (JSON.parse(rows(file)) as unknown[]).length;
}
