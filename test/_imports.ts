import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { preProcessFile } from 'typescript';

export const SRC = join(__dirname, '..', 'src');

/** Files of TypeScript in a folder of `src` and below it, as paths inside `src`. */
export function filesIn(folder: string): string[] {
  return readdirSync(join(SRC, folder), { recursive: true }).map(file => join(folder, String(file))).filter(file => file.endsWith('.ts')).sort();
}

/** What a file of `src` imports: paths inside `src`, names of packages otherwise. */
export function importsOf(file: string): string[] {
  const path = join(SRC, file);
  return preProcessFile(readFileSync(path, 'utf8'), true, true).importedFiles.map(({ fileName }) => {
    if (!fileName.startsWith('.')) return fileName;
    const target = resolve(dirname(path), fileName);
    return relative(SRC, [`${target}.ts`, join(target, 'index.ts')].find(existsSync) ?? target);
  });
}
