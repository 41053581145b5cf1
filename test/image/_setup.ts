import { whyNot } from './_can-run';
import { makeLab } from './_lab';
import makeTempDir from '../_setup';

/** Before all tests: the image, built once. */
export default async function setup(): Promise<void> {
  makeTempDir();
  const reason = whyNot();
  if (reason === undefined) {
    await makeLab();
    return;
  }
  if (process.env.CI !== undefined && process.env.CI !== 'false') throw new Error(`the tests of the image can't run here: ${reason}`);
  console.warn(`\nNOT RUN: the tests of the runner image: ${reason}\n`);
}
