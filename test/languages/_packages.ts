import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, delimiter, dirname, join, relative } from 'node:path';
import { promisify } from 'node:util';
import { goBindings, javaBindings, MAVEN, plus, PLUS_VERSIONS } from './_bindings';
import { version } from '../../package.json';
import { ROOT } from '../pages';

const execute = promisify(execFile);

export type Files = { readonly [name: string]: string };

/** The Node.js of the tests for jsii, which starts the one on the PATH. */
const env = { ...process.env, PATH: [dirname(process.execPath), process.env.PATH].join(delimiter) };

/** Runs a program to its end. What it says is in the error when it fails. */
export async function run(cwd: string, file: string, args: readonly string[], more: NodeJS.ProcessEnv = {}): Promise<string> {
  try {
    return (await execute(file, args, { cwd, env: { ...env, ...more }, maxBuffer: 64 * 1024 * 1024 })).stdout;
  } catch (error) {
    const { stdout = '', stderr = '' } = error as { stdout?: string; stderr?: string };
    throw new Error(`${file} ${args.join(' ')}: ${(error as Error).message.split('\n')[0]}\n${stdout.slice(-4000)}\n${stderr.slice(-4000)}`);
  }
}

/** Runs an app; what it has written, by name. */
export async function synth(cwd: string, out: string, file: string, args: readonly string[]): Promise<Files> {
  const directory = join(cwd, out);
  await run(cwd, file, args, { CDK8S_OUTDIR: directory });
  const files = readdirSync(directory, { recursive: true, withFileTypes: true }).filter(entry => entry.isFile());
  const names = files.map(entry => relative(directory, join(entry.parentPath, entry.name))).sort();
  return Object.fromEntries(names.map(name => [name, readFileSync(join(directory, name), 'utf8')]));
}

/** Writes an app of the folder `apps`, for another cdk8s-plus than it names. */
export function writeApp(file: string, app: string, plusVersion: number): void {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, readFileSync(join(__dirname, 'apps', app), 'utf8').replace(/((?:cdk8s[-_]?|\.)plus[-_]?)28\b/g, `$1${plusVersion}`));
}

/** Installs the npm package, and what an app needs beside it, from the registry. */
export async function installForNode(folder: string, packages: readonly string[]): Promise<void> {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'package.json'), '{ "private": true }');
  const options = ['--no-audit', '--no-fund', '--ignore-scripts', '--prefer-offline', '--loglevel=error'];
  await run(folder, 'npm', ['install', ...options, packaged('js', `cdk8s-backup@${version}.jsii.tgz`), ...packages]);
}

/** Makes an environment of Python with the wheel, and what an app needs beside it, from the index; returns its Python. */
export async function installForPython(folder: string, packages: readonly string[]): Promise<string> {
  const python = join(folder, 'bin', 'python');
  await run(dirname(folder), 'python3', ['-m', 'venv', folder]);
  const wheel = packaged('python', `cdk8s_backup-${version}-py3-none-any.whl`);
  await run(folder, python, ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', wheel, ...packages]);
  return python;
}

/** The class path of the jar, with what Maven says that it needs, and with each cdk8s-plus. */
export async function javaClassPath(folder: string): Promise<string> {
  mkdirSync(folder, { recursive: true });
  const jar = packaged('java', 'io', 'github', 'cdk8s-backup', 'cdk8s-backup', version, `cdk8s-backup-${version}.jar`);
  const file = join(folder, 'class-path');
  const goal = 'org.apache.maven.plugins:maven-dependency-plugin:3.6.1:build-classpath';
  await run(folder, 'mvn', ['-B', '-q', `-Dmaven.repo.local=${MAVEN}`, '-f', jar.replace(/jar$/, 'pom'), goal, `-Dmdep.outputFile=${file}`]);
  return [jar, readFileSync(file, 'utf8').trim(), ...PLUS_VERSIONS.map(plus).map(javaBindings)].join(delimiter);
}

/** Builds an app with the Go module, and with bindings that no proxy has; returns the program. */
export async function buildGo(folder: string, plusVersions: readonly number[]): Promise<string> {
  const modules = [packaged('go', 'cdk8sbackup'), ...[join(ROOT, 'node_modules', 'cdk8s'), ...plusVersions.map(plus)].map(moduleOf)];
  const replaced = modules.map(path => `replace ${/^module (\S+)/m.exec(readFileSync(join(path, 'go.mod'), 'utf8'))![1]} => ${path}`);
  writeFileSync(join(folder, 'go.mod'), ['module app', '', 'go 1.25', '', ...replaced, ''].join('\n'));
  await run(folder, 'go', ['mod', 'tidy']);
  await run(folder, 'go', ['build', '-o', 'app', '.']);
  return join(folder, 'app');
}

/** The module in the folder of the bindings of a package. */
function moduleOf(folder: string): string {
  return join(goBindings(folder), basename(folder).replaceAll('-', ''));
}

/** A package that test/languages/build.ts has made. */
function packaged(language: 'js' | 'python' | 'java' | 'go', ...names: string[]): string {
  const path = join(ROOT, 'dist', language, ...names);
  if (!existsSync(path)) throw new Error(`${relative(ROOT, path)} is missing: make it with "npx projen test:languages", which runs these tests too`);
  return path;
}
