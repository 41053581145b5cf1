/*
 * Compiles the TypeScript of README and docs against the source: all blocks in one program, since most of the time goes into reading cdk8s-plus.
 *
 * - A block that imports is a whole program.
 * - Another one is a part of a program. It may use the names of PRELUDE, and whatever cdk8s, cdk8s-plus, cdk8s-backup and "node:fs" export.
 * - One whose fence says ```ts and the name of an interface, which no reader sees, shows properties of that interface.
 */
import path from 'node:path';
import ts from 'typescript';
import { Block, ROOT } from './pages';

const PRELUDE = `
declare const app: import('cdk8s').App;
declare const chart: import('cdk8s').Chart;
declare const schedule: import('cdk8s').Cron;
declare const secret: import('cdk8s-plus-28').ISecret;
declare const volume: import('cdk8s-plus-28').Volume;
declare const password: import('cdk8s-plus-28').SecretValue;
declare const source: import('cdk8s-backup').BackupSource;
declare const postgres: import('cdk8s-backup').BackupSource;
declare const redis: import('cdk8s-backup').BackupSource;
declare const sqlite: import('cdk8s-backup').BackupSource;
declare const store: import('cdk8s-backup').BackupStore;
declare const stores: import('cdk8s-backup').BackupStore[];
declare const backup: import('cdk8s-backup').BackupCronJob;
declare const dbBackup: import('cdk8s-backup').BackupCronJob;
declare const cacheBackup: import('cdk8s-backup').BackupCronJob;
declare const restore: import('cdk8s-backup').RestoreJob;
declare const dbRestore: import('cdk8s-backup').RestoreJob;
declare const drill: import('cdk8s-backup').RestoreDrill;
declare const dbDrill: import('cdk8s-backup').RestoreDrill;
declare const plan: import('cdk8s-backup').RecoveryPlan;
`;

/** From which module a part of a program has a name; the first that exports it. */
const MODULES = ['cdk8s-backup', 'cdk8s', 'cdk8s-plus-28', 'node:fs'];

export const isTypeScript = ({ info }: Block) => /^ts\b/.test(info);

/** What the compiler says of the blocks, each with page and line. */
export function mistakes(blocks: readonly Block[]): readonly string[] {
  const { options } = ts.parseJsonConfigFileContent(ts.readConfigFile(path.join(ROOT, 'test', 'tsconfig.json'), ts.sys.readFile).config, ts.sys, path.join(ROOT, 'test'));
  const host = ts.createCompilerHost(options);
  const files = new Map<string, string>();
  const readOnDisk = host.getSourceFile.bind(host);
  const existsOnDisk = host.fileExists.bind(host);
  host.getSourceFile = (name, version, ...rest) => {
    const text = files.get(name);
    return text === undefined ? readOnDisk(name, version, ...rest) : ts.createSourceFile(name, text, version);
  };
  host.fileExists = name => files.has(name) || existsOnDisk(name);

  const every = path.join(ROOT, 'test', 'every-module.ts');
  files.set(every, MODULES.map(name => `import '${name}';`).join('\n'));
  const modules = ts.createProgram({ rootNames: [every], options, host });
  const exported = MODULES.map(name => ({ name, names: exportsOf(modules, every, name) }));

  const prelude = path.join(ROOT, 'test', 'prelude.d.ts');
  files.set(prelude, PRELUDE);
  const places = new Map(blocks.map((block, i) => {
    const file = path.join(ROOT, 'test', `block-${i}.ts`);
    files.set(file, moduleOf(block, exported));
    return [file, block];
  }));
  const program = ts.createProgram({ rootNames: [prelude, ...places.keys()], options, host, oldProgram: modules });
  return [...places].flatMap(([file, block]) => {
    const sourceFile = program.getSourceFile(file)!;
    const found = [...program.getSyntacticDiagnostics(sourceFile), ...program.getSemanticDiagnostics(sourceFile)];
    // What a part of a program declares is used elsewhere.
    return found.filter(({ reportsUnnecessary }) => imports(block) || reportsUnnecessary === undefined).map(({ start, messageText }) => {
      const [page, line] = block.place.split(':');
      const { line: below } = ts.getLineAndCharacterOfPosition(sourceFile, start!); // the first line of a module is not the block's
      return `${page}:${Number(line) + below}: ${ts.flattenDiagnosticMessageText(messageText, ' ')}`;
    });
  });
}

interface Exports {
  readonly name: string;
  readonly names: ReadonlySet<string>;
}

function exportsOf(program: ts.Program, file: string, name: string): ReadonlySet<string> {
  const specifiers = program.getSourceFile(file)!.statements.filter(ts.isImportDeclaration).map(({ moduleSpecifier }) => moduleSpecifier);
  const checker = program.getTypeChecker();
  const symbol = checker.getSymbolAtLocation(specifiers.find(each => ts.isStringLiteral(each) && each.text === name)!);
  if (symbol === undefined) throw new Error(`the compiler does not find the module ${name}`);
  return new Set(checker.getExportsOfModule(symbol).map(each => each.name));
}

const imports = ({ code }: Block) => /^import /m.test(code);

function moduleOf(block: Block, exported: readonly Exports[]): string {
  const { info, code } = block;
  if (imports(block)) return `\n${code}`;
  const ofInterface = info.slice('ts'.length).trim();
  const words = new Set([...code.matchAll(/\b[A-Za-z]\w*\b/g), [ofInterface]].map(([word]) => word));
  const declared = new Set([...code.matchAll(/\b(?:const|function) (\w+)/g)].map(([, word]) => word));
  const taken = new Set<string>();
  const lines = exported.map(({ name, names }) => {
    // Names in small letters, such as those of the prelude, are never those of a module, but for functions of Node.js.
    const used = [...names].filter(word => words.has(word) && !declared.has(word) && !taken.has(word) && (/^[A-Z]/.test(word) || name.startsWith('node:')));
    used.forEach(word => taken.add(word));
    return `import { ${used.join(', ')} } from '${name}';`;
  });
  const kplus = /\bkplus\./.test(code) ? "import * as kplus from 'cdk8s-plus-28';" : '';
  const before = `${lines.join(' ')} ${kplus} export {};`;
  return ofInterface === '' ? `${before}\n${code}` : `${before} const properties: Partial<${ofInterface}> = {\n${code}\n}; void properties;`;
}
