import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { filesIn, SRC } from './_imports';

/*
 * What is written the same way again and again has one home, which says what it means. Written out anywhere else, it is found here.
 */
const HOMES: readonly [home: string, of: string, written: RegExp][] = [
  ['runner/core/errors.ts', 'exitCodeOf(error)', /\.exitCode : ExitCode\.FAILED/],
];

test.each(HOMES)('%s is the home of %s', (home, _of, written) => {
  expect(filesIn('runner').filter(file => written.test(readFileSync(join(SRC, file), 'utf8')))).toEqual([home]);
});
