/*
 * Bindings of cdk8s and cdk8s-plus for Java and Go. Maven Central and the Go proxy do not have all of them, so they are generated from the npm packages,
 * once, into the cache of the tests.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';
import { ROOT } from '../pages';

const CACHE = join(process.env.CDK8S_BACKUP_TEST_CACHE ?? join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'cdk8s-backup-test'), 'languages');

/** Maven's repository of the tests. */
export const MAVEN = join(CACHE, 'maven');

/** The cdk8s-plus of the apps in Java and Go: the one that this library is built on, and a later one. */
export const PLUS_VERSIONS = [28, 34];

const env = { ...process.env, PATH: [join(ROOT, 'node_modules', '.bin'), process.env.PATH].join(delimiter) };

/** The npm package of a cdk8s-plus, from node_modules or else from the registry. */
export function plus(version: number): string {
  const name = `cdk8s-plus-${version}`;
  const ours = join(ROOT, 'node_modules', name);
  if (existsSync(ours)) return ours;
  const folder = join(CACHE, 'npm', 'node_modules', name);
  if (!existsSync(folder)) {
    mkdirSync(join(CACHE, 'npm'), { recursive: true });
    writeFileSync(join(CACHE, 'npm', 'package.json'), '{ "private": true }');
    run('npm', ['install', '--prefix', join(CACHE, 'npm'), '--no-audit', '--no-fund', '--ignore-scripts', '--loglevel=error', name]);
  }
  return folder;
}

/** Makes the jar of an npm package, in Maven's repository of the tests; returns where it is. */
export function javaBindings(folder: string): string {
  const { name, version } = packageOf(folder);
  const jar = join(MAVEN, 'org', 'cdk8s', name, version, `${name}-${version}.jar`);
  if (!existsSync(jar)) {
    const out = temporary();
    // 850 classes of Kubernetes objects, whose documentation nobody reads here.
    pacmak(folder, out, ['java'], { mavenOptions: '-Dmaven.javadoc.skip=true -Dmaven.source.skip=true' });
    rmSync(out, { recursive: true });
  }
  return jar;
}

/** Makes the Go module of an npm package; returns the folder that has that of the module. */
export function goBindings(folder: string): string {
  const { name, version } = packageOf(folder);
  const made = join(CACHE, 'go', `${name}@${version}`);
  if (!existsSync(made)) {
    const out = temporary();
    pacmak(folder, out, ['go'], { codeOnly: true });
    mkdirSync(join(CACHE, 'go'), { recursive: true });
    renameSync(join(out, 'go'), made);
    rmSync(out, { recursive: true });
  }
  return made;
}

export interface PacmakOptions {
  readonly mavenOptions?: string;
  readonly codeOnly?: boolean;
}

export function pacmak(folder: string, out: string, targets: readonly string[], { mavenOptions = '', codeOnly = false }: PacmakOptions): void {
  const args = [folder, '--outdir', out, '--maven-local-repository', MAVEN, ...codeOnly ? ['--code-only'] : [], ...targets.flatMap(target => ['--target', target])];
  run('jsii-pacmak', args, { MAVEN_OPTS: `${process.env.MAVEN_OPTS ?? ''} ${mavenOptions}` });
}

function run(file: string, args: readonly string[], more: NodeJS.ProcessEnv = {}): void {
  const begun = Date.now();
  execFileSync(file, args, { env: { ...env, ...more }, stdio: ['ignore', 'inherit', 'inherit'] });
  console.log(`${Math.round((Date.now() - begun) / 1000)} s: ${[file, ...args].join(' ')}`);
}

function packageOf(folder: string): { readonly name: string; readonly version: string } {
  return JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
}

/** A folder in the cache, from which things can be renamed to their place. */
function temporary(): string {
  mkdirSync(CACHE, { recursive: true });
  return mkdtempSync(join(CACHE, '.new-'));
}
