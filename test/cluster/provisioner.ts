/*
 * Makes a folder of the node for each claim that a pod waits for, and removes it when the claim is gone: what a provisioner of volumes does.
 * The volumes are of type "local", since fsGroup is applied to those, and not to a "hostPath". One of the storage class "bounded" is a file system of its
 * own, in memory: it is made here, in the node, so that pods see it, and this machine's disk can't be filled through it.
 *
 * Run: node provisioner.ts API CA-FILE TOKEN NODE DIRECTORY. Node.js itself loads this file, and strips the types.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import https from 'node:https';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';

const [api, caFile, token, node, directory] = process.argv.slice(2) as [string, string, string, string, string];
const TURN_MS = 500;
const BOUNDED = 'bounded';
const VOLUMES = '/api/v1/persistentvolumes';
const agent = new https.Agent({ keepAlive: true, ca: readFileSync(caFile) });

function request(method: string, where: string, body?: unknown): Promise<any> {
  return new Promise((resolve, reject) => {
    const headers = { 'authorization': `Bearer ${token}`, 'content-type': 'application/json' };
    https.request(`${api}${where}`, { method, agent, headers }, response => {
      text(response).then(answer => {
        if (response.statusCode! > 299) throw new Error(`${method} ${where}: ${response.statusCode} ${answer}`);
        return JSON.parse(answer);
      }).then(resolve, reject);
    }).on('error', reject).end(body === undefined ? undefined : JSON.stringify(body));
  });
}

async function provide(claim: any): Promise<void> {
  const { uid, name, namespace } = claim.metadata;
  const folder = path.join(directory, `${namespace}-${name}-${uid}`);
  mkdirSync(folder, { recursive: true, mode: 0o755 });
  if (claim.spec.storageClassName === BOUNDED) execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64m,mode=0755', BOUNDED, folder]);
  await request('POST', VOLUMES, {
    apiVersion: 'v1',
    kind: 'PersistentVolume',
    metadata: { name: `folder-${uid}` },
    spec: {
      storageClassName: claim.spec.storageClassName,
      capacity: claim.spec.resources.requests,
      accessModes: claim.spec.accessModes,
      persistentVolumeReclaimPolicy: 'Retain', // it is this program that removes it
      local: { path: folder },
      claimRef: { apiVersion: 'v1', kind: 'PersistentVolumeClaim', namespace, name, uid },
      nodeAffinity: { required: { nodeSelectorTerms: [{ matchExpressions: [{ key: 'kubernetes.io/hostname', operator: 'In', values: [node] }] }] } },
    },
  });
  console.log('made', folder);
}

async function turn(): Promise<void> {
  const volumes = (await request('GET', VOLUMES)).items;
  const provided = new Set(volumes.map(({ metadata }: any) => metadata.name));
  for (const claim of (await request('GET', '/api/v1/persistentvolumeclaims')).items) {
    const waitedFor = claim.metadata.annotations?.['volume.kubernetes.io/selected-node'] !== undefined;
    if (claim.status.phase === 'Pending' && waitedFor && !provided.has(`folder-${claim.metadata.uid}`)) await provide(claim);
  }
  for (const { status, metadata, spec } of volumes) {
    if (status.phase !== 'Released' || metadata.deletionTimestamp !== undefined) continue;
    await request('DELETE', `${VOLUMES}/${metadata.name}`);
    if (spec.storageClassName === BOUNDED) execFileSync('umount', ['--lazy', spec.local.path]);
    rmSync(spec.local.path, { recursive: true, force: true });
    console.log('removed', spec.local.path);
  }
}

async function main(): Promise<void> {
  for (;;) {
    await turn().catch(error => console.error(String(error))); // the next one may go better
    await sleep(TURN_MS);
  }
}

void main();
