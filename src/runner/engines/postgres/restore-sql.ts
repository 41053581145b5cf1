import { randomUUID } from 'node:crypto';

/** A text as SQL wants it, whatever the server's `standard_conforming_strings`. */
export function literal(text: string): string {
  const escaped = text.replaceAll('\\', '\\\\').replaceAll('\'', '\'\'');
  return text.includes('\\') ? `E'${escaped}'` : `'${escaped}'`;
}

export function literals(texts: readonly string[]): string {
  return `array[${texts.map(literal).join(', ')}]::text[]`;
}

/**
 * Statements that others have written, from an archive or a config, so that `psql` passes them on and reads nothing into them: a
 * backslash would be a command of its own, which runs programs.
 */
export function verbatim(statements: string): string {
  const tag = `$t${randomUUID().replaceAll('-', '')}$`;
  return `do ${tag} begin execute ${literal(statements)}; end ${tag};`;
}
