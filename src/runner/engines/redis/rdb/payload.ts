import { Crc64 } from './crc64';

/** Version of the format, and a checksum of all before. */
export const FOOTER_BYTES = 10;

/** What RESTORE takes: a value as it stands in a snapshot, and a footer. In pieces. */
export function payloadOf(value: readonly Buffer[], version: number): Buffer[] {
  const format = Buffer.alloc(2);
  format.writeUInt16LE(version);
  const crc = new Crc64();
  for (const piece of [...value, format]) crc.update(piece);
  return [...value, format, crc.bytes()];
}

/** Format of what DUMP answers; `undefined` if it is none. */
export function versionOf(payload: Buffer): number | undefined {
  return payload.length < FOOTER_BYTES ? undefined : payload.readUInt16LE(payload.length - FOOTER_BYTES);
}

/** What stands in a snapshot of what DUMP answers. */
export function valueOf(payload: Buffer): Buffer {
  return payload.subarray(0, payload.length - FOOTER_BYTES);
}
