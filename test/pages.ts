import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { isShell, sectionsOf } from '../src/runner/rehearsal/page';

export { isShell };

/* What people read: the README and the pages of docs. */

export const ROOT = path.join(__dirname, '..');

export interface Page {
  /** Its path from the root of the repository. */
  readonly file: string;
  readonly text: string;
}

/** All of them, the README first. */
export function readPages(): readonly Page[] {
  const docs = readdirSync(path.join(ROOT, 'docs'), { recursive: true, encoding: 'utf8' }).filter(file => file.endsWith('.md'));
  return ['README.md', ...docs.map(file => path.join('docs', file)).sort()].map(file => ({ file, text: readFileSync(path.join(ROOT, file), 'utf8') }));
}

/** The pages that say what is so. The others repeat it for somebody in a hurry, or are executed; `api` and the page of commands are printed from the code. */
export function readClaimingPages(): readonly Page[] {
  return readPages().filter(({ file }) => file === 'README.md' || /^docs\/(how-to|explanation|reference(?!\/api\/|\/command-line\.md$))\//.test(file));
}

/** A fenced block of code. */
export interface Block {
  /** Page and line, as messages name it. */
  readonly place: string;
  /** What follows the fence: the language, and for ours what is known of the block beyond that. */
  readonly info: string;
  readonly code: string;
}

export function blocks({ file, text }: Page): readonly Block[] {
  return sectionsOf(text).flatMap(section => section.blocks).map(({ line, info, code }) => ({ place: `${file}:${line}`, info, code }));
}

/** The block of commands that has this text. Several that are the same are one. */
export function shellBlock(having: string): string {
  return theOnly(shellBlocks().filter(code => code.includes(having)), `blocks of README and docs have ${JSON.stringify(having)}`);
}

/** The line of commands that begins so, with those that go on with it after a backslash, and without its comment. */
export function shellLine(beginning: string): string {
  const lines = shellBlocks().flatMap(code => code.replaceAll('\\\n', '').split('\n')).filter(text => text.startsWith(beginning));
  return theOnly(lines.map(text => text.replace(/ +# .*$/, '')), `lines of README and docs begin with ${JSON.stringify(beginning)}`);
}

function shellBlocks(): readonly string[] {
  return readClaimingPages().flatMap(blocks).filter(isShell).map(({ code }) => code);
}

function theOnly(found: readonly string[], what: string): string {
  const [only, ...others] = new Set(found);
  if (only === undefined || others.length > 0) throw new Error(`${others.length + (only === undefined ? 0 : 1)} ${what}`);
  return only;
}
