/**
 * Example: the least you have to write. Backs up a SQLite file on a volume claim to another one, every night.
 *
 * Run:
 *   npx cdk8s synth && kubectl apply -f dist/
 */
import { App, Chart, Cron, Size } from 'cdk8s';
import { BackupCronJob, BackupSource, BackupStore } from 'cdk8s-backup';
import { PersistentVolumeClaim } from 'cdk8s-plus-28';

const app = new App();
const chart = new Chart(app, 'quickstart');

new BackupCronJob(chart, 'quickstart', {
  source: BackupSource.sqlite({
    claim: PersistentVolumeClaim.fromClaimName(chart, 'app-data', 'app-data'),
    path: 'quickstart.db',
  }),
  stores: [BackupStore.volume({ size: Size.gibibytes(10) })],
  schedule: Cron.daily(),
  image: 'registry.example.com/cdk8s-backup-runner:0.1.0', // yours, as docs/how-to/image.md says
});

app.synth();
