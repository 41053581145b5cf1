import { whyNot } from './_can-run';
import { freeLab } from './_lab';
import removeTempDir from '../_teardown';

/** After all tests: what `_setup.ts` made. */
export default async function teardown(): Promise<void> {
  if (whyNot() === undefined) await freeLab();
  await removeTempDir();
}
