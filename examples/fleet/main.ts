/**
 * Example: a fleet. The databases of several teams from a table, each with its own promise and password, one plan with one status page.
 *
 * The schedules follow from the promises, and their minutes from the names, so that the fleet does not start at once.
 *
 * Needs in the namespace `databases`: the Secret `backup-secrets` with the keys SHOP_PASSWORD, BILLING_PASSWORD, WIKI_PASSWORD, AWS_ACCESS_KEY_ID,
 * AWS_SECRET_ACCESS_KEY and AWS_DEFAULT_REGION.
 *
 * Run:
 *   npx cdk8s synth && kubectl apply -f dist/
 *   kubectl exec deploy/fleet-backups -n databases -- cdk8s-backup list
 */
import { App, Chart, Duration } from 'cdk8s';
import { BackupDefaults, BackupSource, BackupStore, RecoveryPlan, Retention } from 'cdk8s-backup';
import { Secret } from 'cdk8s-plus-28';

/** One line for each database. */
const DATABASES = [
  { name: 'shop', host: 'postgres', rpo: Duration.hours(4), keep: Retention.days(30) },
  { name: 'billing', host: 'postgres', rpo: Duration.hours(1), keep: Retention.days(90) },
  { name: 'wiki', host: 'postgres', rpo: Duration.hours(27), keep: Retention.days(7) },
];

const app = new App();
BackupDefaults.of(app).set({ image: 'registry.example.com/cdk8s-backup-runner:0.1.0' });
const chart = new Chart(app, 'fleet', { namespace: 'databases' });
const secret = Secret.fromSecretName(chart, 'secrets', 'backup-secrets');

const plan = new RecoveryPlan(chart, 'fleet', {
  data: Object.fromEntries(DATABASES.map(({ name, host, rpo, keep }) => [name, {
    source: BackupSource.postgres({ host, databaseName: name, user: name, password: { secret, key: `${name.toUpperCase()}_PASSWORD` } }),
    rpo,
    retention: keep,
  }])),
  stores: [BackupStore.s3({ bucketName: 'your-backup-bucket', prefix: 'databases' })],
  alerts: { ruleLabels: { release: 'kube-prometheus-stack' } },
});
console.error(plan.describe()); // "cdk8s synth" does not show stdout

app.synth();
