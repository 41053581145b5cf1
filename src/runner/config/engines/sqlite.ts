import * as z from 'zod';
import { EngineConfig, NONE_TAKEN } from './engine-config';
import { absolutePath, texts } from '../../core/fields';

const source = z.strictObject({
  engine: z.literal('sqlite'),
  path: absolutePath,
  lockTimeoutSeconds: z.int().min(1),
});

const target = source.extend({ keepPrevious: z.boolean(), assertions: texts });

export const sqlite = {
  source,
  target,
  extensions: ['db'],
  secrets: null,
  targetOf: config => ({ ...config, keepPrevious: true, assertions: [] }),
  takesSafetyBackup: () => false,
  withoutSafetyBackup: () => `${NONE_TAKEN}: the file that is replaced is kept beside it, unless target.keepPrevious is false`,
  needsFile: () => false,
  reaches: () => ({ hosts: [], namespaces: [] }),
} satisfies EngineConfig<'sqlite'>;
