import ts from 'typescript';

/** Somewhere in a file where code decides by a name. */
export interface Decision {
  readonly line: number;
  readonly text: string;
}

const { EqualsEqualsEqualsToken, ExclamationEqualsEqualsToken, EqualsEqualsToken, ExclamationEqualsToken } = ts.SyntaxKind;
const COMPARISONS: readonly ts.SyntaxKind[] = [EqualsEqualsEqualsToken, ExclamationEqualsEqualsToken, EqualsEqualsToken, ExclamationEqualsToken];
const SEARCHES = /\.(includes|has|indexOf|startsWith|endsWith)$/;

/** Where `code` compares with one of `names`, has a case for one, looks one up in a list, or has a list or a table of several. */
export function decisionsIn(code: string, names: readonly string[]): Decision[] {
  const file = ts.createSourceFile('code.ts', code, ts.ScriptTarget.Latest, true);
  const decisions: Decision[] = [];
  const isName = (node: ts.Node | undefined): boolean => node !== undefined && ts.isStringLiteralLike(node) && names.includes(node.text);
  const isKey = (node: ts.Node | undefined) => isName(node) || (node !== undefined && ts.isIdentifier(node) && names.includes(node.text));
  const visit = (node: ts.Node): void => {
    const decides = (ts.isCaseClause(node) && isName(node.expression))
      || (ts.isBinaryExpression(node) && COMPARISONS.includes(node.operatorToken.kind) && (isName(node.left) || isName(node.right)))
      || (ts.isCallExpression(node) && SEARCHES.test(node.expression.getText(file)) && node.arguments.some(isName))
      || (ts.isArrayLiteralExpression(node) && node.elements.filter(isName).length > 1)
      || (ts.isObjectLiteralExpression(node) && node.properties.filter(({ name }) => isKey(name)).length > 1);
    if (decides) {
      const { line } = file.getLineAndCharacterOfPosition(node.getStart(file));
      decisions.push({ line: line + 1, text: node.getText(file).split('\n')[0]!.slice(0, 100) });
    }
    ts.forEachChild(node, visit);
  };
  visit(file);
  return decisions;
}
