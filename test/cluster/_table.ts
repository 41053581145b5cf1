/*
 * After all tests: what was played in the cluster, and how long it took.
 *
 * Node.js itself loads this file, and strips the types: it imports no other file of TypeScript.
 */

/** As far as they are looked at. */
interface TestResult {
  readonly ancestorTitles: readonly string[];
  readonly title: string;
  readonly status: string;
  readonly duration?: number | null;
}
interface FileResult {
  readonly testResults: readonly TestResult[];
}

export default class Table {
  public onRunComplete(_contexts: unknown, { testResults }: { readonly testResults: readonly FileResult[] }): void {
    const rows = testResults.flatMap(file => file.testResults).map(({ ancestorTitles, title, status, duration }) => {
      const outcome = status === 'passed' ? `${((duration ?? 0) / 1000).toFixed(1)} s`.padStart(8) : status.padStart(8);
      return `${outcome}  ${[...ancestorTitles, title].join(': ')}\n`;
    });
    if (rows.length > 0) process.stderr.write(`\nPlayed in the cluster:\n${rows.join('')}`);
  }
}
