import * as z from 'zod';
import { EngineConfig, NONE_TAKEN } from './engine-config';
import { absolutePath, envName, host, port, text } from '../../core/fields';

const tls = z.strictObject({ caFile: absolutePath.nullable() }).nullable();

const source = z.strictObject({
  engine: z.literal('redis'),
  host,
  port,
  user: text.nullable(),
  passwordEnv: envName.nullable(),
  tls,
});

const target = z.strictObject({
  engine: z.literal('redis'),
  host,
  port,
  user: text.nullable(),
  passwordEnv: envName.nullable(),
  tls,
  mode: z.enum(['replication', 'keys', 'rdb-file']),
  replace: z.boolean(),
  advertiseHostEnv: envName.nullable(),
  listenPort: z.int().min(0).max(65535),
  directory: absolutePath.nullable(),
  safetyBackup: z.boolean(),
  assertions: z.array(z.strictObject({ pattern: text, atLeast: z.int().min(1) })).readonly(),
}).check(({ value, issues }) => {
  if ((value.mode === 'rdb-file') !== (value.directory !== null)) {
    issues.push({ code: 'custom', path: ['directory'], input: value, message: 'must be given with the mode rdb-file, and be null with every other' });
  }
});

export const redis = {
  source,
  target,
  extensions: ['rdb'],
  secrets: null,
  targetOf: config => ({
    ...config, mode: 'replication', replace: false, advertiseHostEnv: null, listenPort: 0, directory: null, safetyBackup: true, assertions: [],
  }),
  // Key by key, an empty server has nothing to store.
  takesSafetyBackup: ({ mode, replace, safetyBackup }) => safetyBackup && (mode === 'replication' || (mode === 'keys' && replace)),
  withoutSafetyBackup: config => config.mode === 'rdb-file'
    ? `${NONE_TAKEN}: the files that are replaced are kept beside; remove them afterwards: cdk8s-backup discard`
    : { ...config, safetyBackup: false },
  needsFile: () => false,
  reaches: ({ host: server }) => ({ hosts: [server], namespaces: [] }),
} satisfies EngineConfig<'redis'>;
