/**
 * Bytes that the contents of an object may have, as {@link appliedSize} counts them. `kubectl apply` notes the whole object in an annotation, and
 * all annotations of an object together may have 262,144; the rest is for its metadata, and for annotations of others.
 */
export const MAX_APPLIED_SIZE = 250_000;

/** Bytes of a value as `kubectl apply` notes it: JSON in one line, in which Go writes what means something to HTML in 6 characters. */
export function appliedSize(value: unknown): number {
  return new TextEncoder().encode(JSON.stringify(value).replace(/[<>&\u2028\u2029]/g, '\\u0000')).length;
}

/** What to do about an object that is larger. */
export const APPLY_SERVER_SIDE = '"kubectl apply --server-side" takes it, and so does Argo CD with the sync option ServerSideApply=true; "kubectl apply" does not';
