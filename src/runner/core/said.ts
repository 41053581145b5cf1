/*
 * What programs and servers say of a failure, without what they quote: rows, statements and passwords. All of it ends in logs, in records
 * that are not encrypted, and on the status page.
 */

/** Of one line; the rest of it is left out. */
const LINE_CHARS = 4000;
/** Of all that is kept: so much from the beginning, and as much from the end. */
const KEPT_CHARS = 32_000;
/** That much of it stands in a message. */
const SHOWN_CHARS = 4000;
const LEFT_OUT = '…';

/** Begins something that is shown. Where a server speaks another language, `psql` and the others still do not. */
const SHOWN = /^(?:(?:psql|pg_\w+)(?::<stdin>:\d+)?: |(?:ERROR|FATAL|PANIC): {2}|HINT: {2}|connection to server (?:at|on) |(?:[A-Z]\w*Error|FATAL ERROR): )/;
/** Begins something that is not, up to the next line that is: it quotes rows and statements, or is what a function of the database wanted to tell. */
const HIDDEN = /^(?:(?:psql|pg_\w+)(?::<stdin>:\d+)?: )?(?:detail: (?:Query|Command) was|(?:WARNING|NOTICE|INFO|LOG|DEBUG): {2}|\p{L}[\p{L}\p{M}]* ?: {2}0[0-2][0-9A-Z]{3}: |(?:DETAIL|CONTEXT|QUERY|STATEMENT|Command was|LINE \d+):)/u;
/** The text of such an error is the function's own; `inline_code_block` is a statement of ours. */
const RAISED = /^CONTEXT: {2}PL\/(?:pgSQL function (?!inline_code_block)(?<raising>.+) line \d+ at (?:RAISE|ASSERT)$|(?!pgSQL)\w+ (?:function )?(?<other>.*))/;
/** The same in another language, in which the function's name can't be told from the words around it. */
const RAISED_ELSEWHERE = /^CONTEXT: {2}(?!PL\/pgSQL function )(?!.*inline_code_block)(?:.*PL\/(?!pgSQL)|.*PL\/pgSQL.*(?:RAISE|ASSERT))/;

/** Collects what a program writes to stderr and keeps what may be shown. Memory does not depend on how much it writes. */
export class Said {
  private readonly first: string[] = [];
  private readonly last: string[] = [];
  private firstChars = 0;
  private lastChars = 0;
  private rest = '';
  private began = false;
  private leftOut = false;
  /** Place of the latest message, without its hint. */
  private message: { readonly lines: string[]; readonly at: number } | null = null;

  public add(chunk: string): void {
    const lines = (this.rest + chunk).split('\n');
    this.rest = lines.pop()!.slice(0, LINE_CHARS);
    for (const line of lines) this.line(line.slice(0, LINE_CHARS).trimEnd());
  }

  /** All that may be shown, line by line. */
  public text(): string {
    if (this.rest !== '') this.line(this.rest.trimEnd());
    this.rest = '';
    return [...this.first, ...this.leftOut ? [LEFT_OUT] : [], ...this.last].join('\n');
  }

  private line(line: string): void {
    // What is neither is the first line of a program that is none of PostgreSQL's, or the continuation of something.
    const shows = !HIDDEN.test(line) && (SHOWN.test(line) || !this.began && line !== '');
    this.began ||= line !== '';
    if (shows) this.keep(withoutValues(line), !line.startsWith('HINT: '));
    else this.hide(line);
  }

  private hide(line: string): void {
    const { raising, other } = RAISED.exec(line)?.groups ?? {};
    const raiser = raising ?? other;
    if (this.message === null || (raiser === undefined && !RAISED_ELSEWHERE.test(line))) return;
    const { lines, at } = this.message;
    const [upToSeverity] = /^.*?\p{L}+ ?: {2}/u.exec(lines[at]!) ?? /^\S+: /.exec(lines[at]!) ?? [''];
    lines.splice(at, lines.length - at, `${upToSeverity}${raiser === undefined ? 'a function' : `the function ${withoutValues(raiser)}`} raised an error, whose text is not shown since it may quote rows`);
  }

  private keep(line: string, isMessage: boolean): void {
    const lines = this.firstChars < KEPT_CHARS ? this.first : this.last;
    lines.push(line);
    if (isMessage) this.message = { lines, at: lines.length - 1 };
    if (lines === this.first) {
      this.firstChars += line.length;
      return;
    }
    this.lastChars += line.length;
    while (this.lastChars > KEPT_CHARS && lines.length > 1) {
      this.lastChars -= lines.shift()!.length;
      this.leftOut = true;
      if (this.message?.lines === lines) this.message = { lines, at: this.message.at - 1 };
    }
  }
}

/** As much of it as a message holds. */
export function shortened(said: string): string {
  return said.length <= SHOWN_CHARS ? said : `${said.slice(0, SHOWN_CHARS / 2)} ${LEFT_OUT} ${said.slice(-SHOWN_CHARS / 2)}`;
}

/** Kinds of things in front of their quoted name. What is quoted after anything else may be a value. */
const NAMED = new RegExp(`(?:^|[\\s(])(?:${[
  'access method', 'aggregate', 'attribute', 'cast', 'class', 'collation', 'column', 'constraint', 'conversion', 'database', 'dictionary', 'directory', 'domain',
  'encoding', 'extension', 'family', 'file', 'function', 'host', 'host name', 'index', 'increase', 'language', 'library', 'locale', 'locale name', 'module',
  'object', 'operator', 'parameter', 'parser', 'partition', 'pattern', 'policy', 'procedure', 'provider', 'publication', 'relation', 'role', 'roles', 'rule', 'schema',
  'sequence', 'server', 'server at', 'server on socket', 'slot', 'subscription', 'table', 'tables', 'tablespace', 'template', 'trigger', 'type', 'user', 'view', 'wrapper',
].join('|')}) $`, 'i');
/** Between two names of one kind. */
const BETWEEN_NAMES = /^(?:, (?:and |or )?| and | or |\.)$/;
/** An assertion is quoted from the config, and its answer is made harmless where it is asked for. */
const ASSERTION = /: {2}(?:P0001: )?assertion: "/;

/**
 * One line without the values that it quotes: names of roles, tables and the like stay where they can be told from values. A value may have quotes
 * in it, so that from its first one on to the last of the line all of it is left out.
 */
export function withoutValues(line: string): string {
  if (ASSERTION.test(line)) return line;
  const plain = line
    .replace(/:\/\/[^\s@/]*@/g, `://${LEFT_OUT}@`)
    .replace(/\b(password|passwd|pwd|passphrase)\s*=\s*(?:'[^']*'|\S+)/gi, `$1=${LEFT_OUT}`)
    .replace(/\)=\(.*\)/g, `)=(${LEFT_OUT})`)
    .replace(/([«»„“”「『])(?:.*)([«»“”」』])/g, `$1${LEFT_OUT}$2`) // of other languages, in which names can't be told from values
    .replace(/\b0x[0-9a-f]{2}(?: 0x[0-9a-f]{2})*\b/gi, LEFT_OUT)
    .replace(/(invalid command) \\.*/, '$1');
  let shown = '';
  let rest = plain;
  for (let open = rest.indexOf('"'), afterName = false; open >= 0; open = rest.indexOf('"')) {
    const before = rest.slice(0, open);
    const close = rest.indexOf('"', open + 1);
    if (close < 0 || !(NAMED.test(before) || afterName && BETWEEN_NAMES.test(before))) {
      const end = rest.lastIndexOf('"');
      return `${shown}${before}"${LEFT_OUT}"${end > open ? rest.slice(end + 1) : ''}`;
    }
    shown += rest.slice(0, close + 1);
    rest = rest.slice(close + 1);
    afterName = true;
  }
  return shown + rest;
}

/** What a query of an assertion has returned: a truth or a small number. A text may be of a row. */
export function shownAnswer(answer: unknown): string {
  if (answer === null || answer === undefined || answer === '') return 'nothing';
  const text = String(answer);
  return /^(?:t|f|true|false|-?[\d.]{1,9})$/.test(text) ? JSON.stringify(answer) : `a text of ${text.length} characters, which is not shown since it may be of a row`;
}
