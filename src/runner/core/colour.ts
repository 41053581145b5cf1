export type Colours = { readonly [colour in 'red' | 'green' | 'yellow']: (text: string) => string };

/** Colours for a terminal; texts as they are for everything else, and for whoever wants none: https://no-color.org. */
export function coloursOf({ isTTY = false }: { readonly isTTY?: boolean }, env: NodeJS.ProcessEnv): Colours {
  const wanted = isTTY && !env.NO_COLOR && env.TERM !== 'dumb';
  const colour = (code: number) => (text: string) => wanted ? `\x1b[${code}m${text}\x1b[39m` : text;
  return { red: colour(31), green: colour(32), yellow: colour(33) };
}
