/*
 * Bundles the runner into one file, and the child process that works on SQLite files into one beside it, with the licences of everything that
 * went into them, and what the image is built from: the directory is the whole context of that build, in the repository and in the published package.
 *
 * Run: npx projen bundle:runner
 */
import { copyFileSync, existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { build, Metafile } from 'esbuild';
import { VERSION } from '../core/version';
import { SQLITE_CHILD } from '../engines/sqlite/program';

const OUT = 'dist/runner';

/** Says what is wrong on an old Node.js, before anything that it can't read. Which commands need a newer one is said by the program. */
const BANNER = `#!/usr/bin/env node
if (Number(process.versions.node.split('.')[0]) < 20) { console.error('cdk8s-backup needs Node.js 20.19 or later, and some commands 24; this is ' + process.version); process.exit(12); }`;

async function main(): Promise<void> {
  const metafiles = [await bundled('main.ts', 'main.js', BANNER), await bundled('engines/sqlite/child.ts', SQLITE_CHILD)];
  const packages = bundledPackages(metafiles);
  writeFileSync(`${OUT}/THIRD_PARTY_LICENSES.txt`, packages.map(notice).join(`\n${'-'.repeat(80)}\n\n`));
  writeFileSync(`${OUT}/Dockerfile`, dockerfile());
  for (const file of ['copy-programs.sh', 'more-suites.sh', 'no-shell.js']) copyFileSync(`src/runner/build/${file}`, `${OUT}/${file}`);
  for (const [file, { bytes }] of metafiles.flatMap(({ outputs }) => Object.entries(outputs))) console.log(`${file}: ${Math.round(bytes / 1000)} kB`);
  console.log(`with code of ${packages.length} packages`);
}

async function bundled(entry: string, file: string, banner = ''): Promise<Metafile> {
  const { metafile } = await build({
    entryPoints: [`src/runner/${entry}`],
    outfile: `${OUT}/${file}`,
    bundle: true,
    platform: 'node',
    target: 'node20', // of the language; what is built in is another matter
    format: 'cjs', // the AWS SDK is CommonJS
    minify: true,
    keepNames: true, // errors are told by the names of their classes
    legalComments: 'none',
    banner: { js: banner },
    metafile: true,
  });
  return metafile;
}

/** The Dockerfile with this version, which the image has as a label. */
function dockerfile(): string {
  const [before, after, ...more] = readFileSync('src/runner/build/Dockerfile', 'utf8').split('ARG VERSION=unknown\n');
  if (after === undefined || more.length > 0) throw new Error('src/runner/build/Dockerfile must have the line "ARG VERSION=unknown" once: it becomes the version');
  return `${before}ARG VERSION=${VERSION}\n${after}`;
}

/** Folders of the npm packages whose code is in the bundles. */
function bundledPackages(metafiles: readonly Metafile[]): string[] {
  const folders = metafiles.flatMap(({ inputs }) => Object.keys(inputs)).map(file => /^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(file)?.[1]);
  return [...new Set(folders.filter(folder => folder !== undefined))].sort();
}

function notice(folder: string): string {
  const { name, version, license } = JSON.parse(readFileSync(path.join(folder, 'package.json'), 'utf8')) as { [field: string]: string };
  const files = readdirSync(folder).filter(file => /^(licen[cs]e|notice|copying)/i.test(file) && existsSync(path.join(folder, file)));
  return [`${name} ${version}: ${license}`, ...files.map(file => readFileSync(path.join(folder, file), 'utf8').trim())].join('\n\n') + '\n';
}

void main();
