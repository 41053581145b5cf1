import { readFileSync } from 'node:fs';
import path from 'node:path';
import ts from 'typescript';
import { filesIn, SRC } from './_imports';

/*
 * Messages read at once: no sentence whose subject is a clause with "what", and no chain of semicolons. Every text in the code is looked at, the parts that
 * are joined by "+" as one; what stands in a template is "…". None has code of one language, since apps are written in four.
 */

/** Files whose texts are for machines. */
const PROGRAMS = /^(runner\/status\/style|constructs\/runbook\/document\/style|runner\/commands\/completion|runner\/build\/bundle|constructs\/drill\/scratch-directory)\.ts$/;
/** SQL, a loop of a shell, and the head of an answer. */
const FOR_MACHINES = /^do \$|; (do|done|charset=)/;

const WHAT_SUBJECT = /^what (?!to\b)|[.:;] what (?!to\b)/i;
/** `new Chart(…)`, `{ minute: '0' }`, `[BackupStore.s3(…)]`, `Decryption.fromSecret(secret, 'identity')`: TypeScript, or Java in one case. Braces of queries and templates have no such inside. */
const CODE = /\bnew [A-Z]\w*\(|(?<!\{)\{ (?:…|\w+)(?::| \}|,)|\w\(\{|\[[A-Z]\w*\.|\b[A-Z]\w*\.[a-z]\w*\('/;
const CHAIN = /; (?:(?!\. ).)*; /s;

interface Text {
  readonly place: string;
  readonly text: string;
}

function textsOf(file: string): Text[] {
  return textsIn(file, readFileSync(path.join(SRC, file), 'utf8'));
}

function textsIn(file: string, code: string): Text[] {
  const source = ts.createSourceFile(file, code, ts.ScriptTarget.Latest, true);
  const texts: Text[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isImportDeclaration(node)) return;
    const text = joined(node, visit);
    if (text !== undefined) texts.push({ place: `${file}:${source.getLineAndCharacterOfPosition(node.getStart()).line + 1}`, text });
    else ts.forEachChild(node, visit);
  };
  visit(source);
  return texts;
}

/** The text of a literal, or of several that are joined; `undefined` for whatever else. What stands in it is given to `inside`. */
function joined(node: ts.Node, inside: (node: ts.Node) => void): string | undefined {
  if (ts.isStringLiteral(node) || ts.isNoSubstitutionTemplateLiteral(node)) return node.text;
  if (ts.isTemplateExpression(node)) {
    node.templateSpans.forEach(({ expression }) => inside(expression));
    return node.head.text + node.templateSpans.map(({ literal }) => `…${literal.text}`).join('');
  }
  if (ts.isParenthesizedExpression(node)) return joined(node.expression, inside);
  if (!ts.isBinaryExpression(node) || node.operatorToken.kind !== ts.SyntaxKind.PlusToken) return undefined;
  const [left, right] = [node.left, node.right].map(part => {
    const text = joined(part, inside);
    if (text === undefined) inside(part);
    return text ?? '…';
  });
  return left! + right!;
}

const faulty = (texts: readonly Text[], fault: RegExp) => texts.filter(({ text }) => fault.test(text) && !FOR_MACHINES.test(text)).map(({ place, text }) => `${place}: ${text}`);
const all = ['contract', 'constructs', 'runner'].flatMap(folder => filesIn(folder)).filter(file => !PROGRAMS.test(file)).flatMap(textsOf);

test('no message has a clause with "what" for its subject: the thing has a name', () => {
  expect(faulty(all, WHAT_SUBJECT)).toEqual([]);
});

test('no message is a chain of semicolons: it is several sentences', () => {
  expect(faulty(all, CHAIN)).toEqual([]);
});

test('no message has code that is right in one language only: it names classes, methods and properties', () => {
  expect(faulty(all, CODE)).toEqual([]);
});

test('such code is found, and calls and queries that each language has are not', () => {
  const code = 'a("give it new Chart(app)"); b(`set { ports: [${p}] }`); c("as in [Size.x]"); d("A.b({ c })"); e("A.b(\'c\')"); f("A.b(\\"c\\"), up{job=\\"x\\"}, {{ $value }}")';
  expect(faulty(textsIn('x.ts', code), CODE)).toHaveLength(5);
});

test('both are found, also where a text is put together, and nothing else is', () => {
  const code = 'a(`${x}: what was ` + (b ? "What is live is gone" : "") + "there stays"); c("no; `one;` two; three" + "; four"); d("a; b. c; d"); e("look what is there; what to do next")';
  const texts = textsIn('x.ts', code);
  expect(faulty(texts, WHAT_SUBJECT)).toEqual(['x.ts:1: What is live is gone', 'x.ts:1: …: what was …there stays']);
  expect(faulty(texts, CHAIN)).toEqual(['x.ts:1: no; `one;` two; three; four']);
});
