/*
 * What stands before the keys in a bucket or container. The folder that a backup has to itself is its last part.
 */
import * as z from 'zod';
import { OtherLayout } from './store';

/** Of a config. */
export const prefix = z.string().regex(/^(?!\/)(?!.*\/$)/, 'must not begin or end with a slash');

/** What stands before every key, with its slash. */
export function beforeKeys(prefixOfStore: string): string {
  return prefixOfStore === '' ? '' : `${prefixOfStore}/`;
}

/** A place as people call it: `s3://BUCKET/PREFIX`. */
export function placeBelow(root: string, prefixOfStore: string): string {
  return prefixOfStore === '' ? root : `${root}/${prefixOfStore}`;
}

/** Where the backups called `name` would be in the layout that a store with this prefix has not. */
export function otherPrefix(prefixOfStore: string, name: string): Pick<OtherLayout, 'layout'> & { readonly prefix: string } {
  const folders = prefixOfStore === '' ? [] : prefixOfStore.split('/');
  const isOwn = folders.at(-1) === name;
  return { layout: isOwn ? 'FLAT' : 'FOLDER_PER_BACKUP', prefix: (isOwn ? folders.slice(0, -1) : [...folders, name]).join('/') };
}
