import { S3Target } from './client';
import { ExitCode } from '../../../contract/exit-code';
import { RunnerError } from '../../core/errors';

/** Refuses what an SDK takes for an empty list and is none: the page of a proxy that wants a login, say. It must not pass for "no backups". */
export function checkListing(
  page: { readonly Name?: string; readonly IsTruncated?: boolean; readonly KeyCount?: number }, { name, location, endpoint }: S3Target,
): void {
  if (page.Name !== undefined || page.IsTruncated !== undefined || page.KeyCount !== undefined) return;
  throw new RunnerError(
    `${name} (${location} at ${endpoint}): can't list it: the answer is no list of objects: is that the endpoint of an S3 service, and no proxy or web page before it?`,
    ExitCode.BAD_CONFIG,
  );
}
