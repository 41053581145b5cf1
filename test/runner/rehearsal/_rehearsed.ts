import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Readable } from 'node:stream';
import { Chart, Testing, Yaml } from 'cdk8s';
import { REHEARSAL_LABEL } from '../../../src/contract/runbook';
import { run } from '../../../src/runner/cli';
import { fileOf, shop } from '../../constructs/runbook/_shop-runbook';
import { objectsOf } from '../../synth';
import { capture } from '../_fixtures';

/** What a Secret of the cluster has. */
export const SECRET = 'word-of-the-secret';

/**
 * What a rehearsal needs of kubectl, without a cluster: it writes down what it is asked, and answers from files. `failing` has words of a call that fails,
 * `ending` the condition of all Jobs.
 */
const KUBECTL = `#!/bin/bash
cd "$(dirname "$0")/../cluster"
echo "kubectl $*" >> calls
if [ -e failing ] && [[ "$*" == *"$(cat failing)"* ]]; then echo 'error: the server has refused' >&2; exit 1; fi
N=default; [ "$1" = -n ] && N=$2 && shift 2
case "$1 $2" in
  'config current-context') cat context ;;
  'config view') cat namespace 2>/dev/null ;;
  'get namespace') cat "namespace-$3" 2>/dev/null ;;
  'get cronjob' | 'get service') cat "$2-$5-$3" 2>/dev/null ;;
  'get secret') printf %s '${SECRET}' ;;
  'create job') echo "job $3 created" ;;
  'create -f' | 'patch --local' | 'apply -f') cat ;;
  'logs -f') echo 'the log of the Job' ;;
  get\\ job/*) cat ending ;;
  exec\\ *) while [ -e switching ] && ! grep -q production context; do sleep 0.01; done; echo 'the list of backups' ;;
  port-forward\\ *) exec 2> /dev/null; echo "Forwarding"; echo $$ > forward; trap 'echo stopped >> forward; exit' TERM; while :; do sleep 0.05; done ;;
esac
exit 0
`;

/** A folder with a synthesized app of the namespace `shop-rehearsal`, and a cluster in which it is applied. */
export class RehearsedShop {
  public readonly page: string;
  private readonly home = mkdtempSync(path.join(tmpdir(), 'rehearsal-'));

  /** @param define other databases than those inside of the namespace */
  constructor(define: (chart: Chart) => void = chart => shop(chart, {}, { health: 'http://till/healthy' }), namespace: string | null = 'shop-rehearsal') {
    for (const folder of ['bin', 'cluster', 'dist']) mkdirSync(path.join(this.home, folder));
    this.program('kubectl', KUBECTL);
    this.program('npx', '#!/bin/bash\ncd "$(dirname "$0")/../cluster"; echo "npx $*" >> calls; echo "kind: Job"\n');
    for (const name of ['pg_dump', 'pg_restore', 'psql']) {
      this.program(name, `#!/bin/bash\necho "${name} $*" >> "$(dirname "$0")/../cluster/calls"; [ ${name} != pg_dump ] || touch table.dump\n`);
    }
    const chart = new Chart(Testing.app(), 'chart', { namespace: namespace ?? undefined });
    define(chart);
    const objects = objectsOf(chart);
    this.page = path.join(this.home, 'dist', 'RUNBOOK.md');
    writeFileSync(this.page, fileOf(chart, 'RUNBOOK.md'));
    writeFileSync(path.join(this.home, 'dist', 'chart.k8s.yaml'), objects.map(object => Yaml.stringify(object)).join('---\n'));
    this.says('context', 'staging\n').says('ending', 'Complete\n');
    if (namespace !== null) this.namespace(namespace, true);
    for (const object of objects.filter(({ kind }) => kind === 'CronJob')) this.says(`cronjob-${namespace}-${object.metadata.name}`, JSON.stringify(object));
  }

  /** What the cluster answers from now on. */
  public says(file: string, text: string): this {
    writeFileSync(path.join(this.home, 'cluster', file), text);
    return this;
  }

  public namespace(name: string, labelled: boolean): this {
    return this.says(`namespace-${name}`, JSON.stringify({ metadata: { name, labels: labelled ? { [REHEARSAL_LABEL]: 'true' } : {} } }));
  }

  public service(namespace: string, name: string, spec: object = { selector: { app: name } }): this {
    return this.says(`service-${namespace}-${name}`, JSON.stringify({ spec }));
  }

  /** All that programs were called with. */
  public get calls(): readonly string[] {
    const file = path.join(this.home, 'cluster', 'calls');
    return existsSync(file) ? readFileSync(file, 'utf8').trimEnd().split('\n') : [];
  }

  /** Those that may change something. */
  public get changes(): readonly string[] {
    return this.calls.filter(call => !/^kubectl (config|get (namespace|service|cronjob)) /.test(call));
  }

  public read(file: string): string {
    return readFileSync(path.join(this.home, file), 'utf8');
  }

  /** An empty file in the folder of the page. */
  public beside(file: string): this {
    writeFileSync(path.join(this.home, 'dist', file), '');
    return this;
  }

  public async until(called: (call: string) => boolean): Promise<void> {
    while (!this.calls.some(called)) await new Promise(resolve => setTimeout(resolve, 2));
  }

  public rehearse(scenario: string, ...args: string[]) {
    return this.rehearseUntil(new AbortController().signal, scenario, ...args);
  }

  public async rehearseUntil(signal: AbortSignal, scenario: string, ...args: string[]) {
    const [stdout, stderr] = [capture(), capture()];
    const code = await run(['rehearse', this.page, '--scenario', scenario, '--log-format', 'text', ...args], {
      env: { ...process.env, PATH: `${path.join(this.home, 'bin')}:${process.env.PATH}` },
      stdin: Readable.from([]),
      stdout,
      stderr,
      signal,
    });
    return { code, stdout: stdout.text(), stderr: stderr.text() };
  }

  private program(name: string, text: string): void {
    const file = path.join(this.home, 'bin', name);
    writeFileSync(file, text);
    chmodSync(file, 0o755);
  }
}
