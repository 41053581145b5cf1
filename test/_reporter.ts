import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

/*
 * Says of each file of tests that failed which servers' logs to read, and keeps them.
 *
 * Node.js itself loads this file, and strips the types: it imports no other file of TypeScript.
 */

/** As far as it is looked at. */
interface FileResult {
  readonly testFilePath: string;
  readonly numFailingTests: number;
  readonly testExecError?: unknown;
}

export default class ServerLogs {
  public onRunComplete(_contexts: unknown, { testResults }: { readonly testResults: readonly FileResult[] }): void {
    const failed = testResults.filter(({ numFailingTests, testExecError }) => numFailingTests > 0 || testExecError != null);
    if (failed.length === 0) return;
    writeFileSync(path.join(tmpdir(), 'failed'), ''); // _teardown.ts keeps what there is
    const root = process.cwd();
    for (const { testFilePath } of failed) {
      const file = path.relative(root, testFilePath);
      const directory = path.join(tmpdir(), 'logs', file.replaceAll(path.sep, '_'));
      const logs = existsSync(directory) ? readdirSync(directory).sort() : [];
      if (logs.length > 0) process.stderr.write(`\nLogs of the servers of ${file}, in ${directory}:\n${logs.map(log => `  ${log}\n`).join('')}`);
    }
  }
}
