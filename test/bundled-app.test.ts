/*
 * Apps are bundled into one file, for Lambda or for speed: then nothing of this library lies where it was.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'esbuild';
import { version } from '../package.json';
import { VERSION } from '../src/constructs/core/version';

const APP = `
import { App, Chart, Cron, Duration } from 'cdk8s';
import { BackupBucketLifecycle, BackupCronJob, BackupSource, BackupStore, LifecycleProvider } from './src';

const app = new App({ outdir: 'out' });
const chart = new Chart(app, 'shop');
const store = BackupStore.s3({ bucketName: 'shop-backups', region: 'eu-central-1' });
new BackupCronJob(chart, 'db-backup', {
  source: BackupSource.postgres({ host: 'postgres', databaseName: 'shop', user: 'backup' }), stores: [store], schedule: Cron.daily(), timeZone: 'Europe/Berlin',
});
new BackupBucketLifecycle(chart, 'lifecycle', { store, rules: [{ id: 'x', prefix: 'logs/', expiration: Duration.days(9) }], applyJob: {} });
app.synth();
`;

test('the version that is compiled in is that of the package', () => {
  expect(VERSION).toBe(version);
});

test('an app that is bundled into a folder with a package.json of its own has the runner of this release', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'bundled.'));
  try {
    // Beside the bundle and above it: wherever a library might look for its own.
    for (const place of [folder, join(folder, 'out')]) {
      execFileSync('mkdir', ['-p', place]);
      writeFileSync(join(place, 'package.json'), JSON.stringify({ name: 'app', version: '3.2.1' }));
    }
    await build({
      stdin: { contents: APP, resolveDir: join(__dirname, '..'), loader: 'ts' }, outfile: join(folder, 'out', 'app.js'), bundle: true, platform: 'node', logLevel: 'error',
    });
    execFileSync(process.execPath, ['out/app.js'], { cwd: folder, stdio: ['ignore', 'inherit', 'ignore'] });

    const images = readFileSync(join(folder, 'out', 'shop.k8s.yaml'), 'utf8').match(/image: .*/g);
    expect(images).toEqual(Array(2).fill(`image: cdk8s-backup-runner:${version}`));
  } finally {
    rmSync(folder, { recursive: true });
  }
});
