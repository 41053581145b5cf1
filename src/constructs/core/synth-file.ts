/*
 * Files beside the YAML: lifecycle JSON, rule files, dashboards.
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'fs';
import { dirname, resolve } from 'path';
import { App } from 'cdk8s';
import { Construct, IConstruct } from 'constructs';
import { afterSynth, appOf } from './after-synth';
import { show } from './check';

export interface SynthFileProps {
  /**
   * Path inside the output folder, with `/` between its parts. Put it into a folder: `kubectl apply -f dist/` and Argo CD read each
   * `.yaml` and `.json` at the top as a manifest, and fail on one that is none; neither looks into folders. It does not end in `.yaml` or
   * `.yml`: `cdk8s synth --stdout`, its validation plugins and Flux take those in folders for manifests as well.
   */
  readonly fileName: string;

  /** Called once for each synth, after validation: what other constructs add until then is in it. */
  readonly content: () => string;
}

/** A plain file that `app.synth()` writes into the output folder. Tests read it with `synthFiles()`. */
export class SynthFile extends Construct {
  public readonly fileName: string;
  private readonly content: () => string;

  constructor(scope: Construct, id: string, props: SynthFileProps) {
    super(scope, id);
    const app = appOf(this);
    this.fileName = checkFileName(props.fileName, app.outputFileExtension);
    this.content = props.content;
    this.refuseCollision(app);
    afterSynth(this, writeFiles);
  }

  /** What is in the file, with one line break at its end. */
  public text(): string {
    return `${this.content().trimEnd()}\n`;
  }

  /** Not each file looks at each other one: that takes seconds where there are hundreds. */
  private refuseCollision(app: App): void {
    const path = this.fileName.toLowerCase();
    const folders = foldersOf(path);
    const taken = takenIn(app);
    if (taken.files.has(path) || taken.folders.has(path) || folders.some(folder => taken.files.has(folder))) {
      const other = filesOf(app).find(file => file !== this && collide(file.fileName, this.fileName));
      // Not there if it was removed from the app.
      if (other) throw new Error(`'fileName' ${show(this.fileName)} collides with ${show(other.fileName)} of ${other.node.path}: give one of the two another name`);
    }
    taken.files.add(path);
    for (const folder of folders) taken.folders.add(folder);
  }
}

/** Paths in lower case, since file systems may ignore it. */
interface Taken {
  readonly files: Set<string>;
  readonly folders: Set<string>;
}

const takenByApp = new WeakMap<App, Taken>();

function takenIn(app: App): Taken {
  const taken = takenByApp.get(app) ?? { files: new Set(), folders: new Set() };
  takenByApp.set(app, taken);
  return taken;
}

/** `a` and `a/b` of `a/b/c`. */
function foldersOf(path: string): string[] {
  return [...path.matchAll(/\//g)].map(({ index }) => path.slice(0, index));
}

/** The files that the app of this construct writes, by name, without a disk. */
export function synthFiles(scope: IConstruct): { [fileName: string]: string } {
  return Object.fromEntries(filesOf(scope.node.root).map(file => [file.fileName, file.text()]));
}

/** JSON as it stands in a file: properties in the order in which they were given. */
export function jsonText(value: unknown): string {
  return JSON.stringify(value, null, 2);
}

function filesOf(root: IConstruct): SynthFile[] {
  return root.node.findAll().filter((construct): construct is SynthFile => construct instanceof SynthFile && construct.fileName !== undefined)
    .sort((a, b) => a.fileName < b.fileName ? -1 : 1);
}

/** Ids of the charts of the app that has written a file, by its path. Several apps of a process may share an output folder, that of `CDK8S_OUTDIR`. */
const writers = new Map<string, readonly string[]>();

/** One text at a time is in memory: the tests of alerts of thousands of backups are gigabytes. */
function writeFiles(app: App): void {
  const charts = app.node.children.map(({ node }) => node.id);
  const files = filesOf(app).map(file => ({ file, path: resolve(app.outdir, ...file.fileName.split('/')) }));
  for (const { file, path } of files) refuseOverwriting(file, path, charts);
  for (const folder of new Set(files.map(({ path }) => dirname(path)))) mkdirSync(folder, { recursive: true });
  for (const { file, path } of files) {
    writeFileSync(path, file.text());
    writers.set(path, charts);
  }
}

function refuseOverwriting(file: SynthFile, path: string, charts: readonly string[]): void {
  const before = writers.get(path);
  // One with the same charts replaces the manifests too: it is the same app, made again.
  if (before === undefined || before.some(chart => charts.includes(chart)) || !existsSync(path) || readFileSync(path, 'utf8') === file.text()) return;
  throw new Error(`${file.node.path} would overwrite ${path}, which another app, that of ${before.map(show).join(', ')}, has written: give each app an 'outdir' of its own, or one of the two files another name`);
}

const PART = /^[A-Za-z0-9_][A-Za-z0-9_.-]*$/;

function checkFileName(fileName: string, manifestExtension: string): string {
  if (!fileName.split('/').every(part => PART.test(part))) {
    throw new Error(`'fileName' must be a path inside the output folder, of letters, digits, "_", "-" and ".", with "/" between its parts, got ${show(fileName)}`);
  }
  if (fileName.endsWith(manifestExtension)) {
    throw new Error(`'fileName' must not end in ${show(manifestExtension)}, got ${show(fileName)}: that is the ending of the manifests`);
  }
  if (/\.ya?ml$/i.test(fileName)) {
    throw new Error(`'fileName' must not end in ".yaml" or ".yml", got ${show(fileName)}: "cdk8s synth --stdout" and Flux take each of those for a manifest, in folders too`);
  }
  return fileName;
}

/** Whether two names can't both be written, on file systems that ignore case too. */
function collide(one: string, other: string): boolean {
  const [a, b] = [one.toLowerCase(), other.toLowerCase()];
  return a === b || a.startsWith(`${b}/`) || b.startsWith(`${a}/`);
}
