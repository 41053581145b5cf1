import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { Yaml } from 'cdk8s';
import { parseAllDocuments } from 'yaml';
import { replaced, synthesizeExample } from './_example';

/** What the databases and the application of examples/whispercache are synthesized to. */
const MANIFEST = 'application.k8s.yaml';

/**
 * All of examples/whispercache as production has it, with the SQLite file of development besides. The image of the application is not to be had: a
 * program that has notes in that file stands in for it. Redis gets what tests need: no waiting for a second replica, and DEBUG DIGEST.
 *
 * @param change of the example's text, for what a test needs besides the endpoint of the bucket
 */
export async function synthesizeWhispercache(namespace: string, endpoint: string, change = (source: string) => source): Promise<string> {
  const changes = [['registry.example.com/cdk8s', 'cdk8s'], ["namespace = 'whispercache'", `namespace = '${namespace}'`], ['sqlite: false', 'sqlite: true']] as const;
  const here = (source: string) => changes.reduce((text, [from, to]) => replaced(text, from, to), source);
  const dist = await synthesizeExample('whispercache', namespace, endpoint, source => change(here(source)));
  const objects = objectsIn(dist);
  const [backend, redis] = [deploymentIn(objects), objects.find(({ kind, metadata }) => kind === 'StatefulSet' && metadata.name === 'redis')];
  const { containers: [main], volumes } = backend.spec.template.spec;
  main.image = 'node:24-trixie-slim';
  main.command = ['node', '/code/backend.js'];
  main.volumeMounts.push({ name: 'code', mountPath: '/code' });
  volumes.push({ name: 'code', configMap: { name: 'backend' } });
  redis.spec.template.spec.containers[0].args.push('--repl-diskless-sync-delay', '0', '--enable-debug-command', 'local');
  const code = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'backend', namespace }, data: { 'backend.js': readFileSync(path.join(__dirname, 'backend.js'), 'utf8') } };
  writeFileSync(applicationIn(dist), [code, ...objects].map(object => Yaml.stringify(object)).join('---\n'));
  return dist;
}

export function applicationIn(dist: string): string {
  return path.join(dist, MANIFEST);
}

/** The Deployment of the application. */
export function backendIn(dist: string): any {
  return deploymentIn(objectsIn(dist));
}

/** The application makes its tables, which nothing stands in for. */
export const tablesOf = (role: string) => `SET ROLE ${role};
  CREATE TABLE users (id serial PRIMARY KEY, name text);
  CREATE TABLE notes (id serial PRIMARY KEY, user_id int REFERENCES users(id), body text, created_at timestamptz DEFAULT now());`;

function objectsIn(dist: string): any[] {
  return parseAllDocuments(readFileSync(applicationIn(dist), 'utf8')).map(document => document.toJS());
}

function deploymentIn(objects: readonly any[]): any {
  return objects.find(({ kind }) => kind === 'Deployment');
}
