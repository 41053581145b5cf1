import * as z from 'zod';
import { EngineConfig, NONE_TAKEN } from './engine-config';
import { absolutePath, envName, host, NO_NUL, port, text, texts } from '../../core/fields';

const tls = z.strictObject({
  mode: z.enum(['disable', 'prefer', 'require', 'verify-ca', 'verify-full']),
  caFile: absolutePath.nullable(),
});

const source = z.strictObject({
  engine: z.literal('postgres'),
  host,
  port,
  databaseName: text.nullable(),
  user: text,
  passwordEnv: envName.nullable(),
  tls,
  includeSchemas: texts,
  excludeSchemas: texts,
  includeTables: texts,
  excludeTables: texts,
  globals: z.boolean(),
  lockTimeoutSeconds: z.int().min(1),
});

const target = z.strictObject({
  engine: z.literal('postgres'),
  host,
  port,
  user: text,
  passwordEnv: envName.nullable(),
  tls,
  databaseName: z.string().min(1, 'must name one database: --set target.databaseName=NAME').regex(...NO_NUL),
  sourceDatabaseName: text.nullable(),
  mode: z.enum(['swap', 'in-place', 'new-database']),
  newName: text.nullable(),
  parallelJobs: z.int().min(1).max(64),
  singleTransaction: z.boolean(),
  targetFreeSpaceBytes: z.int().min(1).nullable(),
  safetyBackup: z.boolean(),
  globals: z.boolean(),
  assertions: texts,
}).check(({ value, issues }) => {
  const fault = (path: string, message: string) => issues.push({ code: 'custom', path: [path], input: value, message });
  if ((value.mode === 'new-database') !== (value.newName !== null)) fault('newName', 'must be given with the mode new-database, and be null with every other');
  if (value.newName === value.databaseName) fault('newName', 'must be another name than that of the database: the mode swap replaces it');
  if (value.singleTransaction && value.parallelJobs > 1) fault('parallelJobs', 'must be 1 in a single transaction');
  if (value.mode === 'in-place' && value.targetFreeSpaceBytes !== null) fault('targetFreeSpaceBytes', 'must be null with the mode in-place: the room that an open transaction takes can\'t be measured');
  if (value.mode === 'in-place' && value.parallelJobs > 1) fault('parallelJobs', 'must be 1 with the mode in-place, which works in one transaction');
});

export const postgres = {
  source,
  target,
  extensions: ['dump', 'globals.sql'],
  secrets: null,
  targetOf({ engine, host: sameHost, port: samePort, user, passwordEnv, tls: sameTls, databaseName, globals }) {
    return {
      engine,
      host: sameHost,
      port: samePort,
      user,
      passwordEnv,
      tls: sameTls,
      databaseName: databaseName ?? '', // a backup of all databases: the check of the config says that one has to be named
      sourceDatabaseName: null,
      mode: 'swap',
      newName: null,
      parallelJobs: 1,
      singleTransaction: false,
      targetFreeSpaceBytes: null,
      safetyBackup: true,
      globals,
      assertions: [],
    };
  },
  takesSafetyBackup: ({ mode, safetyBackup }) => mode === 'in-place' && safetyBackup,
  withoutSafetyBackup(config) {
    if (config.mode === 'swap') return `${NONE_TAKEN}: the database that is replaced is kept itself; remove it afterwards: cdk8s-backup discard`;
    return config.mode === 'new-database' ? `${NONE_TAKEN}: nothing is replaced` : { ...config, safetyBackup: false };
  },
  needsFile: ({ parallelJobs }) => parallelJobs > 1,
  reaches: ({ host: server }) => ({ hosts: [server], namespaces: [] }),
} satisfies EngineConfig<'postgres'>;
