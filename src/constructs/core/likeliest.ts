/** The name that was meant by one that is unknown; `undefined` if none is near. */
export function likeliest(unknown: string, known: readonly string[]): string | undefined {
  const given = unknown.toLowerCase();
  const mostEdits = Math.max(1, Math.floor(given.length / 3));
  const ranked = known.map(name => ({ name, rank: rankOf(given, name.toLowerCase(), mostEdits) })).filter(({ rank }) => rank <= mostEdits);
  return ranked.sort((a, b) => a.rank - b.rank)[0]?.name;
}

/** `database` is `databaseName`, though that takes four letters more. */
function rankOf(given: string, name: string, mostEdits: number): number {
  const isPart = Math.min(given.length, name.length) >= 4 && (name.includes(given) || given.includes(name));
  return Math.min(edits(given, name), isPart ? mostEdits : Infinity);
}

/** How many letters have to be added, dropped, replaced, or swapped with the next one. */
function edits(from: string, to: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: to.length + 1 }, (_, j) => j);
  for (let i = 1; i <= from.length; i++) {
    const row = [i];
    for (let j = 1; j <= to.length; j++) {
      const replaced = last[j - 1] + (from[i - 1] === to[j - 1] ? 0 : 1);
      const swapped = i > 1 && j > 1 && from[i - 1] === to[j - 2] && from[i - 2] === to[j - 1] ? beforeLast[j - 2] + 1 : Infinity;
      row.push(Math.min(last[j] + 1, row[j - 1] + 1, replaced, swapped));
    }
    [beforeLast, last] = [last, row];
  }
  return last[to.length];
}
