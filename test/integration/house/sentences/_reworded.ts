import { readFileSync } from 'node:fs';
import path from 'node:path';
import { build, Plugin } from 'esbuild';
import ts from 'typescript';

const RUNNER = path.join(__dirname, '../../../../src/runner');

/** What has texts with spaces that are for programs: the command line, style sheets, SQL. */
const FOR_PROGRAMS = /^(main\.ts|cli\.ts|command-line\.ts|config\/|status\/style\.ts|engines\/(postgres|sqlite)\/)/;

/** More than one word, or a word beside what is put in. */
const SENTENCE = /[A-Za-z]{2} |[ ][A-Za-z]{2}/;

/** Bundles a program into `outfile`; where it is reworded, no sentence in the runner is what it was, and no two begin, end or go on alike. */
export async function bundle(entry: string, outfile: string, reworded: boolean): Promise<{ sentences: number }> {
  let sentences = 0;
  const plugin: Plugin = {
    name: 'reword',
    setup({ onLoad }) {
      onLoad({ filter: /\/src\/runner\/.*\.ts$/ }, ({ path: file }) => {
        const source = readFileSync(file, 'utf8');
        if (!reworded || FOR_PROGRAMS.test(path.relative(RUNNER, file))) return { contents: source, loader: 'ts' };
        const { text, count } = reword(source, sentences);
        sentences += count;
        return { contents: text, loader: 'ts' };
      });
    },
  };
  await build({ entryPoints: [entry], outfile, bundle: true, platform: 'node', target: 'node24', format: 'cjs', logLevel: 'error', plugins: [plugin] });
  return { sentences };
}

/** Rewords the sentences of one file: each gets a number of its own at both ends, and `x` for each letter. */
function reword(source: string, first: number): { text: string; count: number } {
  const file = ts.createSourceFile('file.ts', source, ts.ScriptTarget.Latest, true);
  const edits: { readonly from: number; readonly to: number; readonly text: string }[] = [];
  let count = 0;
  const visit = (node: ts.Node): void => {
    if (ts.isImportDeclaration(node) || ts.isExportDeclaration(node) || ts.isTypeNode(node)) return;
    if (ts.isTaggedTemplateExpression(node)) { // HTML: what is put in may have sentences
      if (ts.isTemplateExpression(node.template)) node.template.templateSpans.forEach(span => visit(span.expression));
      return;
    }
    const pieces = ts.isStringLiteral(node) || ts.isNoSubstitutionTemplateLiteral(node) ? [node]
      : ts.isTemplateExpression(node) ? [node.head, ...node.templateSpans.map(({ literal }) => literal)] : [];
    if (pieces.some(({ text }) => SENTENCE.test(text))) {
      const mark = `#${first + ++count}#`;
      for (const [i, piece] of pieces.entries()) {
        const text = (i === 0 ? mark : '') + piece.text.replace(/[A-Za-z]/g, 'x') + (i === pieces.length - 1 ? mark : '');
        edits.push({ from: piece.getStart(file), to: piece.end, text: quoted(piece, text) });
      }
    }
    ts.forEachChild(node, visit);
  };
  visit(file);
  const text = edits.sort((a, b) => b.from - a.from).reduce((rest, { from, to, text: by }) => rest.slice(0, from) + by + rest.slice(to), source);
  return { text, count };
}

/** A text as it stands in the source, in place of `piece`. */
function quoted(piece: ts.Node, text: string): string {
  if (ts.isStringLiteral(piece)) return JSON.stringify(text);
  const inside = text.replace(/[\\`$]/g, '\\$&');
  const opens = ts.isTemplateMiddle(piece) || ts.isTemplateTail(piece) ? '}' : '`';
  return opens + inside + (ts.isTemplateHead(piece) || ts.isTemplateMiddle(piece) ? '${' : '`');
}
