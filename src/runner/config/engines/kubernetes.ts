import * as z from 'zod';
import { EngineConfig } from './engine-config';
import { text, texts } from '../../core/fields';

const source = z.strictObject({
  engine: z.literal('kubernetes'),
  namespace: text,
  secretNames: texts,
  configMapNames: texts,
  labelSelector: text.nullable(),
});

const target = z.strictObject({ engine: z.literal('kubernetes'), namespace: text, replace: z.boolean() });

export const kubernetes = {
  source,
  target,
  extensions: ['yaml'],
  secrets: 'Secrets',
  targetOf: ({ engine, namespace }) => ({ engine, namespace, replace: false }),
  takesSafetyBackup: ({ replace }) => replace,
  withoutSafetyBackup: () => 'objects that are replaced in a namespace are always stored before',
  needsFile: () => false,
  reaches: ({ namespace }) => ({ hosts: [], namespaces: [namespace] }),
} satisfies EngineConfig<'kubernetes'>;
