import { execFile } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { App, Chart } from 'cdk8s';
import { startExporter } from './_exporter';
import { exported, plantMonth } from './_stores';
import { BackupCronJob, RestoreJob } from '../../../src';
import { objectsOf, props } from '../../synth';
import { folder } from '../_configs';
import { tempDir } from '../servers/_process';
import { KubeApiServer, startKubeApiServer } from '../servers/kube-apiserver';
import { KubectlProxy, startKubectlProxy } from '../servers/kubectl-proxy';

/* What the page says to type, typed: with kubectl, at a Kubernetes API that has the objects of the constructs. */

const NAMESPACE = 'shop';
const JOBS = `/apis/batch/v1/namespaces/${NAMESPACE}/jobs`;

let kubernetes: KubeApiServer;
let proxy: KubectlProxy;

beforeAll(async () => {
  kubernetes = await startKubeApiServer();
  const chart = new Chart(new App(), 'chart', { namespace: NAMESPACE });
  const backup = new BackupCronJob(chart, 'db-backup', props({ backupName: 'app' }));
  new RestoreJob(chart, 'db-restore', { backup });
  await kubernetes.create([
    { apiVersion: 'v1', kind: 'Namespace', metadata: { name: NAMESPACE } },
    { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'person', namespace: NAMESPACE } },
    {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'RoleBinding',
      metadata: { name: 'person', namespace: NAMESPACE },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'cluster-admin' },
      subjects: [{ kind: 'ServiceAccount', name: 'person', namespace: NAMESPACE }],
    },
    ...objectsOf(chart).filter(({ kind }) => kind === 'CronJob'),
  ]);
  proxy = await startKubectlProxy(kubernetes, NAMESPACE, 'person');
});

afterAll(async () => {
  proxy?.close();
  await kubernetes?.stop();
});

/** The commands of a page, as a browser would copy them. */
function commandsOf(html: string): string[] {
  const entities: { readonly [name: string]: string } = { '&amp;': '&', '&lt;': '<', '&gt;': '>', '&quot;': '"', '&#39;': '\'' };
  return [...html.matchAll(/<pre[^>]*>(.*?)<\/pre>/gs)].map(([, text]) => text!.replace(/<[^>]*>/g, '').replace(/&[a-z0-9#]+;/g, entity => entities[entity]!));
}

/** Types a command, up to where it waits for a log: no node runs the pods of this Kubernetes. */
async function type(command: string): Promise<void> {
  const home = tempDir('kubectl');
  mkdirSync(path.join(home, '.kube'));
  writeFileSync(path.join(home, '.kube', 'config'), JSON.stringify({
    'apiVersion': 'v1',
    'kind': 'Config',
    'clusters': [{ name: 'test', cluster: { server: proxy.url } }],
    'contexts': [{ name: 'test', context: { cluster: 'test' } }],
    'current-context': 'test',
  }));
  await promisify(execFile)('bash', ['-o', 'pipefail', '-c', command.split(' && until ')[0]!], { env: { PATH: process.env.PATH, HOME: home } });
}

test('first a Job that only looks, then one that restores, then one that backs up', async () => {
  const directory = tempDir('stores');
  plantMonth([directory], 'app', { days: 2 });
  const exporter = await startExporter([exported('app', [folder(directory)], { namespace: NAMESPACE })]);
  try {
    const [look, restore, ...others] = commandsOf(await exporter.get('/backups/app'));
    const described = ({ metadata, spec }: any) => {
      const [verb, ...options]: string[] = spec.template.spec.containers[0].args;
      return [metadata.name.replace(/\d{4}$/, 'HHMM'), verb, options.includes('--dry-run'), spec.suspend ?? false];
    };
    const jobs = async () => ((await kubernetes.request('GET', JOBS)).items as any[]).map(described);
    await type(look!);
    expect(await jobs()).toEqual([['db-restore-look-HHMM', 'restore', true, false]]);
    await type(restore!);
    await type(others.find(command => command.includes('--from=cronjob/db-backup'))!);
    expect(await jobs()).toEqual([
      ['db-backup-HHMM', 'backup', false, false],
      ['db-restore-HHMM', 'restore', false, false],
      ['db-restore-look-HHMM', 'restore', true, false],
    ]);
    const chosen = others.find(command => command.includes('restore-manifest'));
    expect(chosen).toMatch(/ --job db-restore --backup app_\d{8}_\d{6} --name db-restore-\d{4} \| kubectl create -f - && /);
  } finally {
    await exporter.stop();
  }
});

test('below it are the sections of the runbook, where somebody has said where that is', async () => {
  const directory = tempDir('stores');
  plantMonth([directory], 'app', { days: 2 });
  const url = 'https://git.example.com/dist/RUNBOOK.md';
  for (const [changes, links] of [[{ runbookUrl: url }, [`${url}#restore-app`, `${url}#backupdrillstale`]], [{}, []]] as const) {
    const exporter = await startExporter([exported('app', [folder(directory)], { namespace: NAMESPACE })], { changes });
    try {
      const page = await exporter.get('/backups/app');
      expect([...page.matchAll(/href="(https:[^"]+)"/g)].map(([, link]) => link)).toEqual(links.length === 0 ? [] : expect.arrayContaining([...links]));
    } finally {
      await exporter.stop();
    }
  }
});
