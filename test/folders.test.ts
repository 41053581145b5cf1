import { dirname } from 'node:path';
import { filesIn, importsOf } from './_imports';

/*
 * A topic is a folder, and folders import only downwards in these lists, so that none is in a circle with another, and that what stands low can be
 * understood, and tested, without what stands above it. `import/no-cycle` says the same of files.
 */
const CONSTRUCTS = [
  'plan',
  'runbook', 'runbook/content', 'runbook/facts', 'runbook/document',
  'bucket', 'exporter',
  'alerts', 'alerts/tests', 'alerts/dashboard', 'alerts/rules',
  'drill', 'restore', 'backup',
  'engines', 'engines/set', 'engines/kubernetes', 'engines/postgres', 'engines/redis', 'engines/sqlite',
  'engine-api',
  'pod',
  'stores', 'stores/azure', 'stores/s3', 'stores/volume',
  'store-api',
  'recovery', 'parts', 'schedule', 'core',
];
const RUNNER = [
  'build',
  '.', // main.ts and cli.ts
  'commands',
  'rehearsal', 'import', 'status', 'break-glass', 'doctor', 'restore', 'drill', 'monitor', 'prune', 'lifecycle', 'verification',
  'engines', 'engines/set', 'engines/kubernetes', 'engines/postgres', 'engines/redis', 'engines/redis/rdb', 'engines/sqlite',
  'previous', 'backup', 'engine-api',
  'catalog', 'config', 'config/engines', 'kubernetes',
  'stores', 'stores/azure', 'stores/folder', 'stores/s3', 'store-api',
  'age', 'stream', 'core',
];

/** Folders whose subfolders are of a kind, and know nothing of each other: engines, and types of stores. */
const SEPARATE = ['engines', 'stores'];

describe.each([['constructs', CONSTRUCTS], ['runner', RUNNER]])('src/%s', (half, folders) => {
  const files = filesIn(half);
  const folderOf = (file: string) => dirname(file).slice(half.length + 1) || '.';
  const imports = files.flatMap(from => importsOf(from).filter(to => to.startsWith(`${half}/`)).map(to => ({ from, to, above: folderOf(from), below: folderOf(to) })));

  test('every folder has its place in the list, and every place is a folder', () => {
    // A new folder gets a line above of the list of its half: above all that it imports, and below all that imports it.
    expect([...new Set(files.map(folderOf))].sort()).toEqual([...folders].sort());
  });

  test('a folder imports only what is below it', () => {
    const upwards = imports.filter(({ above, below }) => folders.indexOf(above) > folders.indexOf(below)).map(({ from, to, above, below }) =>
      `${from} imports ${to}, but ${below} is above ${above}: move what both need into ${above} or further down, have it passed in by whoever is above both, `
        + 'or move this file up');
    expect(upwards).toEqual([]);
  });

  test.each(SEPARATE)('one of the %s never imports another', kind => {
    const kindOf = (folder: string) => new RegExp(`^${kind}/([^/]+)`).exec(folder)?.[1];
    const across = imports.filter(({ above, below }) => kindOf(above) !== undefined && kindOf(below) !== undefined && kindOf(above) !== kindOf(below))
      .map(({ from, to }) => `${from} imports ${to}: what two of the ${kind} need belongs to neither; move it out of both, below them`);
    expect(across).toEqual([]);
  });

  test('nobody but an index.ts imports the index.ts of a folder', () => {
    const roundabout = imports.filter(({ from, to }) => to.endsWith('/index.ts') && !from.endsWith('/index.ts'))
      .map(({ from, to }) => `${from} imports ${to}: it says what is public, and imports all of its folder; import the file that is meant`);
    expect(roundabout).toEqual([]);
  });
});
