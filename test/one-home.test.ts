import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { filesIn, SRC } from './_imports';

/*
 * What is written the same way again and again has one home, which says what it means. Written out anywhere else, it is found here.
 */
const HOMES: readonly [home: string, of: string, written: RegExp][] = [
  ['runner/core/errors.ts', 'exitCodeOf(error)', /\.exitCode : ExitCode\.FAILED/],
  ['runner/core/disk.ts', 'freeBytes(directory) and roomIn(scratch)', /\{ bavail|\.bavail/],
  ['runner/core/sum.ts', 'sum(numbers)', /\.reduce\(.* => \w+ \+ /],
  ['runner/stream/compress.ts', 'isUndecompressible(error)', /ERR_ZLIB/],
  ['runner/core/side-by-side.ts', 'sideBySide(items, atOnce, act)', /Promise\.all\(Array\.from\(/],
  ['runner/catalog/sizes.ts', 'bytesOf(artifacts), plainBytesOf(artifact) and secondsOf(record)', /\.?plainBytes\b[^:]{0,5} \?\? |finishedAt\) - Date\.parse\([\w.]*startedAt/],
];

test.each(HOMES)('only %s writes out what is %s', (home, _of, written) => {
  const files = filesIn('runner');
  expect(files).toContain(home);
  expect(files.filter(file => file !== home && written.test(readFileSync(join(SRC, file), 'utf8')))).toEqual([]);
});
