import { stopCluster } from './_start';
import removeTempDir from '../_teardown';

/** After all tests: what `_setup.ts` made. */
export default async function teardown(): Promise<void> {
  await stopCluster();
  await removeTempDir();
}
