import { rmSync } from 'node:fs';
import { tmpdir } from 'node:os';

/** After all tests: what `_setup.ts` made. */
export default function teardown(): void {
  rmSync(tmpdir(), { recursive: true, force: true });
}
