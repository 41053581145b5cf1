/**
 * Example: everything in Git. A pipeline proves each change and rehearses a restore each night; Argo CD or Flux apply what was merged.
 *
 * - pipeline.yaml is `.github/workflows/backups.yaml` of your repository. What it runs is plain shell, for any other pipeline too.
 * - argocd.yaml or flux.yaml is applied once. Both read `dist`, which is committed: a review shows what changes in the cluster.
 *
 * Needs in the namespace `shop`: the Secret `backup-secrets` with the keys POSTGRES_PASSWORD, AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and
 * AWS_DEFAULT_REGION. The pipeline has keys of its own, with dist/s3-policies/shop.s3.verify.json, and no password of the database.
 *
 * Run:
 *   npx cdk8s synth && git add dist
 */
import { App, Chart, Duration, Size } from 'cdk8s';
import { BackupDefaults, BackupSource, BackupStore, RecoveryPlan, Retention } from 'cdk8s-backup';
import { Secret } from 'cdk8s-plus-28';

const app = new App();
BackupDefaults.of(app).set({ image: 'registry.example.com/cdk8s-backup-runner:0.1.0' });
const chart = new Chart(app, 'gitops', { namespace: 'shop' });

new RecoveryPlan(chart, 'shop', {
  data: {
    db: {
      source: BackupSource.postgres({
        host: 'postgres',
        databaseName: 'shop',
        user: 'shop',
        password: { secret: Secret.fromSecretName(chart, 'secrets', 'backup-secrets'), key: 'POSTGRES_PASSWORD' },
      }),
      // "cdk8s synth" fails where these can't be held, and so does the pipeline.
      rpo: Duration.hours(6),
      rto: Duration.minutes(30),
      estimate: { backupSize: Size.gibibytes(2), downloadPerSecond: Size.mebibytes(50), restorePerSecond: Size.mebibytes(5) },
      drill: { assertions: ['SELECT count(*) > 0 FROM users'] },
    },
  },
  stores: [BackupStore.s3({ bucketName: 'your-backup-bucket', prefix: 'shop' })],
  retention: Retention.days(30),
  alerts: { ruleLabels: { release: 'kube-prometheus-stack' } },
});

app.synth();
