/** A service that keeps a store, as messages name it. */
export interface Service {
  /** Of the store, in the config. */
  readonly name: string;
  /** `s3://bucket/prefix` */
  readonly location: string;
  readonly endpoint: string;
}

/** How patient a client of a service is. */
export interface Patience {
  readonly maxAttempts: number;
  readonly connectMs: number;
  readonly idleMs: number;
}

export const PATIENCE: Patience = {
  // With the waits below, eight attempts span 11 to 22 s: enough for a server that restarts, or moves to another node.
  maxAttempts: 8,
  // A host that drops packets would otherwise hold each attempt for the two minutes of the kernel.
  connectMs: 10_000,
  // Ends connections whose other end is gone without a word. Not shorter: completing a large upload is silent on some servers
  // until all parts are joined. Time without a byte counts, not the whole request, for a slow line may need long for one part.
  idleMs: 120_000,
};

const FIRST_WAIT_MS = 200;
const LONGEST_WAIT_MS = 10_000;

/** How long to wait before a request is sent again. */
export function waitBefore(retry: number): number {
  if (retry === 0) return 0;
  const wait = Math.min(FIRST_WAIT_MS * 2 ** (retry - 1), LONGEST_WAIT_MS);
  return wait / 2 + Math.random() * wait / 2; // half of it fixed, half spread
}
