/*
 * Fields and constants of the contract with their comments, as tables of docs have them. Only the text is read, so a type stands as the source has it.
 */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import ts from 'typescript';

const CONTRACT = path.join(__dirname, '..', '..', 'src', 'contract');

export interface Documented {
  /** `seconds.verify` of an object in an object. */
  readonly name: string;
  readonly optional: boolean;
  readonly type: string;
  readonly comment: string;
}

/** The fields of an interface of the contract, and of those that it extends. */
export function fieldsOf(file: string, interfaceName: string): Documented[] {
  const source = read(file);
  const found = source.statements.filter(ts.isInterfaceDeclaration).find(({ name }) => name.text === interfaceName);
  if (found === undefined) throw new Error(`src/contract/${file} has no interface ${interfaceName}`);
  const bases = (found.heritageClauses ?? []).flatMap(({ types }) => types).map(type => type.expression.getText(source));
  return [...bases.flatMap(base => fieldsOf(whereIs(base, file, source), base)), ...properties(found.members, source)];
}

/** The constants of an object of the contract, such as `ExitCode`. */
export function constantsOf(file: string, constName: string): (Documented & { readonly value: string })[] {
  const source = read(file);
  const found = source.statements.filter(ts.isVariableStatement).flatMap(({ declarationList }) => [...declarationList.declarations])
    .find(({ name }) => name.getText(source) === constName);
  const object = found?.initializer && ts.isAsExpression(found.initializer) ? found.initializer.expression : found?.initializer;
  if (object === undefined || !ts.isObjectLiteralExpression(object)) throw new Error(`src/contract/${file} has no object ${constName}`);
  return object.properties.filter(ts.isPropertyAssignment).map(property => ({
    name: property.name.getText(source), optional: false, type: '', comment: commentOf(property), value: property.initializer.getText(source),
  }));
}

function properties(members: ts.NodeArray<ts.TypeElement>, source: ts.SourceFile, before = ''): Documented[] {
  return members.filter(ts.isPropertySignature).flatMap(member => {
    const name = before + member.name.getText(source);
    const own = { name, optional: member.questionToken !== undefined, comment: commentOf(member) };
    const type = member.type!;
    const inner = ts.isTypeLiteralNode(type) ? properties(type.members, source, `${name}.`) : [];
    return inner.length === 0 ? [{ ...own, type: typeText(type, source) }] : [{ ...own, type: 'object' }, ...inner];
  });
}

/** `readonly` is true of every document that is stored, and says nothing to whoever reads one. */
function typeText(type: ts.TypeNode, source: ts.SourceFile): string {
  return type.getText(source).replaceAll(/\breadonly /g, '').replace(/^typeof (\w+)$/, (_, constant: string) => constantText(constant, source))
    .replace(/^\{ \[(\w+): string\]: (.+) \}$/, 'object: $2 by $1');
}

function constantText(name: string, source: ts.SourceFile): string {
  const declarations = source.statements.filter(ts.isVariableStatement).flatMap(({ declarationList }) => [...declarationList.declarations]);
  const found = declarations.find(each => each.name.getText(source) === name)?.initializer;
  if (found === undefined) throw new Error(`${source.fileName} has no ${name}`);
  return found.getText(source);
}

function commentOf(node: ts.Node): string {
  const text = ts.getJSDocCommentsAndTags(node).map(({ comment }) => ts.getTextOfJSDocComment(comment) ?? '').join(' ');
  return text.replaceAll(/\{@link (\w+)\}/g, '`$1`').replaceAll(/\s*\n\s*/g, ' ').trim();
}

function whereIs(name: string, file: string, source: ts.SourceFile): string {
  if (source.statements.filter(ts.isInterfaceDeclaration).some(each => each.name.text === name)) return file;
  const imported = source.statements.filter(ts.isImportDeclaration).find(each => each.importClause?.getText(source).includes(name));
  if (imported === undefined) throw new Error(`src/contract/${file} does not import ${name}`);
  return path.join(path.dirname(file), `${(imported.moduleSpecifier as ts.StringLiteral).text}.ts`);
}

function read(file: string): ts.SourceFile {
  return ts.createSourceFile(file, readFileSync(path.join(CONTRACT, file), 'utf8'), ts.ScriptTarget.Latest, true);
}
