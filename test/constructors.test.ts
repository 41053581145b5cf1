import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createSourceFile, forEachChild, isConstructorDeclaration, Node, ScriptTarget } from 'typescript';
import { filesIn, SRC } from './_imports';

/*
 * The constructor of a construct reads like a table of contents: checks, config, objects, facts. What each of them is stands in a function of
 * its own, in a file that is named after it.
 */
const MOST_LINES = 60;
const MOST_LINES_OF_A_FILE = 300;

const files = filesIn('constructs').map(file => ({ file, text: readFileSync(join(SRC, file), 'utf8') }));

function constructorsIn({ file, text }: { readonly file: string; readonly text: string }): { readonly file: string; readonly lines: number }[] {
  const source = createSourceFile(file, text, ScriptTarget.ES2022);
  const lineOf = (position: number) => source.getLineAndCharacterOfPosition(position).line;
  const found: { file: string; lines: number }[] = [];
  const visit = (node: Node): void => {
    if (isConstructorDeclaration(node)) found.push({ file, lines: lineOf(node.end) - lineOf(node.getStart(source)) + 1 });
    forEachChild(node, visit);
  };
  visit(source);
  return found;
}

test(`no constructor of the constructs is longer than ${MOST_LINES} lines`, () => {
  const constructors = files.flatMap(constructorsIn);
  // Were none found, none would be too long.
  expect(constructors.filter(({ file }) => file === 'constructs/backup/backup-cron-job.ts')).toHaveLength(1);
  expect(constructors.filter(({ lines }) => lines > MOST_LINES).map(({ file, lines }) =>
    `${file} has a constructor of ${lines} lines: move checks, config or objects into functions, so that what is left says in which order they come`)).toEqual([]);
});

test(`no file of the constructs is longer than ${MOST_LINES_OF_A_FILE} lines`, () => {
  const long = files.map(({ file, text }) => ({ file, lines: text.split('\n').length - 1 })).filter(({ lines }) => lines > MOST_LINES_OF_A_FILE);
  expect(long.map(({ file, lines }) => `${file} has ${lines} lines: give what it holds beside its name a file of its own`)).toEqual([]);
});
