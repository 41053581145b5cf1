/** How a run tells what it does, and what came of it: for people, or one JSON object a line; `auto`: the one on a terminal, the other elsewhere. */
export type LogFormat = typeof LOG_FORMATS[number];

export const LOG_FORMATS = ['auto', 'text', 'json'] as const;

const FLAG = '--log-format';

/** The format that the arguments ask for. Whether it is one of them is said by who understands the arguments. */
export function logFormatIn(args: readonly string[]): LogFormat {
  const at = args.findLastIndex(arg => arg === FLAG || arg.startsWith(`${FLAG}=`));
  const value = args[at]?.slice(FLAG.length + 1) || args[at + 1];
  return LOG_FORMATS.find(format => at >= 0 && format === value) ?? 'auto';
}

/** Whether what goes to `stream` is for people. */
export function isText(format: LogFormat, { isTTY = false }: { readonly isTTY?: boolean }): boolean {
  return format === 'text' || (format === 'auto' && isTTY);
}
