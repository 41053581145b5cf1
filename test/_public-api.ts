import { readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import ts from 'typescript';
import { importsOf, SRC } from './_imports';

/** The files that are exported, by `index.ts` or by that of a folder. */
function publicFiles(file: string): string[] {
  return basename(file) === 'index.ts' ? importsOf(file).flatMap(publicFiles) : [file];
}

/** Properties of the public API as `Interface.property: type`, and parameters as `Class.method(parameter: type)`. */
export function publicApi(): string[] {
  const found: string[] = [];
  for (const file of publicFiles('index.ts')) {
    const source = ts.createSourceFile(file, readFileSync(join(SRC, file), 'utf8'), ts.ScriptTarget.Latest, true);
    for (const statement of source.statements) {
      const isExported = ts.canHaveModifiers(statement) && ts.getModifiers(statement)?.some(({ kind }) => kind === ts.SyntaxKind.ExportKeyword);
      if (!isExported || !(ts.isInterfaceDeclaration(statement) || ts.isClassDeclaration(statement))) continue;
      const owner = statement.name!.text;
      for (const member of statement.members) {
        const name = member.name?.getText() ?? 'new';
        if (name.startsWith('_')) continue;
        if (ts.isPropertySignature(member)) found.push(`${owner}.${name}: ${member.type!.getText()}`);
        if (!ts.isMethodDeclaration(member) && !ts.isConstructorDeclaration(member)) continue;
        if (ts.getModifiers(member)?.some(({ kind }) => kind === ts.SyntaxKind.PrivateKeyword)) continue;
        const typeOfParameter = ({ type, initializer }: ts.ParameterDeclaration) => type?.getText() ?? `type of ${initializer!.getText()}`;
        found.push(...member.parameters.map(parameter => `${owner}.${name}(${parameter.name.getText()}: ${typeOfParameter(parameter)})`));
      }
    }
  }
  return found;
}
