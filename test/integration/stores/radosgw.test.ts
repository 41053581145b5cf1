import { openStore } from '../../../src/runner/stores/open';
import { describeStore } from '../../runner/stores/conformance';
import { s3Store } from '../servers/_s3';
import { startRadosgw, Radosgw } from '../servers/radosgw';

let server: Radosgw;
let count = 0;

beforeAll(async () => {
  server = await startRadosgw();
});
afterAll(() => server?.stop());

describe.each(['auto', 'required-only'] as const)('with checksums %s', checksums => {
  describeStore('S3Store on radosgw', async () => {
    const bucket = `bucket-${count++}`;
    await server.makeBucket(bucket);
    const { config, env } = s3Store(server, bucket, { checksums });
    return openStore(config, env);
  });
});
