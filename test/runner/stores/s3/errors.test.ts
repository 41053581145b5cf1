import { ExitCode } from '../../../../src/contract/exit-code';
import { PATIENCE } from '../../../../src/runner/store-api/service';
import { openS3 } from '../../../../src/runner/stores/s3/client';
import { explainS3Error } from '../../../../src/runner/stores/s3/errors';
import { anS3Store } from '../../_fixtures';

/*
 * Answers of services that no test server gives. The others are met for real in the integration tests.
 */
const target = openS3(anS3Store(), {}, PATIENCE);

const minio = openS3(anS3Store({ endpoint: 'https://minio.example.com:9000' }), {}, PATIENCE);

test('a certificate that is not trusted: a service of one\'s own is given its authority, and AWS has none of one\'s own', () => {
  const error = Object.assign(new Error('said'), { code: 'SELF_SIGNED_CERT_IN_CHAIN' });
  expect(explainS3Error(error, minio, 'list it').message).toContain("the TLS certificate is not trusted (said): check the endpoint, or give the store the authority that signed it: 'caCertificate' of BackupStore.s3");
  expect(explainS3Error(error, target, 'list it').message).not.toContain('caCertificate');
});

test.each([
  ['ExpiredToken', { name: 'ExpiredToken' }, 400, ExitCode.DENIED, 'the credentials have expired: renew them'],
  ['InvalidToken', { name: 'InvalidToken' }, 400, ExitCode.DENIED, 'the session token is not valid'],
  ['PermanentRedirect', { name: 'PermanentRedirect', $response: { headers: { 'x-amz-bucket-region': 'eu-west-1' } } }, 301,
    ExitCode.BAD_CONFIG, 'the bucket is in another region than the config says: set the region to eu-west-1'],
  ['RequestTimeTooSkewed', { name: 'RequestTimeTooSkewed', ServerTime: new Date(Date.now() + 20 * 60_000).toISOString() }, 403,
    ExitCode.DENIED, "the server's is 20 minutes ahead: set the clock of the node, or of the server, by NTP"],
  ['a HEAD without permission', { name: 'Forbidden' }, 403, ExitCode.DENIED, 'access denied (Forbidden: said): the credentials are known'],
  ['an archived object', { name: 'InvalidObjectState' }, 403, ExitCode.NOT_FOUND, 'the object is in an archive class, where nothing can be read before it was thawed'],
  ['InvalidStorageClass', { name: 'InvalidStorageClass' }, 400, ExitCode.BAD_CONFIG, 'the service refuses a setting (InvalidStorageClass: said)'],
  ['a disabled key', { name: 'KMS.DisabledException' }, 400, ExitCode.BAD_CONFIG, "the service can't use the key for the encryption"],
  ['a full MinIO', { name: 'XMinioStorageFull' }, 507, ExitCode.NO_SPACE, 'the storage or its quota is full'],
  ['MethodNotAllowed', { name: 'MethodNotAllowed' }, 405, ExitCode.BAD_CONFIG, 'the service does not support it (MethodNotAllowed: said)'],
  ['any 502', { name: 'Unknown' }, 502, ExitCode.UNAVAILABLE, 'the service fails (502 Unknown: said)'],
  ['a cut connection', { name: 'Error', code: 'ECONNRESET' }, undefined, ExitCode.UNAVAILABLE, 'the connection was cut'],
  ['a time-out', { name: 'TimeoutError' }, undefined, ExitCode.UNAVAILABLE, 'the service does not answer'],
  ['a self-signed certificate', { name: 'Error', code: 'DEPTH_ZERO_SELF_SIGNED_CERT' }, undefined, ExitCode.BAD_CONFIG, 'NODE_EXTRA_CA_CERTS'],
  ['damage on the way', { name: 'Error', message: 'Checksum mismatch: expected "a" but received "b"' }, undefined, ExitCode.CORRUPT,
    'other bytes arrived than were stored'],
  ['anything else', { name: 'Odd' }, 400, ExitCode.FAILED, '400 Odd: said'],
])('explains %s', (_case, failure, httpStatusCode, exitCode, message) => {
  const error = explainS3Error(Object.assign(new Error('said'), { $metadata: { httpStatusCode } }, failure), target, 'list it');
  expect(error.exitCode).toBe(exitCode);
  expect(error.message).toContain('offsite (s3://backups at AWS): can\'t list it: ');
  expect(error.message).toContain(message);
});
