import { once } from 'node:events';
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { AddressInfo, connect } from 'node:net';
import path from 'node:path';
import { createServer, Server } from 'node:tls';
import { S3StoreConfig } from '../../../src/contract/config';
import { ExitCode } from '../../../src/contract/exit-code';
import { openBucket } from '../../../src/runner/lifecycle/open';
import { configOf, sqlite } from '../_configs';
import { backup, list, run, RunOptions } from '../_runner';
import { restore, restoreOf } from '../restore/_restore';
import { DAMAGE, dump, SCHEMA, withDatabase } from '../restore/_sqlite';
import { issueCertificate, makeAuthority } from '../servers/_certificate';
import { tempDir } from '../servers/_process';
import { s3Store } from '../servers/_s3';
import { startVersitygw, Versitygw } from '../servers/versitygw';

/* `caCertificate` of `BackupStore.s3`: a real server behind TLS, with a certificate that an authority of the tests' own has signed. */

const MiB = 1024 ** 2;

let s3: Versitygw;
let tls: Server;
let endpoint: string;
let caFile: string;
let otherCaFile: string;

beforeAll(async () => {
  s3 = await startVersitygw();
  await s3.makeBucket('backups');
  const ca = makeAuthority(tempDir('ca'));
  ({ caFile } = ca);
  otherCaFile = makeAuthority(tempDir('other-ca')).caFile;
  const { certFile, keyFile } = issueCertificate(ca, 's3', ['IP:127.0.0.1']);
  const upstream = Number(new URL(s3.endpoint).port);
  tls = createServer({ cert: readFileSync(certFile), key: readFileSync(keyFile) }, client => {
    const plain = connect({ host: '127.0.0.1', port: upstream });
    for (const [one, other] of [[client, plain], [plain, client]] as const) one.on('error', () => other.destroy()).on('close', () => other.destroy()).pipe(other);
  });
  tls.on('tlsClientError', () => {}); // those that do not trust it
  tls.listen(0, '127.0.0.1');
  await once(tls, 'listening');
  endpoint = `https://127.0.0.1:${(tls.address() as AddressInfo).port}`;
});
afterAll(async () => {
  tls?.close();
  await s3?.stop();
});

/** A database of a few parts, and the config of its backups. */
function place(changes: Partial<S3StoreConfig>) {
  const file = path.join(tempDir('app'), 'app.db');
  withDatabase(file, `${SCHEMA}; INSERT INTO orders VALUES (9000, 1, 'large', randomblob(${20 * MiB}))`);
  const { config: store, env } = s3Store(s3, 'backups', { endpoint, prefix: path.basename(path.dirname(file)), ...changes });
  const config = configOf({ source: sqlite(file), stores: [store] });
  const options: RunOptions = { config, env };
  const restoring: RunOptions = { config: restoreOf(config, { engine: 'sqlite', path: file, lockTimeoutSeconds: 1, keepPrevious: true, assertions: [] }), env };
  return { file, store, options, restoring };
}

test('with the authority of the server, backups are stored, listed, verified and restored', async () => {
  const { file, options, restoring } = place({ caFile });
  const before = dump(file);
  const { id } = await backup(options);
  expect((await list(options)).latest).toBe(id);
  expect((await run(['verify', 'latest'], options)).code).toBe(ExitCode.OK);
  withDatabase(file, DAMAGE);
  expect((await restore(restoring)).code).toBe(ExitCode.OK);
  expect(dump(file)).toBe(before);
});

test('the public authorities stay trusted beside it: NODE_EXTRA_CA_CERTS and the file of another one', async () => {
  const { options } = place({ caFile: otherCaFile });
  const { latest } = await list({ ...options, env: { ...options.env, NODE_EXTRA_CA_CERTS: caFile } });
  expect(latest).toBeNull();
});

test('import from the bucket, and rules of the bucket, trust it as well', async () => {
  const { store, options } = place({ caFile });
  const imported = await run(['import', '--from', 's3://backups/nothing-is-here', '--dry-run'], options);
  expect(imported.message).toContain('nothing-is-here');
  await expect(openBucket(store, options.env!).read(new AbortController().signal)).resolves.toMatchObject({ rules: [] });
});

test.each<[string, () => Partial<S3StoreConfig>, () => string]>([
  ['without it', () => ({}), () => "give the store the authority that signed it: 'caCertificate' of BackupStore.s3"],
  ['with null', () => ({ caFile: null }), () => "'caCertificate' of BackupStore.s3"],
  ['with another one', () => ({ caFile: otherCaFile }), () => `check the endpoint, and that ${otherCaFile} ('caCertificate') is the authority that signed it`],
])('%s nothing is stored, and the message says what to do', async (_case, changes, wayOut) => {
  const { options } = place(changes());
  const ended = await run(['backup'], options);
  expect([ended.code, ended.message]).toEqual([ExitCode.BAD_CONFIG, expect.stringContaining('the TLS certificate is not trusted')]);
  expect(ended.message).toContain(wayOut());
});

test.each<[string, (directory: string) => string, RegExp]>([
  ['is not there', directory => path.join(directory, 'ca.crt'), /can't be read from \/.*ca\.crt \(ENOENT\): look at the key of the ConfigMap or Secret/],
  ['cannot be read', directory => directory, /can't be read from \/.* \(EISDIR\)/],
  ['is a key', directory => write(directory, '-----BEGIN PRIVATE KEY-----\nplanted\n-----END PRIVATE KEY-----\n'), /is not in \/.*ca\.crt, which has no "BEGIN CERTIFICATE": .*it must be PEM/],
  ['is damaged', directory => write(directory, readFileSync(caFile, 'utf8').replace(/\n.{20}/, '\nplanted')), /in \/.*ca\.crt is damaged/],
])('a file that %s is BAD_CONFIG, and the message names it', async (_case, fileIn, message) => {
  const { options } = place({ caFile: fileIn(mkdtempSync(path.join(tempDir('broken'), 'x'))) });
  const ended = await run(['backup'], options);
  expect([ended.code, ended.message]).toEqual([ExitCode.BAD_CONFIG, expect.stringMatching(message)]);
  expect(ended.message).toContain('outside of the pod, say where it is: --set stores.NAME.caFile=');
  expect(ended.stderr).not.toContain('planted');
});

test('on a laptop --set names the file, or leaves it out', async () => {
  const { options, store } = place({ caFile: '/etc/cdk8s-backup/stores/offsite/ca.crt' });
  expect((await run(['list', '--json', '--set', `stores.${store.name}.caFile=${caFile}`], options)).code).toBe(ExitCode.OK);
  expect(await run(['list', '--json', '--set', `stores.${store.name}.caFile=null`], options)).toMatchObject({ code: ExitCode.BAD_CONFIG, stderr: expect.stringContaining('the TLS certificate is not trusted') });
});

function write(directory: string, text: string): string {
  const file = path.join(directory, 'ca.crt');
  writeFileSync(file, text);
  return file;
}
