import { ExitCode } from '../../../src/contract/exit-code';
import { planParts } from '../../../src/runner/store-api/parts';
import { s3Limits } from '../../../src/runner/stores/s3/limits';

const MiB = 1024 ** 2;
const GiB = 1024 ** 3;
const TiB = 1024 ** 4;

test.each([
  ['a small body', null, 10_000, { partBytes: 16 * MiB, buffers: 5 }],
  ['a dump of nothing', 0, 10_000, { partBytes: 16 * MiB, buffers: 5 }],
  ['78 GiB', 78 * GiB, 10_000, { partBytes: 16 * MiB, buffers: 5 }],
  ['200 GiB', 200 * GiB, 10_000, { partBytes: 41 * MiB, buffers: 5 }],
  ['1 TiB', TiB, 10_000, { partBytes: 210 * MiB, buffers: 2 }],
  ['5 TiB', 5 * TiB, 10_000, { partBytes: 1024 * MiB, buffers: 1 }],
  ['20 GiB where 1,000 parts are allowed', 20 * GiB, 1000, { partBytes: 41 * MiB, buffers: 5 }],
  ['900 GiB where 1,000 parts are allowed', 900 * GiB, 1000, { partBytes: 1024 * MiB, buffers: 1 }],
])('cuts %s into parts that fit', (_case, expectedBytes, maxParts, plan) => {
  expect(planParts(expectedBytes, s3Limits(maxParts))).toMatchObject({ ...plan, maxParts });
  expect(plan.partBytes * plan.buffers).toBeLessThanOrEqual(Math.max(512 * MiB, plan.partBytes)); // what docs/explanation/guarantees.md says of memory
  expect(plan.partBytes * maxParts).toBeGreaterThanOrEqual(expectedBytes ?? 0);
});

test.each([
  [5 * TiB + 1, 10_000, /about 5121 GiB are expected, and an object of 10000 parts can have 5120 GiB: .*use a volume/],
  [TiB, 1000, /about 1024 GiB are expected, and an object of 1000 parts can have 1000 GiB: .*raise maxParts/],
])('fails early on %i bytes in %i parts', (expectedBytes, maxParts, message) => {
  expect(() => planParts(expectedBytes, s3Limits(maxParts))).toThrow(expect.objectContaining({
    exitCode: ExitCode.BAD_CONFIG, message: expect.stringMatching(message),
  }));
});
