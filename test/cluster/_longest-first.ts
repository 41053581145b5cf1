import { createRequire } from 'node:module';
import path from 'node:path';

/*
 * The order in which the files are started: the longest first, so that it is not what everything waits for at the end. Jest knows how long a file took only
 * where it has run before.
 *
 * Node.js itself loads this file, and strips the types: it imports no other file of TypeScript.
 */

interface File {
  readonly path: string;
}

type SequencerClass = new (...options: readonly never[]) => { sort(files: File[]): File[] | Promise<File[]> };
const { default: Sequencer } = createRequire(path.resolve('package.json'))('@jest/test-sequencer') as { readonly default: SequencerClass };

export default class LongestFirst extends Sequencer {
  public override async sort(files: File[]): Promise<File[]> {
    const sorted = await super.sort(files);
    const isLongest = (file: File) => path.basename(file.path) === 'runbook.test.ts';
    return [...sorted.filter(isLongest), ...sorted.filter(file => !isLongest(file))];
  }
}
