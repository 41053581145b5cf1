import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { delimiter, dirname, join, relative } from 'node:path';
import { promisify } from 'node:util';
import { version } from '../../package.json';
import { ROOT } from '../pages';

const run = promisify(execFile);

/** The app that is written in each of the languages. */
export const APPS = join(__dirname, 'apps');

/** The Node.js of the tests for jsii, which starts the one on the PATH. */
const env = { ...process.env, PATH: [dirname(process.execPath), process.env.PATH].join(delimiter) };

/** A package that `projen package-all` has made. */
export function packaged(language: 'js' | 'python' | 'java' | 'go', ...names: string[]): string {
  const path = join(ROOT, 'dist', language, ...names);
  if (!existsSync(path)) throw new Error(`${relative(ROOT, path)} is missing: make it with "npx projen test:languages", which runs these tests too`);
  return path;
}

/** Runs a program to its end. What it says is in the error when it fails. */
export async function execute(cwd: string, file: string, args: readonly string[], more: NodeJS.ProcessEnv = {}): Promise<string> {
  try {
    const { stdout } = await run(file, args, { cwd, env: { ...env, ...more }, maxBuffer: 64 * 1024 * 1024 });
    return stdout;
  } catch (error) {
    const { stdout = '', stderr = '' } = error as { stdout?: string; stderr?: string };
    throw new Error(`${file} ${args.join(' ')}: ${(error as Error).message.split('\n')[0]}\n${stdout.slice(-4000)}\n${stderr.slice(-4000)}`);
  }
}

/** Runs an app; what it has written, by name. */
export async function synth(cwd: string, file: string, args: readonly string[]): Promise<{ readonly [file: string]: string }> {
  const out = join(cwd, `out-${args.join('-').replaceAll('/', '-')}`);
  await execute(cwd, file, args, { CDK8S_OUTDIR: out });
  const files = readdirSync(out, { recursive: true, withFileTypes: true }).filter(entry => entry.isFile());
  const names = files.map(entry => relative(out, join(entry.parentPath, entry.name))).sort();
  return Object.fromEntries(names.map(name => [name, readFileSync(join(out, name), 'utf8')]));
}

/** Writes the app into a folder, for another cdk8s-plus than it has. */
export function writeApp(folder: string, app: string, name: string, plusVersion = 28): void {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, name), readFileSync(join(APPS, app), 'utf8').replace(/cdk8s([-_])plus([-_])28/g, `cdk8s$1plus$2${plusVersion}`));
}

/** Installs the npm package, and what an app needs beside it, from the registry. */
export async function installForNode(folder: string, packages: readonly string[]): Promise<void> {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'package.json'), '{ "private": true }');
  const options = ['--no-audit', '--no-fund', '--ignore-scripts', '--prefer-offline', '--loglevel=error'];
  await execute(folder, 'npm', ['install', ...options, packaged('js', `cdk8s-backup@${version}.jsii.tgz`), ...packages]);
}

/** Makes an environment of Python with the wheel, and what an app needs beside it, from the index; returns its Python. */
export async function installForPython(folder: string, packages: readonly string[]): Promise<string> {
  const python = join(folder, 'bin', 'python');
  await execute(dirname(folder), 'python3', ['-m', 'venv', folder]);
  await execute(folder, python, ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', packaged('python', `cdk8s_backup-${version}-py3-none-any.whl`), ...packages]);
  return python;
}
