/**
 * Example: WhisperCache, the application of the guide, with its databases and all that brings them back.
 *
 *   profiles.ts     where it runs: production (S3 on AWS), on-premises (MinIO, or any other S3) and development (Docker Compose)
 *   application.ts  Deployment and Service
 *   databases.ts    PostgreSQL and Redis
 *   recovery.ts     the RecoveryPlan: PostgreSQL every night at 02:00 UTC, kept 7 days; Redis every hour, kept 24 hours; the SQLite file of development
 *                   when somebody asks for it
 *
 * Needs in the namespace `whispercache` the Secret `backup-secrets` with the keys POSTGRES_PASSWORD, AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and
 * AWS_DEFAULT_REGION; on premises also the ConfigMap `minio-ca`. Where you have databases or an application already, leave their files out, and put their names into recovery.ts. To restore,
 * the role `whispercache` must own the database and be allowed to create one: `ALTER ROLE whispercache CREATEDB`.
 *
 * Run:
 *   npx cdk8s synth && kubectl apply -f dist/                  # production
 *   PROFILE=on-premises npx cdk8s synth && kubectl apply -f dist/
 *   PROFILE=development npx cdk8s synth                        # and go on in compose.yaml
 *   npx cdk8s-backup lifecycle apply --lifecycle dist/s3-lifecycle/your-backup-bucket.json --manifest dist/whispercache.k8s.yaml --job db-backup
 *
 * After a corruption of the database:
 *   kubectl create job --from=cronjob/db-restore emergency-restore -n whispercache
 *   until kubectl logs -f job/emergency-restore -n whispercache; do sleep 1; done
 *
 * What is there, and whether it could be restored right now:
 *   kubectl exec deploy/db-backup -n whispercache -- cdk8s-backup list
 *   kubectl port-forward svc/db-backup 8080 -n whispercache     # http://localhost:8080
 */
import { App, Chart } from 'cdk8s';
import { BackupDefaults } from 'cdk8s-backup';
import { defineBackend } from './application';
import { definePostgres, defineRedis } from './databases';
import { profileOf } from './profiles';
import { defineRecovery } from './recovery';

const profile = profileOf(process.env.PROFILE);
const namespace = 'whispercache';

const app = new App();
BackupDefaults.of(app).set({ image: 'registry.example.com/cdk8s-backup-runner:0.1.0' });

// dist/application.k8s.yaml
const application = new Chart(app, 'application', { namespace });
definePostgres(application, profile);
defineRedis(application, profile);
defineBackend(application, profile);

// dist/whispercache.k8s.yaml, and what lies beside it: monitoring, s3-lifecycle, s3-policies, RUNBOOK.md and RUNBOOK.html
defineRecovery(new Chart(app, 'whispercache', { namespace }), profile);

app.synth();
