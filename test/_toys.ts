import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import ts from 'typescript';
import { SRC } from './_imports';

const ROOT = join(SRC, '..');

/** A line that is added to a file behind one that is there, and what it needs to be imported. */
export interface AddedLine {
  readonly file: string;
  readonly behind: string;
  readonly line: string;
  readonly imported: string;
}

export interface ToyOptions {
  /** Folder below test/seam: its files, which end with .txt so that nothing else compiles them, go where their paths say. */
  readonly toys: string;
  /** Folders of src that are copied. */
  readonly halves: readonly string[];
  readonly lines: readonly AddedLine[];
  /** Where the program begins, below src. */
  readonly entry: string;
  /** Of the project, below its root. */
  readonly tsconfig: string;
  readonly options?: ts.CompilerOptions;
}

/** A copy of a half of the sources with a toy engine and a toy store: folders of their own and {@link AddedLine}s, and nothing else is changed. */
export class ToyProject {
  public readonly directory = mkdtempSync(join(tmpdir(), 'seam.'));
  public readonly src = join(this.directory, 'src');
  /** Files of the toys, below src. */
  public readonly toys: readonly string[];
  /** Where the program begins. */
  public readonly entry: string;
  private readonly options: ts.CompilerOptions;
  /** What is alike in all programs is read and resolved once. */
  private readonly unchanged = new Map<string, ts.SourceFile | undefined>();
  private before: ts.Program | undefined;

  constructor({ toys, halves, lines, entry, tsconfig, options }: ToyOptions) {
    const from = join(__dirname, 'seam', toys);
    this.toys = readdirSync(from, { recursive: true }).map(String).filter(file => file.endsWith('.ts.txt')).map(file => file.slice(0, -'.txt'.length));
    for (const half of halves) cpSync(join(SRC, half), join(this.src, half), { recursive: true });
    symlinkSync(join(ROOT, 'node_modules'), join(this.directory, 'node_modules'));
    cpSync(join(ROOT, 'package.json'), join(this.directory, 'package.json'));
    for (const toy of this.toys) {
      mkdirSync(dirname(join(this.src, toy)), { recursive: true });
      cpSync(join(from, `${toy}.txt`), join(this.src, toy));
    }
    for (const { file, behind, line, imported } of lines) {
      const before = readFileSync(join(this.src, file), 'utf8');
      if (before.split(`${behind}\n`).length !== 2) throw new Error(`"${behind}" stands not once in src/${file}: say in this test behind which line a toy's goes`);
      writeFileSync(join(this.src, file), `${imported}\n${before.replace(`${behind}\n`, `${behind}\n${line}\n`)}`);
    }
    const { config } = ts.readConfigFile(join(ROOT, tsconfig), ts.sys.readFile);
    const parsed = ts.parseJsonConfigFileContent({ ...config, include: [] }, ts.sys, this.directory);
    this.options = { ...parsed.options, rootDir: this.directory, ...options };
    this.entry = join(this.src, entry);
  }

  /**
   * What the compiler says.
   *
   * @param changes to the texts of some files, by their paths below src
   * @param which files are asked about
   */
  public problems(changes: { readonly [file: string]: (text: string) => string } = {}, which: (file: string) => boolean = () => true): string[] {
    const { src } = this;
    const program = this.program(changes);
    const files = program.getSourceFiles().filter(({ fileName }) => fileName.startsWith(src) && which(relative(src, fileName)));
    return files.flatMap(file => [...program.getSyntacticDiagnostics(file), ...program.getSemanticDiagnostics(file)])
      .map(({ file, messageText }) => `${relative(src, file!.fileName)}: ${ts.flattenDiagnosticMessageText(messageText, '\n')}`);
  }

  /** What the compiler says where one of the lines was forgotten, about its file and those of the toys. */
  public problemsWithout({ file, line, imported }: AddedLine): string[] {
    const without = (text: string) => text.replace(`${line}\n`, '').replace(`${imported}\n`, '');
    return this.problems({ [file]: without }, each => each === file || this.toys.includes(each));
  }

  public remove(): void {
    rmSync(this.directory, { recursive: true });
  }

  private program(changes: { readonly [file: string]: (text: string) => string }): ts.Program {
    const host = ts.createCompilerHost(this.options);
    const { readFile, getSourceFile } = host;
    const changeOf = (path: string) => changes[relative(this.src, path)];
    host.readFile = path => {
      const text = readFile(path);
      return text === undefined ? undefined : changeOf(path)?.(text) ?? text;
    };
    host.getSourceFile = (path, ...rest) => {
      if (changeOf(path) !== undefined) return getSourceFile(path, ...rest);
      if (!this.unchanged.has(path)) this.unchanged.set(path, getSourceFile(path, ...rest));
      return this.unchanged.get(path);
    };
    this.before = ts.createProgram({ rootNames: [this.entry], options: this.options, host, oldProgram: this.before });
    return this.before;
  }
}
