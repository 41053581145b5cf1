import * as z from 'zod';
import { FolderStore } from './store';
import { absolutePath, backupName, text } from '../../core/fields';
import { StoreKind } from '../../store-api/store-kind';

const schema = z.strictObject({
  type: z.literal('folder'),
  name: text,
  directory: absolutePath,
  folder: backupName.nullable(),
});

export const folder = {
  schema,
  open: config => new FolderStore(config),
  bucketOf: () => null,
  sharedPlaceOf: () => null,
} satisfies StoreKind<'folder'>;
