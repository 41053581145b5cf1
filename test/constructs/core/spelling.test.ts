import { spelled } from '../../../src/constructs/core/spelling';

test.each([
  ['S3Credentials.fromSecret: \'accessKeyIdKey\' is missing', 'S3Credentials.from_secret: \'access_key_id_key\' is missing'],
  ['chart/db-backup: \'prune.serviceAccount\' must be a ServiceAccount', 'chart/db-backup: \'prune.service_account\' must be a ServiceAccount'],
  ['\'accessModes[0]\' must be a value', '\'access_modes[0]\' must be a value'],
  ['as in RestoreWorkload.fromDeploymentName("api")', 'as in RestoreWorkload.from_deployment_name("api")'],
  ['as in kplus.Secret.fromSecretName(chart, "Secret", "backup-secrets")', 'as in kplus.Secret.from_secret_name(chart, "Secret", "backup-secrets")'],
  ['\'databaseName\' must be a name, got "it\'s \'myName\' of \\"Secret.fromSecretName\\""', '\'database_name\' must be a name, got "it\'s \'myName\' of \\"Secret.fromSecretName\\""'],
])('%s is in Python: %s', (message, inPython) => {
  expect(spelled(message, 'Python/3.11.7')).toBe(inPython);
  for (const agent of [undefined, 'Java/17.0.15', 'go1.26.8/linux/amd64']) expect(spelled(message, agent)).toBe(message);
});
