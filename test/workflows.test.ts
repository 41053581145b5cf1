import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { parse } from 'yaml';
import { ROOT } from './pages';

/* What the workflows of GitHub may do, and by whose hands. That GitHub takes them is read by test/integration/workflows.test.ts. */

interface Job {
  readonly 'permissions'?: { readonly [scope: string]: string };
  readonly 'uses'?: string;
  readonly 'environment'?: string;
  readonly 'needs'?: string | readonly string[];
  readonly 'runs-on'?: string;
  readonly 'steps'?: readonly { readonly uses?: string; readonly run?: string; readonly env?: { readonly [name: string]: string } }[];
}

const DIRECTORY = path.join(ROOT, '.github', 'workflows');
const workflows = readdirSync(DIRECTORY).map(file => ({ file, text: readFileSync(path.join(DIRECTORY, file), 'utf8') }));
const jobs = workflows.flatMap(({ file, text }) => {
  return Object.entries((parse(text) as { jobs: { [name: string]: Job } }).jobs).map(([name, job]) => ({ file, name, job }));
});
const steps = jobs.flatMap(({ file, name, job }) => (job.steps ?? []).map(step => ({ file, name, ...step })));
const jobOf = (file: string, name: string) => jobs.find(each => each.file === file && each.name === name)!.job;

test('actions are named by a commit, or by a release that GitHub lets nobody move', () => {
  const used = [...new Set(steps.flatMap(({ uses }) => uses ?? []))];
  expect(used.length).toBeGreaterThan(7);
  // projen knows of those that are immutable: see its ActionRefs.
  expect(used.filter(action => !/@[0-9a-f]{40}$/.test(action))).toEqual(['peter-evans/create-pull-request@v8.1.1']);
});

test('every job says what it may do, and none may do everything', () => {
  expect(jobs.filter(({ job }) => job.permissions === undefined)).toEqual([]);
  expect(workflows.filter(({ text }) => /permissions: (write|read)-all/.test(text))).toEqual([]);
});

test('no script has in it what somebody else may have written: titles, branches and inputs come in variables', () => {
  const allowed = /\$\{\{ (runner\.temp|steps\.[\w-]+\.outputs\.[\w-]+) \}\}/g;
  expect(steps.filter(({ run }) => run?.replace(allowed, '').includes('${{'))).toEqual([]);
  expect(workflows.filter(({ text }) => text.includes('pull_request_target:'))).toEqual([]);
});

test('a pull request is built by the command of the README, and has no secret', () => {
  expect((jobOf('build.yml', 'test').steps ?? []).map(({ run }) => run)).toContain('.ci/run');
  expect(readFileSync(path.join(ROOT, '.ci', 'run'), 'utf8')).toContain('npm ci && npx projen test:all');
  const ofPulls = workflows.filter(({ text }) => /^ {2}pull_request:/m.test(text));
  expect(ofPulls.map(({ file }) => file).sort()).toEqual(['build.yml', 'codeql.yml', 'dependency-review.yml']);
  expect(ofPulls.filter(({ text }) => text.includes('secrets.'))).toEqual([]);
});

test('a release is tested, then its image is pushed and signed, then the library that names it is packed, and only that is published', () => {
  const needs = (name: string) => [jobOf('release.yml', name).needs].flat();
  expect(needs('test')).toEqual(['version']);
  expect(needs('image')).toEqual(['test']);
  expect(needs('package')).toEqual(['image']);
  const scripts = (file: string, job: string) => (jobOf(file, job).steps ?? []).flatMap(({ run }) => run ?? []).join('\n');
  const packing = scripts('release.yml', 'package');
  expect(packing.indexOf('release:pin-image "$DIGEST"')).toBeGreaterThan(0);
  expect(packing.indexOf('projen compile')).toBeGreaterThan(packing.indexOf('release:pin-image'));
  expect(packing.indexOf('package-all')).toBeGreaterThan(packing.indexOf('projen compile'));
  for (const registry of ['npm', 'pypi', 'maven', 'go']) {
    expect([registry, needs(registry), jobOf('release.yml', registry).environment]).toEqual([registry, ['package'], 'release']);
  }
  expect(scripts('image.yml', 'build')).toMatch(/--sbom=true --provenance=mode=max/);
  expect(scripts('image.yml', 'index')).toMatch(/cosign@v[\d.]+ sign --yes/);
});

test('the image gets an executable program, though artifacts keep no permissions, and is started by its name too', () => {
  const runs = (jobOf('image.yml', 'build').steps ?? []).map(({ run }) => run ?? '');
  const at = (text: string) => runs.findIndex(run => run.includes(text));
  expect(at('chmod +x program/main.js')).toBeGreaterThan(0);
  expect(at('chmod +x program/main.js')).toBeLessThan(at('buildx build'));
  expect(runs[at('--entrypoint cdk8s-backup')]).toMatch(/docker run .*"[^"]+@\$digest" --version/);
});

test('who may write, and where', () => {
  const writing = jobs.flatMap(({ file, name, job }) => {
    const scopes = Object.entries(job.permissions ?? {}).filter(([, access]) => access === 'write').map(([scope]) => scope);
    return scopes.length === 0 ? [] : [`${file} ${name}: ${scopes.join(', ')}`];
  });
  expect(writing.sort()).toEqual([
    'codeql.yml analyze: security-events',
    'image.yml build: packages',
    'image.yml index: packages, id-token',
    'nightly.yml image: packages, id-token',
    'release.yml announce: contents',
    'release.yml image: packages, id-token',
    'release.yml npm: id-token',
    'release.yml pypi: id-token',
  ]);
});
