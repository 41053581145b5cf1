import { createHash } from 'node:crypto';
import { lstatSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import path from 'node:path';

/** What a container engine puts into every container. */
const ENGINES_OWN = /^(dev|proc|sys)\/|^(\.dockerenv|etc\/(hosts|hostname|resolv\.conf|mtab))$/;

/** Every file of an unpacked image, with permissions and what is in it. */
export function contentsOf(root: string): { readonly [file: string]: string } {
  const entries = readdirSync(root, { recursive: true }).map(String).sort().filter(file => !ENGINES_OWN.test(file));
  return Object.fromEntries(entries.map(file => {
    const found = lstatSync(path.join(root, file));
    const what = found.isSymbolicLink() ? `link to ${readlinkSync(path.join(root, file))}`
      : found.isDirectory() ? 'directory'
        : createHash('sha256').update(readFileSync(path.join(root, file))).digest('hex');
    return [file, `${found.isSymbolicLink() ? '' : `${(found.mode % 0o10000).toString(8)} `}${found.uid}:${found.gid} ${what}`];
  }));
}

/** Files that have `text` in them. */
export function filesWith(root: string, text: string): string[] {
  return readdirSync(root, { recursive: true }).map(String).filter(file => {
    const full = path.join(root, file);
    return lstatSync(full).isFile() && readFileSync(full).includes(text);
  });
}
