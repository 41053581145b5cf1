/*
 * Who reads an error of synth has many constructs: it begins with the one that it is about, or with the factory that was called.
 */

import { spelled } from './spelling';

/** What has a place already: `BackupBucketLifecycle.forBackups` makes a construct, which says where as well. */
const told = new WeakSet<Error>();

/** The error, with the place in front of its message: the path of a construct, or a factory such as `BackupSource.postgres`. */
export function located(place: string, error: unknown): unknown {
  if (!(error instanceof Error) || told.has(error)) return error;
  told.add(error);
  const message = spelled(`${place}: ${error.message}`);
  // The stack has the message in it, as it was when the error was made, and is what Node prints.
  error.stack = error.stack?.replace(error.message, () => message);
  error.message = message;
  return error;
}

/** What `make` makes. An error begins with the place. */
export function at<T>(place: string, make: () => T): T {
  try {
    return make();
  } catch (error) {
    throw located(place, error);
  }
}
