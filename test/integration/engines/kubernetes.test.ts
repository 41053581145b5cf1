import { parseAllDocuments } from 'yaml';
import { backUp } from './_backed-up';
import { describeRestorer } from './restorer-conformance';
import { describeSource } from './source-conformance';
import { KubernetesConfig, KubernetesTargetConfig } from '../../../src/contract/config';
import { ExitCode } from '../../../src/contract/exit-code';
import { openSource } from '../../../src/runner/engines/open';
import { API_URL_ENV } from '../../../src/runner/kubernetes/api';
import { aPair } from '../../runner/age/_age';
import { KubeApiServer, startKubeApiServer } from '../servers/kube-apiserver';
import { KubectlProxy, startKubectlProxy } from '../servers/kubectl-proxy';

const base64 = (text: string) => Buffer.from(text).toString('base64');
const scratch = { directory: '/nowhere', limitBytes: null };

let server: KubeApiServer;
let proxy: KubectlProxy;
let env: NodeJS.ProcessEnv;

beforeAll(async () => {
  server = await startKubeApiServer();
  await server.create([
    { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'runner', namespace: 'default' } },
  ]);
  proxy = await startKubectlProxy(server, 'default', 'runner');
  env = { [API_URL_ENV]: proxy.url };
});
afterAll(async () => {
  proxy?.close();
  await server?.stop();
});

const pathOf = (namespace: string, name = '') => `/api/v1/namespaces/${namespace}/secrets${name === '' ? '' : `/${name}`}`;

const secret = (namespace: string, name: string, data: { [key: string]: string }) =>
  ({ apiVersion: 'v1', kind: 'Secret', metadata: { name, namespace }, data });

/** A namespace with two Secrets, which the runner may read and write. */
async function make(namespace: string): Promise<KubernetesConfig> {
  await server.create([
    { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } },
    {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'Role',
      metadata: { name: 'runner', namespace },
      rules: [{ apiGroups: [''], resources: ['secrets', 'configmaps'], verbs: ['get', 'list', 'create', 'update'] }],
    },
    {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'RoleBinding',
      metadata: { name: 'runner', namespace },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'runner' },
      subjects: [{ kind: 'ServiceAccount', name: 'runner', namespace: 'default' }],
    },
    secret(namespace, 'db', { password: base64('a password'), user: base64('shop') }),
    secret(namespace, 'tls', { 'tls.key': base64('key: "quoted"\nand more\n') }),
  ]);
  return { engine: 'kubernetes', namespace, secretNames: ['db', 'tls'], configMapNames: [], labelSelector: null };
}

async function secretsOf(namespace: string): Promise<{ name: string; data: unknown }[]> {
  return (await server.request('GET', pathOf(namespace))).items.map(({ metadata: { name }, data = {} }: any) => ({ name, data }));
}

const contentsOf = async (namespace: string) => JSON.stringify(await secretsOf(namespace));

function parsed(yaml: Buffer): string {
  const objects = parseAllDocuments(yaml.toString()).map(document => document.toJS());
  return JSON.stringify(objects.map(({ metadata: { name }, data = {} }) => ({ name, data })));
}

describeSource('KubernetesSource', async () => {
  const config = await make('source');
  const of = (changes: Partial<KubernetesConfig>) => () => openSource({ ...config, ...changes }, env, scratch);
  return {
    open: of({ secretNames: [] }),
    contents: () => contentsOf('source'),
    contentsOf: async ([taken]) => parsed(taken!.bytes),
    clear: async () => void await server.request('DELETE', pathOf('source')),
    traces: async () => [],
    refused: [
      { what: 'no such object', open: of({ secretNames: ['gone'] }), exitCode: ExitCode.NOT_FOUND, names: 'Secret gone in the namespace source', wayOut: /: take it off the names, or make it/ },
      { what: 'no rights', open: of({ namespace: 'default', secretNames: [] }), exitCode: ExitCode.DENIED, names: 'the namespace default', wayOut: /Bind the Role/ },
    ],
    madeAhead: true,
    interrupt: async opening => {
      await opening;
      proxy.close();
      proxy = await startKubectlProxy(server, 'default', 'runner');
      env = { [API_URL_ENV]: proxy.url };
    },
  };
});

describeRestorer('KubernetesRestorer', 1, async () => {
  const [config, key] = [await make('target'), await aPair()];
  const target: KubernetesTargetConfig = { engine: 'kubernetes', namespace: 'target', replace: true };
  return {
    backedUp: await backUp(config, env, { encryption: { recipients: [key.recipient] } }, { decryption: { identityFile: key.file } as never }),
    target,
    live: () => contentsOf('target'),
    change: async mark => {
      for (const name of ['db', 'tls']) await server.request('PATCH', pathOf('target', name), { data: { mark: base64(`${name} ${mark}`) } });
    },
    traces: async () => (await secretsOf('target')).map(({ name }) => name),
    begun: async () => !(await contentsOf('target')).includes(base64('db changed').slice(0, 12)),
    obstruct: async () => {
      await server.request('PATCH', pathOf('target', 'db'), { immutable: true });
      return async () => {
        await server.request('DELETE', pathOf('target', 'db'));
        await server.create([secret('target', 'db', {})]);
      };
    },
    unreachable: { target: { ...target, namespace: 'nowhere' }, names: 'nowhere' },
    atOnce: false,
    keepsAll: true,
    vanish: async () => void await server.request('DELETE', pathOf('target')),
  };
});
