import { hash } from 'node:crypto';

/* eslint-disable no-bitwise */

const LEAST_SLOTS = 1024;

/**
 * Which keys there are, by 64 bits of a digest of each: 11 to 22 bytes of memory for a key of any length. That two of ten million keys
 * are taken for one happens once in some hundred thousand sets.
 */
export class KeySet {
  /** Two numbers a slot; both zero where it is free. */
  private slots = new Uint32Array(2 * LEAST_SLOTS);
  private count = 0;

  public get size(): number {
    return this.count;
  }

  /** @returns whether it was not there before */
  public add(database: number, key: Buffer): boolean {
    if (this.count * 4 >= this.slots.length / 2 * 3) this.grow();
    const [a, b] = digestOf(database, key);
    if (!place(this.slots, a, b)) return false;
    this.count++;
    return true;
  }

  public has(database: number, key: Buffer): boolean {
    const [a, b] = digestOf(database, key);
    const slot = slotOf(this.slots, a, b);
    return (this.slots[slot]! | this.slots[slot + 1]!) !== 0;
  }

  private grow(): void {
    const larger = new Uint32Array(this.slots.length * 2);
    for (let slot = 0; slot < this.slots.length; slot += 2) {
      if ((this.slots[slot]! | this.slots[slot + 1]!) !== 0) place(larger, this.slots[slot]!, this.slots[slot + 1]!);
    }
    this.slots = larger;
  }
}

/** Where it is, or where it belongs. */
function slotOf(slots: Uint32Array, a: number, b: number): number {
  const mask = slots.length - 1;
  for (let slot = a * 2 & mask & ~1; ; slot = slot + 2 & mask) {
    if ((slots[slot] === a && slots[slot + 1] === b) || (slots[slot]! | slots[slot + 1]!) === 0) return slot;
  }
}

function place(slots: Uint32Array, a: number, b: number): boolean {
  const slot = slotOf(slots, a, b);
  if ((slots[slot]! | slots[slot + 1]!) !== 0) return false;
  slots[slot] = a;
  slots[slot + 1] = b;
  return true;
}

function digestOf(database: number, key: Buffer): [a: number, b: number] {
  const prefix = Buffer.allocUnsafe(4 + key.length);
  prefix.writeUInt32LE(database);
  key.copy(prefix, 4);
  const digest = hash('sha256', prefix, 'buffer');
  return [digest.readUInt32LE(0), digest.readUInt32LE(4) || 1];
}
