import { AzureTarget } from './client';
import { explainedAzure } from './errors';
import { childrenOf, childOf, parseXml, XmlElement } from './xml';
import { ExitCode } from '../../../contract/exit-code';
import { RunnerError } from '../../core/errors';
import { isKey } from '../../store-api/keys';
import { Pages } from '../../store-api/pages';
import { StoredObject } from '../../store-api/store';

/** Names on a page: the service would give 5,000, of which each answer would be in memory as a whole. */
const PAGE = 1000;

/** What is listed. */
export interface Listing {
  readonly prefix: string;
  /** Whether uploads that are not complete are among it, as empty blobs. */
  readonly uncommitted: boolean;
  /** At most so many, on one page. */
  readonly only?: number;
}

/** Yields what lies in the folder of the store, page by page. */
export async function* listBlobs(target: AzureTarget, { prefix, uncommitted, only }: Listing, signal: AbortSignal): AsyncIterable<StoredObject> {
  const { keyPrefix } = target;
  const what = uncommitted ? 'unfinished uploads' : 'it';
  const pages = new Pages(target, what);
  let marker = '';
  for (;;) {
    const query = {
      restype: 'container',
      comp: 'list',
      prefix: keyPrefix + prefix,
      delimiter: '/', // what lies deeper is not ours
      ...marker !== '' && { marker },
      ...uncommitted && { include: 'uncommittedblobs' },
      maxresults: String(only ?? PAGE),
    };
    const { text } = await explainedAzure(target, `list ${what}`, signal, () => target.send({ method: 'GET', query }, signal));
    const page = parseXml(text);
    const content = childOf(page, 'Blobs');
    if (page?.name !== 'EnumerationResults' || content === undefined) throw noListing(target);
    const blobs = childrenOf(content, 'Blob');
    for (const blob of blobs) {
      const name = nameOf(blob);
      const key = name.slice(keyPrefix.length);
      // Some tools make an empty blob for a "folder". What was not asked for is none of ours, and never becomes that.
      if (name.startsWith(keyPrefix + prefix) && isKey(key)) yield { key, bytes: Number(property(blob, 'Content-Length')), modifiedAt: timeOf(property(blob, 'Last-Modified')) };
    }
    if (only !== undefined) return;
    marker = childOf(page, 'NextMarker')?.text ?? '';
    if (!pages.hasNext({ truncated: marker !== '', next: [marker], items: [...blobs, ...childrenOf(content, 'BlobPrefix')].map(nameOf) })) return;
  }
}

/** A name that XML can't have is escaped as in a URL. */
function nameOf(blob: XmlElement): string {
  const element = childOf(blob, 'Name');
  const name = element?.text ?? '';
  if (!/\bEncoded\s*=\s*["']true["']/i.test(element?.attributes ?? '')) return name;
  try {
    return decodeURIComponent(name);
  } catch {
    return '';
  }
}

function property(blob: XmlElement, name: string): string {
  return childOf(blob, 'Properties', name)?.text ?? '';
}

function timeOf(text: string): Date {
  const time = new Date(text);
  return Number.isNaN(time.getTime()) ? new Date(0) : time;
}

/** What is no list must not pass for "no backups": the page of a proxy that wants a login, say. */
function noListing({ name, location, endpoint }: AzureTarget): RunnerError {
  return new RunnerError(
    `${name} (${location} at ${endpoint}): can't list it: the answer is no list of blobs: is that the endpoint of a blob service, and no proxy or web page before it?`,
    ExitCode.BAD_CONFIG,
  );
}
