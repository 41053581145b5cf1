import { Chart, Cron } from 'cdk8s';
import * as kplus from 'cdk8s-plus-28';
import { commandsOf, section, textsOf } from './_shop-runbook';
import { BackupCronJob, BackupStore, CaCertificate, RecoveryRunbook, RestoreJob } from '../../../src';
import { props } from '../../synth';

/** Two stores with an authority each, one in a ConfigMap and one beside a private key. */
function define(chart: Chart): void {
  const minio = (storeName: string, caCertificate: CaCertificate) =>
    BackupStore.s3({ storeName, bucketName: 'shop-backups', region: 'us-east-1', endpoint: `https://${storeName}.example.com`, caCertificate });
  const backup = new BackupCronJob(chart, 'db-backup', props({
    schedule: Cron.daily(),
    stores: [
      minio('s3', CaCertificate.fromConfigMap(kplus.ConfigMap.fromConfigMapName(chart, 'Map', 'minio-ca'))),
      minio('far', CaCertificate.fromSecret(kplus.Secret.fromSecretName(chart, 'Tls', 'minio-tls'), 'root.pem')),
    ],
  }));
  new RestoreJob(chart, 'db-restore', { backup });
  new RecoveryRunbook(chart, 'runbook');
}

const { markdown } = textsOf(define);
const BOTH = (folder: string) => `--set stores.s3.caFile=${folder}/s3-ca.crt --set stores.far.caFile=${folder}/far-ca.crt`;
const TAKEN = [
  'kubectl -n shop get configmap minio-ca -o go-template=\'{{index .data "ca.crt"}}\' > s3-ca.crt.new && mv s3-ca.crt.new s3-ca.crt',
  'kubectl -n shop get secret minio-tls -o go-template=\'{{index .data "root.pem" | base64decode}}\' > far-ca.crt.new && mv far-ca.crt.new far-ca.crt',
];

test('restores from any machine name the file, and take it out of the cluster first', () => {
  const text = section(markdown, 'From any machine: orders');
  expect(text).toContain('Without the cluster, put it here from where you keep it: `s3-ca.crt`, `far-ca.crt`.');
  for (const command of TAKEN) expect(text).toContain(command);
  for (const how of ['--dry-run', '--yes']) expect(text).toContain(`restore ${how} --manifest chart.k8s.yaml --job db-restore ${BOTH('"$PWD"')} `);
});

test('a restore under Compose has the file in the folder that is mounted', () => {
  const text = section(markdown, 'Under Compose: orders');
  expect(text).toContain('certificate of the store\'s authority here: `s3-ca.crt`, `far-ca.crt`.');
  expect(text.split(BOTH('/runbook'))).toHaveLength(3);
});

test('stock tools trust the authority of the one store that they copy from', () => {
  const text = section(markdown, 'With stock tools: orders');
  expect(text).toContain(TAKEN[0]);
  expect(text).not.toContain('far-ca.crt');
  expect(text.match(/aws --endpoint-url https:\/\/s3\.example\.com --ca-bundle s3-ca\.crt s3 (ls|cp) /g)).toHaveLength(2);
});

test('what is proved, or fetched, on another machine names the file too', () => {
  const commands = commandsOf(markdown).join('\n');
  expect(commands).toContain(`doctor --break-glass --manifest chart.k8s.yaml --job db-restore ${BOTH('"$PWD"')}`);
  expect(commands).toContain(`fetch latest --to . --from s3 --manifest chart.k8s.yaml --job db-backup ${BOTH('"$PWD"')}`);
});

test('the certificate is among what is kept outside of the cluster, once for each store', () => {
  const text = section(markdown, 'Keep outside of the cluster');
  expect(text.match(/The certificate of the authority of the store .*/g)).toEqual([
    'The certificate of the authority of the store `s3`, as `s3-ca.crt` beside this page. It is the key `ca.crt` of the ConfigMap `minio-ca`.',
    'The certificate of the authority of the store `far`, as `far-ca.crt` beside this page. It is the key `root.pem` of the Secret `minio-tls`.',
  ]);
});

test('a store without one needs no step', () => {
  expect(textsOf().markdown).not.toMatch(/caFile|ca\.crt|ca-bundle|authority/);
});
