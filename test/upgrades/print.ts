/*
 * Prints the manifest of the app as this version synthesizes it. Run once, when a version is released, and never again for the same one:
 *
 *   npx tsx test/upgrades/print.ts > test/upgrades/manifests/VERSION.k8s.yaml
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { synthShop } from './_app';

const out = mkdtempSync(path.join(tmpdir(), 'shop-'));
try {
  synthShop(out);
  process.stdout.write(readFileSync(path.join(out, 'shop.k8s.yaml')));
} finally {
  rmSync(out, { recursive: true });
}
