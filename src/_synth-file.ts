/*
 * Files beside the YAML: lifecycle JSON, rule files, dashboards.
 *
 * cdk8s has no hook at the end of `app.synth()`. A validation runs in `synth()` too, but also in `Testing.synth()`, in `synthYaml()`
 * and once more for each chart, and before it is known whether the app is valid: it would write into `dist` while the user's unit tests
 * run, and leave files of an app that failed. So the app's own `synth()` is extended: first all that it does, then the files.
 *
 * The extension is a subclass put between this one app and its class. An own property would do in TypeScript, but the jsii kernel
 * calls `instance.constructor.prototype.synth`, and `app.synth()` in Python, Java or Go would pass it by. No other app, no class and
 * nothing that is imported is changed.
 */
import { mkdirSync, writeFileSync } from 'fs';
import { dirname, join } from 'path';
import { App } from 'cdk8s';
import { Construct, IConstruct } from 'constructs';
import { show } from './_check';

export interface SynthFileProps {
  /**
   * Path inside the output folder, with `/` between its parts. Put it into a folder: `kubectl apply -f dist/` and Argo CD read each
   * `.yaml` and `.json` at the top as a manifest, and fail on one that is none; neither looks into folders.
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
    const other = filesOf(app).find(file => file !== this && collide(file.fileName, this.fileName));
    if (other) {
      throw new Error(`'fileName' ${show(this.fileName)} collides with ${show(other.fileName)} of ${other.node.path}: give one of the two another name`);
    }
    extendSynth(app);
  }

  /** What is in the file, with one line break at its end. */
  public text(): string {
    return `${this.content().replace(/\s+$/, '')}\n`;
  }
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

// Not `instanceof`: the user's cdk8s may be another copy than ours.
function appOf(file: SynthFile): App {
  const root = file.node.root as IConstruct & Partial<App>;
  if (typeof root.synth !== 'function' || typeof root.outdir !== 'string') {
    throw new Error(`${file.node.path} must be inside a cdk8s App, which writes its file: the root of its tree is ${root.constructor.name}`);
  }
  return root as App;
}

const extended = new WeakSet<App>();

function extendSynth(app: App): void {
  if (extended.has(app)) return;
  extended.add(app);
  class AppWithFiles extends (app.constructor as typeof App) {
    public synth(): void {
      super.synth();
      writeFiles(this);
    }
  }
  Object.setPrototypeOf(app, AppWithFiles.prototype);
}

function writeFiles(app: App): void {
  for (const file of filesOf(app)) {
    const path = join(app.outdir, ...file.fileName.split('/'));
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, file.text());
  }
}

const PART = /^[A-Za-z0-9_][A-Za-z0-9_.-]*$/;

function checkFileName(fileName: string, manifestExtension: string): string {
  if (!fileName.split('/').every(part => PART.test(part))) {
    throw new Error(`'fileName' must be a path inside the output folder, of letters, digits, "_", "-" and ".", with "/" between its parts, got ${show(fileName)}`);
  }
  if (fileName.endsWith(manifestExtension)) {
    throw new Error(`'fileName' must not end in ${show(manifestExtension)}, got ${show(fileName)}: that is the ending of the manifests`);
  }
  return fileName;
}

/** Whether two names can't both be written, on file systems that ignore case too. */
function collide(one: string, other: string): boolean {
  const [a, b] = [one.toLowerCase(), other.toLowerCase()];
  return a === b || a.startsWith(`${b}/`) || b.startsWith(`${a}/`);
}
