/*
 * Quantities of Kubernetes, such as "1536Mi" and "100m". One amount can be written in many ways, and the API server stores one of them: with
 * the largest suffix that leaves a whole number.
 */

const BINARY = ['', 'Ki', 'Mi', 'Gi', 'Ti', 'Pi', 'Ei'];
const DECIMAL = ['n', 'u', 'm', '', 'k', 'M', 'G', 'T', 'P', 'E'];

/** The amount as the API server stores it; what is no plain quantity stays as it is. */
export function canonicalQuantity(quantity: unknown): unknown {
  const [, whole, fraction = '', suffix] = /^(\d+)(?:\.(\d*))?([KMGTPE]i|[numkMGTPE]?)$/.exec(String(quantity)) ?? [];
  if (whole === undefined) return quantity;
  const [suffixes, factor] = suffix.endsWith('i') ? [BINARY, 1024n] : [DECIMAL, 1000n];
  let amount = BigInt(whole + fraction);
  let place = suffixes.indexOf(suffix);
  // What stands behind the point is expressed in smaller suffixes.
  let divisor = 10n ** BigInt(fraction.length);
  for (; amount % divisor !== 0n && place > 0; place--) amount *= factor;
  if (amount % divisor !== 0n) return quantity;
  amount /= divisor;
  if (amount === 0n) return '0';
  for (; amount % factor === 0n && place < suffixes.length - 1; place++) amount /= factor;
  return `${amount}${suffixes[place]}`;
}
