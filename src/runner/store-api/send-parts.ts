import { Readable } from 'node:stream';

/** A piece of a body. */
export interface Part {
  /** From 1 on. */
  readonly number: number;
  /** Only until it is sent: then the memory is used for another part. */
  readonly body: Buffer;
  /** Whether nothing follows. */
  readonly last: boolean;
}

/**
 * Cuts a body into parts of one size, and sends them while it goes on reading: as many at once as there are buffers beside the one that is
 * being filled. No more of the body than the buffers is ever in memory.
 *
 * @param send is given each part; once it fails, reading ends
 */
export async function sendInParts(body: Readable, partBytes: number, buffers: number, send: (part: Part) => Promise<void>): Promise<void> {
  const free: Buffer[] = [];
  const busy = new Set<Promise<void>>();
  let made = 0;
  let sent = 0;
  let failure: { readonly reason: unknown } | undefined;

  const take = async () => {
    while (free.length === 0 && made === buffers) await Promise.race(busy);
    if (failure) throw failure.reason;
    const buffer = free.pop();
    if (!buffer) made += 1;
    return buffer ?? Buffer.allocUnsafeSlow(partBytes); // of its own, and not written to before it is filled
  };
  const dispatch = (buffer: Buffer, bytes: number, last: boolean) => {
    const sending: Promise<void> = send({ number: ++sent, body: buffer.subarray(0, bytes), last }).catch((reason: unknown) => {
      failure ??= { reason };
    }).finally(() => {
      free.push(buffer);
      busy.delete(sending);
    });
    busy.add(sending);
  };

  let buffer = await take();
  let filled = 0;
  for await (const chunk of body as AsyncIterable<Buffer | string>) {
    for (let rest = typeof chunk === 'string' ? Buffer.from(chunk) : chunk; rest.length > 0;) {
      if (filled === partBytes) {
        dispatch(buffer, filled, false);
        buffer = await take();
        filled = 0;
      }
      const copied = rest.copy(buffer, filled);
      filled += copied;
      rest = rest.subarray(copied);
    }
  }
  dispatch(buffer, filled, true);
  await Promise.all(busy);
  if (failure) throw failure.reason;
}
