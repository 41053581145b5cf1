import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import ts from 'typescript';
import { parseAllDocuments } from 'yaml';
import { CONFIG_ENV, unescapeEnvValue } from '../../src/contract/config';
import { LIFECYCLE_ENV } from '../../src/contract/lifecycle';
import { pinned } from '../../src/runner/build/pin-image';
import { parseConfig } from '../../src/runner/config/config';
import { ENGINE_NAMES } from '../../src/runner/config/engines/table';
import { loadLifecycle } from '../../src/runner/lifecycle/load';

const IMAGE_FILE = path.join(__dirname, '..', '..', 'src', 'contract', 'runner-image.ts');
const MANIFESTS = path.join(__dirname, 'manifests');

/** Configs of the pods of a manifest, by the name of their object, and of the variable that has them. */
function configsIn(yaml: string, variable: string): (readonly [job: string, config: string])[] {
  return parseAllDocuments(yaml).map(document => document.toJS()).flatMap(({ metadata, spec }) => {
    const containers: any[] = (spec?.jobTemplate?.spec ?? spec)?.template?.spec?.containers ?? [];
    const found = containers.flatMap(({ env = [] }) => env).filter(({ name }) => name === variable);
    return found.map(({ value }) => [metadata.name, unescapeEnvValue(value)] as const);
  });
}

/**
 * All files that the app of a version synthesizes: their lines, by their names.
 *
 * @param image what `src/contract/runner-image.ts` exports, where it is another one than that of a clone
 */
function filesOf(version: string, image?: object): ReadonlyMap<string, readonly string[]> {
  const out = mkdtempSync(path.join(tmpdir(), 'cdk8s-backup-upgrades-'));
  try {
    jest.isolateModules(() => {
      jest.doMock('../../src/constructs/core/version', () => ({ VERSION: version }));
      if (image !== undefined) jest.doMock('../../src/contract/runner-image', () => image);
      jest.requireActual<typeof import('./_app.js')>('./_app').synthShop(out);
    });
    const entries = readdirSync(out, { recursive: true, withFileTypes: true }).filter(entry => entry.isFile());
    const files = entries.map(({ parentPath, name }) => path.join(parentPath, name)).sort();
    return new Map(files.map(file => [path.relative(out, file), readFileSync(file, 'utf8').split('\n')]));
  } finally {
    rmSync(out, { recursive: true });
  }
}

/** In place of {@link IMAGE_FILE}. */
function evaluated(source: string): object {
  const exports = {};
  new Function('exports', ts.transpile(source, { module: ts.ModuleKind.CommonJS }))(exports);
  return exports;
}

beforeAll(() => void jest.spyOn(process.stderr, 'write').mockReturnValue(true)); // warnings
afterAll(() => jest.restoreAllMocks());

describe.each(readdirSync(MANIFESTS))('the manifest of an app that was synthesized by an earlier version, %s,', file => {
  const yaml = readFileSync(path.join(MANIFESTS, file), 'utf8');

  test.each(configsIn(yaml, CONFIG_ENV))('has a config for %s that this runner reads, with all that it says', (_, config) => {
    expect(parseConfig(config)).toMatchObject(JSON.parse(config));
  });

  test.each(configsIn(yaml, LIFECYCLE_ENV))('has rules for the bucket in %s that this runner reads', async (job, config) => {
    expect(await loadLifecycle({ manifest: path.join(MANIFESTS, file), job, set: [] }, {})).toMatchObject(JSON.parse(config));
  });
});

describe('an app that nobody changes', () => {
  const configs = (files: ReadonlyMap<string, readonly string[]>) => configsIn(files.get('shop.k8s.yaml')!.join('\n'), CONFIG_ENV).map(([, config]) => JSON.parse(config));

  test('has a config of every kind, and every engine, to be stored with the next version', () => {
    const all = configs(filesOf('1.0.0'));
    expect([...new Set(all.map(({ kind }) => kind))].sort()).toEqual(['backup', 'drill', 'exporter', 'restore']);
    expect([...new Set(all.flatMap(({ source }) => source?.engine ?? []))].sort()).toEqual([...ENGINE_NAMES].sort());
  });

  test('changes by nothing but the tag of the image when the library has another version, and the lifecycle Job keeps the part of its name that is about its rules', () => {
    const [before, after] = [filesOf('1.0.0'), filesOf('1.1.0')];
    expect([...after.keys()]).toEqual([...before.keys()]);
    const changes = [...before].flatMap(([file, lines]) => {
      return lines.map((line, i) => [line.trim(), after.get(file)![i]!.trim()]).filter(([line, now]) => line !== now);
    });
    const [job, ...others] = changes.filter(([line]) => !line!.startsWith('image:'));
    expect(changes.length).toBeGreaterThan(15);
    expect(changes.filter(([line]) => line!.startsWith('image:')).every(([, line]) => line === 'image: cdk8s-backup-runner:1.1.0')).toBe(true);
    expect(others).toEqual([]);
    expect(job).toEqual([expect.stringMatching(/^name: backup-lifecycle-/), expect.stringMatching(/^name: backup-lifecycle-/)]);
    const [[rules, spec], [rulesAfter, specAfter]] = job!.map(line => line!.split('-').slice(-2)) as [string[], string[]];
    expect(rulesAfter).toBe(rules);
    expect(specAfter).not.toBe(spec); // a Job's image can't be changed: under the same name it could not be applied
    expect(filesOf('1.0.0')).toEqual(before);
  });
});

describe('the image of a release', () => {
  const source = readFileSync(IMAGE_FILE, 'utf8');
  const digest = `sha256:${'0123456789abcdef'.repeat(4)}`;
  const imagesOf = (files: ReadonlyMap<string, readonly string[]>) => {
    const lines = files.get('shop.k8s.yaml')!.map(line => line.replace('- image:', 'image:').trim()).filter(line => line.startsWith('image: ') && line.includes('runner'));
    return { pods: lines.length, names: [...new Set(lines)] };
  };

  test('is in every pod, by the digest that was written into the library; that of a clone, which nobody has pushed, is named without a registry', () => {
    const [clone, release] = [imagesOf(filesOf('1.0.0', evaluated(source))), imagesOf(filesOf('1.0.0', evaluated(pinned(source, digest))))];
    expect(clone).toEqual({ pods: release.pods, names: ['image: cdk8s-backup-runner:1.0.0'] });
    expect(release.names).toEqual([`image: ghcr.io/cdk8s-backup/cdk8s-backup-runner:1.0.0@${digest}`]);
    expect(release.pods).toBeGreaterThan(15);
  });

  test('is not pinned to what is no digest, nor twice', () => {
    for (const wrong of ['', 'latest', 'sha256:abc', digest.toUpperCase(), `${digest}'; evil(); '`]) {
      expect(() => pinned(source, wrong)).toThrow('the digest of an image is "sha256:" and 64 digits');
    }
    expect(() => pinned(pinned(source, digest), digest)).toThrow('once: a release pins its image in a fresh checkout');
  });
});
