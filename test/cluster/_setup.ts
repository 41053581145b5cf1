import { mkdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { whyNot } from './_can-run';
import { startCluster } from './_start';
import makeTempDir from '../_setup';

/** Before all tests: a cluster, which all of them share. */
export default async function setup(): Promise<void> {
  makeTempDir();
  const reason = whyNot();
  if (reason !== undefined) {
    if (process.env.CI !== undefined && process.env.CI !== 'false') throw new Error(`the tests in a cluster can't run here: ${reason}`);
    console.warn(`\nNOT RUN: the tests in a cluster: ${reason}\n`);
    return;
  }
  mkdirSync(path.join(tmpdir(), 'lab', 'tmp'), { recursive: true });
  await startCluster(path.join(tmpdir(), 'node'));
}
