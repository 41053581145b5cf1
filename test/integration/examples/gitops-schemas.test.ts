import { existsSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import path from 'node:path';
import { parse, parseAllDocuments } from 'yaml';
import { EXAMPLES } from '../../_example';
import { until } from '../servers/_process';
import { KubeApiServer, startKubeApiServer } from '../servers/kube-apiserver';

/*
 * What examples/gitops tells Argo CD and Flux, against the schemas of these projects, by an API server that has them. Neither Argo CD nor Flux is here.
 */

const CACHE = process.env.CDK8S_BACKUP_TEST_CACHE ?? path.join(process.env.XDG_CACHE_HOME ?? path.join(homedir(), '.cache'), 'cdk8s-backup-test');
const PLURALS: { readonly [kind: string]: string } = { Application: 'applications', GitRepository: 'gitrepositories', Kustomization: 'kustomizations' };

const objects = ['argocd', 'flux'].flatMap(name =>
  parseAllDocuments(readFileSync(path.join(EXAMPLES, 'gitops', `${name}.yaml`), 'utf8')).map(document => document.toJS() as any));

let server: KubeApiServer;

beforeAll(async () => {
  server = await startKubeApiServer();
  for (const kind of Object.keys(PLURALS)) {
    const file = path.join(CACHE, 'gitops-crds', `${kind.toLowerCase()}.yaml`);
    if (!existsSync(file)) throw new Error(`${file} is missing: run test/integration/install/gitops-crds.sh`);
    await server.request('POST', '/apis/apiextensions.k8s.io/v1/customresourcedefinitions', parse(readFileSync(file, 'utf8')));
  }
  await server.create([...new Set(objects.map(({ metadata }) => metadata.namespace))].map(name => ({ apiVersion: 'v1', kind: 'Namespace', metadata: { name } })));
  for (const { apiVersion, kind } of objects) {
    await until(`${kind} is known`, 60_000, () => server.request('GET', `/apis/${apiVersion}/${PLURALS[kind]}`).then(() => true, () => false));
  }
});
afterAll(() => server?.stop());

/** As "kubectl apply --validate=strict --dry-run=server" does it. */
function apply({ apiVersion, kind, metadata, ...rest }: any): Promise<any> {
  const place = `/apis/${apiVersion}/namespaces/${metadata.namespace}/${PLURALS[kind]}?dryRun=All&fieldValidation=Strict`;
  return server.request('POST', place, { apiVersion, kind, metadata, ...rest });
}

test('an Application of Argo CD, and a GitRepository and a Kustomization of Flux, are what their projects take', async () => {
  expect(objects.map(({ kind }) => kind)).toEqual(['Application', 'GitRepository', 'Kustomization']);
  for (const object of objects) expect(await apply(object)).toMatchObject({ kind: object.kind, spec: object.spec });
});

/** As the answer of the API server has it, which is JSON. */
const MISTAKES: readonly (readonly [kind: string, refusal: string, change: (spec: any) => any])[] = [
  ['Application', 'unknown field \\"spec.source.recursive\\"', spec => ({ ...spec, source: { ...spec.source, recursive: true } })],
  ['Application', 'spec.syncPolicy.automated.prune in body must be of type boolean', spec => ({ ...spec, syncPolicy: { automated: { prune: 'true' } } })],
  ['Application', 'spec.project: Required value', ({ project: _, ...spec }) => spec],
  ['GitRepository', 'spec.interval: Required value', ({ interval: _, ...spec }) => spec],
  ['GitRepository', 'spec.url: Invalid value', spec => ({ ...spec, url: 'git.example.com/shop.git' })],
  ['GitRepository', 'unknown field \\"spec.branch\\"', spec => ({ ...spec, branch: 'main' })],
  ['Kustomization', 'spec.prune: Required value', ({ prune: _, ...spec }) => spec],
  ['Kustomization', 'spec.sourceRef.kind: Unsupported value', spec => ({ ...spec, sourceRef: { kind: 'GitRepo', name: 'shop' } })],
  ['Kustomization', 'spec.interval: Invalid value', spec => ({ ...spec, interval: 'ten minutes' })],
];

test.each(MISTAKES)('a mistake in the %s is refused: %s', async (kind, refusal, change) => {
  const object = objects.find(each => each.kind === kind);
  await expect(apply({ ...object, spec: change(object.spec) })).rejects.toThrow(refusal);
});

test('Flux applies what is fetched from the repository that Argo CD reads, from the same folder and branch', () => {
  const [application, repository, kustomization] = objects;
  expect(kustomization.spec.sourceRef).toEqual({ kind: repository.kind, name: repository.metadata.name });
  expect(kustomization.metadata.namespace).toBe(repository.metadata.namespace);
  const source = { repoURL: repository.spec.url, targetRevision: repository.spec.ref.branch, path: path.posix.normalize(kustomization.spec.path) };
  expect(source).toEqual(application.spec.source);
});
