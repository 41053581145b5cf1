import { createHash } from 'node:crypto';

/** Numbers that look random and are the same for the same seed, on every machine and in every version of Node. */
export class Dice {
  private count = 0;

  constructor(private readonly seed: string) {}

  /** From 0 up to, but not, 1. */
  public next(): number {
    return createHash('sha256').update(`${this.seed}#${this.count++}`).digest().readUInt32BE(0) / 2 ** 32;
  }

  /** A whole number from `least` to `most`. */
  public between(least: number, most: number): number {
    return least + Math.floor(this.next() * (most - least + 1));
  }

  public oneOf<T>(items: readonly T[]): T {
    if (items.length === 0) throw new Error('there is nothing to choose from');
    return items[this.between(0, items.length - 1)]!;
  }

  public shuffled<T>(items: readonly T[]): T[] {
    const left = [...items];
    return items.map(() => left.splice(this.between(0, left.length - 1), 1)[0]!);
  }
}
