/*
 * What a shell makes of the completion scripts: bash and fish are asked, and zsh, which can't be, is typed into.
 */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { run } from './_runner';
import { tempDir, until } from './servers/_process';

const directory = tempDir('completion');
const script = (shell: string) => path.join(directory, `cdk8s-backup.${shell}`);

beforeAll(async () => {
  for (const shell of ['bash', 'zsh', 'fish']) {
    const { code, stdout } = await run(['completion', shell], {});
    expect(code).toBe(0);
    writeFileSync(script(shell), stdout);
  }
  writeFileSync(path.join(directory, 'shop.k8s.yaml'), '');
});

/** What is completed where there is one thing that fits. */
const CASES: readonly (readonly [typed: string, completed: string])[] = [
  ['restore-m', 'restore-manifest'],
  ['lifecycle ap', 'apply'],
  ['verify --rep', '--repair'],
  ['lifecycle apply --keep', '--keep-others'],
  ['list --log-format te', 'text'],
  ['rollback --dry', '--dry-run'],
  ['completion fi', 'fish'],
];

test.each(CASES)('bash completes "%s" by %s', (typed, completed) => {
  const words = ['cdk8s-backup', ...typed.split(' ')];
  const asked = 'source "$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _cdk8s_backup; printf "%s\\n" "${COMPREPLY[@]}"';
  expect(execFileSync('bash', ['--norc', '-c', asked, 'bash', script('bash'), ...words], { encoding: 'utf8' }).split('\n').filter(word => word !== '')).toEqual([completed]);
});

test('bash completes a file where one is meant, and has all commands at first', () => {
  const asked = `source ${script('bash')}; complete -p cdk8s-backup; COMP_WORDS=(cdk8s-backup list --manifest sh); COMP_CWORD=3; _cdk8s_backup; echo "files: \${#COMPREPLY[@]}"`;
  expect(execFileSync('bash', ['--norc', '-c', asked], { encoding: 'utf8' })).toMatch(/^complete -o default -F _cdk8s_backup cdk8s-backup\nfiles: 0\n$/);
});

test.each(CASES)('fish completes "%s" by %s', (typed, completed) => {
  const said = execFileSync('fish', ['--no-config', '-c', `source ${script('fish')}; complete -C 'cdk8s-backup ${typed}'`], { encoding: 'utf8', env: { ...process.env, HOME: directory } });
  expect(said.trimEnd().split('\n').map(line => line.split('\t')[0])).toEqual([completed]);
});

test('fish completes a file where one is meant', () => {
  const said = execFileSync('fish', ['--no-config', '-c', `source ${script('fish')}; complete -C 'cdk8s-backup list --manifest sh'`], {
    cwd: directory, encoding: 'utf8', env: { ...process.env, HOME: directory },
  });
  expect(said.trim()).toBe('shop.k8s.yaml');
});

test('zsh completes all of these when a tab is typed', async () => {
  const shell = spawn('script', ['-qc', 'zsh -f -i', '/dev/null'], { cwd: directory, stdio: ['pipe', 'pipe', 'inherit'], env: { ...process.env, HOME: directory, TERM: 'dumb' } });
  let said = '';
  shell.stdout.setEncoding('utf8').on('data', text => said += text);
  const type = async (line: string, answer: string) => {
    shell.stdin.write(line);
    await until(`zsh says ${answer}`, 30_000, async () => said.includes(answer));
  };
  try {
    // What stands in quotes is not what is said: a terminal shows what is typed as well.
    await type(`autoload -U compinit; compinit -u -D; source ${script('zsh')}; cdk8s-backup() { print "GOT"":$*:"; }; print "READ""Y"\n`, 'READY');
    for (const [typed, completed] of [...CASES, ['list --manifest sh', 'shop.k8s.yaml']] as const) {
      said = '';
      const whole = [...typed.split(' ').slice(0, -1), completed].join(' ');
      await type(`cdk8s-backup ${typed}\t`, `cdk8s-backup ${whole}`); // zsh takes a tab and a line break at once for pasted
      await type('\n', `GOT:${whole}:`);
    }
  } finally {
    shell.stdin.end('exit\n');
    await once(shell, 'close');
  }
}, 120_000);
