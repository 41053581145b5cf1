import { generateIdentity, identityToRecipient } from 'age-encryption';
import { Chart } from 'cdk8s';
import * as kplus from 'cdk8s-plus-28';
import fc from 'fast-check';
import { BackupCronJob, BackupSource, Decryption, Encryption, RestoreJob, RestoreMode } from '../../../src';
import { warningsOf } from '../../../src/constructs/core/warnings';
import { decodeBech32 } from '../../../src/constructs/pod/bech32';
import { CONFIG_ENV, RestoreConfig, unescapeEnvValue } from '../../../src/contract/config';
import { parseConfig } from '../../../src/runner/config/config';
import { configOf, newChart, objectsOf, props, synth } from '../../synth';

/** From the documentation of age: nobody's. */
const RECIPIENT = 'age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p';
const OTHER = 'age1lggyhqrw2nlhcxprm67z43rta597azn8gknawjehu9d9dl0jq3yqqvfafg';

const podOf = (objects: any[], name: string) => objects.find(({ kind, metadata }) => kind === 'CronJob' && metadata.name === name).spec.jobTemplate.spec.template.spec;

function restoreConfigOf(objects: any[]): RestoreConfig {
  const { env } = podOf(objects, 'db-restore').containers[0];
  return parseConfig(unescapeEnvValue(env.find(({ name }: any) => name === CONFIG_ENV).value)) as RestoreConfig;
}

test('recipients go to the runner, which takes them', () => {
  const objects = synth({ encryption: Encryption.age({ recipients: [RECIPIENT, OTHER] }) });
  expect(configOf(objects).encryption).toEqual({ recipients: [RECIPIENT, OTHER] });
  expect(parseConfig(JSON.stringify(configOf(objects)))).toMatchObject({ encryption: { recipients: [RECIPIENT, OTHER] } });
});

test('without it nothing is encrypted', () => {
  expect(configOf(synth()).encryption).toBeNull();
});

test('every recipient that age makes is taken, and none with one letter changed', async () => {
  await fc.assert(fc.asyncProperty(fc.nat(57), fc.constantFrom(...'qpzry9x8gf2tvdw0s3jn54khce6mua7l'), async (at, letter) => {
    const recipient = await identityToRecipient(await generateIdentity());
    expect(Encryption.age({ recipients: [recipient] })).toBeDefined();
    const changed = `${recipient.slice(0, 4 + at)}${letter}${recipient.slice(5 + at)}`;
    if (changed !== recipient) expect(() => Encryption.age({ recipients: [changed] })).toThrow('it is mistyped, or cut off');
  }), { numRuns: 200 });
});

test.each<[string, string[], string]>([
  ['none', [], '\'recipients\' must have at least one, got []: "age-keygen" prints one as it makes a key'],
  ['one twice', [RECIPIENT, OTHER, RECIPIENT], `'recipients' has "${RECIPIENT}" twice: drop one of them`],
  ['cut off', [RECIPIENT.slice(0, -1)], 'it is mistyped, or cut off'],
  ['nothing', [''], 'it is mistyped, or cut off'],
  ['upper case', [RECIPIENT.toUpperCase()], 'it is mistyped, or cut off'],
  ['of something else', ['bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq'], 'it is mistyped, or cut off'],
  ['an SSH key', ['ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIabc me'], '\'recipients\' must be keys of age, got the SSH key "ssh-ed25519 AAAAC3NzaC1lZDI1NT"…: make one with "age-keygen"'],
  ['post-quantum', ['age1pq1qqq'], '\'recipients\' must be X25519 keys'],
])('fails: %s', (_name, recipients, message) => {
  expect(() => Encryption.age({ recipients })).toThrow(message);
});

test('fails: a private key, which the message does not show', async () => {
  const identity = await generateIdentity();
  for (const given of [identity, identity.toLowerCase(), ` ${identity}`, identity.slice(4, -5)]) {
    const define = () => Encryption.age({ recipients: [RECIPIENT, given] });
    expect(define).toThrow('\'recipients\' must have public keys, got a private one as the second: give what "age-keygen -y" prints for it');
    expect(define).not.toThrow(given.slice(20, 40));
  }
});

test('bech32 of other lengths and prefixes is read as BIP 173 has it', () => {
  for (const text of ['a12uel5l', 'abcdef1qpzry9x8gf2tvdw0s3jn54khce6mua7lmqqqxw', 'split1checkupstagehandshakeupstreamerranterredcaperred2y9e3w', '?1ezyfcl']) {
    expect(decodeBech32(text)?.prefix).toBe(text.slice(0, text.lastIndexOf('1')));
  }
  for (const text of ['pzry9x0s0muk', '1pzry9x0s0muk', 'x1b4n0q5v', 'li1dgmt3', '10a06t8', '1qzzfhee', 'a12UEL5L']) expect(decodeBech32(text)).toBeUndefined();
});

describe('a restore', () => {
  function restore(decryption: ((chart: Chart) => Decryption) | undefined, encrypted = true) {
    const chart = newChart();
    const backup = new BackupCronJob(chart, 'db-backup', props(encrypted ? { encryption: Encryption.age({ recipients: [RECIPIENT] }) } : {}));
    const job = new RestoreJob(chart, 'db-restore', { backup, decryption: decryption?.(chart) });
    return { objects: objectsOf(chart), warnings: warningsOf(job) };
  }

  test('gets the identity as a file of its own, and no environment variable; the backup gets none', () => {
    const { objects } = restore(chart => Decryption.fromSecret(kplus.Secret.fromSecretName(chart, 'Key', 'backup-key')));
    const pod = podOf(objects, 'db-restore');
    expect(restoreConfigOf(objects).decryption).toEqual({ identityFile: '/etc/cdk8s-backup/identity/identity' });
    expect(pod.volumes).toContainEqual({ name: 'identity', secret: { secretName: 'backup-key', items: [{ key: 'identity', path: 'identity' }] } });
    expect(pod.containers[0].volumeMounts).toContainEqual(expect.objectContaining({ name: 'identity', mountPath: '/etc/cdk8s-backup/identity', readOnly: true }));
    expect(JSON.stringify(pod.containers[0].env)).not.toContain('backup-key');
    expect(JSON.stringify(podOf(objects, 'db-backup'))).not.toContain('backup-key');
  });

  test('takes it under another key, and from any volume', () => {
    const other = restore(chart => Decryption.fromSecret(kplus.Secret.fromSecretName(chart, 'Key', 'keys'), 'age.txt'));
    expect(podOf(other.objects, 'db-restore').volumes).toContainEqual(expect.objectContaining({ secret: { secretName: 'keys', items: [{ key: 'age.txt', path: 'identity' }] } }));
    const { objects, warnings } = restore(chart => Decryption.fromVolume(kplus.Volume.fromCsi(chart, 'Csi', 'secrets-store.csi.k8s.io', { name: 'vault' }), 'keys/backup'));
    expect(restoreConfigOf(objects).decryption).toEqual({ identityFile: '/etc/cdk8s-backup/identity/keys/backup' });
    expect(podOf(objects, 'db-restore').volumes).toContainEqual(expect.objectContaining({ name: 'vault' }));
    expect(warnings).toEqual([]);
  });

  test('warns that the only copy of the identity must not be in the cluster', () => {
    expect(restore(chart => Decryption.fromSecret(kplus.Secret.fromSecretName(chart, 'Key', 'backup-key'))).warnings)
      .toEqual([expect.stringContaining('in the Secret "backup-key" of the cluster they are made for: if that is the only copy, the backups are lost with the cluster')]);
  });

  test('warns that an encrypted backup needs an identity', () => {
    expect(restore(undefined).warnings).toEqual([expect.stringContaining('chart/db-backup is encrypted, and this job has no identity to open it')]);
    expect(restore(undefined, false).warnings).toEqual([]);
  });

  test('seals its safety backup to the recipients of its backup, or to those that are given', () => {
    expect(restoreConfigOf(restore(undefined).objects).encryption).toEqual({ recipients: [RECIPIENT] });
    expect(restoreConfigOf(restore(undefined, false).objects).encryption).toBeNull();
    const chart = newChart();
    new RestoreJob(chart, 'db-restore', { target: BackupSource.redis({ host: 'redis' }), stores: props().stores, encryption: Encryption.age({ recipients: [RECIPIENT] }) });
    expect(restoreConfigOf(objectsOf(chart)).encryption).toEqual({ recipients: [RECIPIENT] });
  });

  test('fails where its safety backup would lie in the clear beside encrypted backups', () => {
    const chart = newChart();
    const decryption = Decryption.fromSecret(kplus.Secret.fromSecretName(chart, 'Key', 'backup-key'));
    const { stores } = props();
    const target = BackupSource.redis({ host: 'redis' });
    expect(() => new RestoreJob(chart, 'a', { target, stores, decryption })).toThrow('\'encryption\' is missing: with \'decryption\' the backups are encrypted, and what this restore stores');
    new RestoreJob(chart, 'b', { target, stores, decryption, mode: RestoreMode.redisReplication({ safetyBackup: false }) });
    expect(() => new RestoreJob(chart, 'c', { target: BackupSource.kubernetesSecrets(), stores, decryption, mode: RestoreMode.kubernetesObjects({ replace: true }) })).toThrow('\'encryption\' is missing: the Secrets that this restore replaces');
    new RestoreJob(chart, 'd', { target: BackupSource.kubernetesSecrets(), stores, decryption });
  });

  test.each([['', '\'key\''], [' x', '\'key\'']])('fails: key %j', (key, message) => {
    expect(() => restore(chart => Decryption.fromSecret(kplus.Secret.fromSecretName(chart, 'Key', 'k'), key))).toThrow(message);
  });

  test.each(['/identity', '../identity', 'a//b', 'a/'])('fails: path %j', path => {
    expect(() => restore(chart => Decryption.fromVolume(kplus.Volume.fromEmptyDir(chart, 'V', 'v'), path))).toThrow('\'path\' must name a file inside the volume');
  });
});
