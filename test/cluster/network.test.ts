import { setTimeout as sleep } from 'node:timers/promises';
import { describeCluster } from './_can-run';
import { API, DNS_IP } from './_paths';
import { startWhispercache, Whispercache } from './_whispercache';

const PATIENCE_MS = 30_000;
const POLL_MS = 500;
/** A port that pods listen on, and nobody else. */
const UNUSED = 9999;

/** Stands for a pod of ours: has its labels, listens on ports, and connects to wherever it is told. */
const LISTENER = `for (const port of [8080, 6379, ${UNUSED}]) require('node:net').createServer(socket => socket.end()).listen(port)`;
const CONNECT = `
  const net = require('node:net');
  const tries = JSON.parse(process.argv[1]).map(target => new Promise(resolve => {
    const [host, port] = target.split(':');
    const socket = net.connect({ host, port: Number(port), timeout: 3000 });
    const end = open => { socket.destroy(); resolve(open ? [target] : []); };
    socket.on('connect', () => end(true)).on('error', () => end(false)).on('timeout', () => end(false));
  }));
  Promise.all(tries).then(open => console.log(JSON.stringify(open.flat())));
`;

describeCluster('NetworkPolicies in a cluster, with real packets', () => {
  let world: Whispercache;
  /** Where everything is, by address: a pod without DNS would wait for names. */
  let addresses: { readonly [target: string]: string };

  /** Pods of ours by the label that policies select, and one that nobody knows. */
  const OURS = [
    'db-backup', 'redis-backup', 'sqlite-backup', 'db-backup-verify', 'db-restore', 'redis-restore', 'sqlite-restore', 'db-drill', 'redis-drill', 'sqlite-drill',
  ];
  const probeOf = (name: string) => `probe-${name}`;

  beforeAll(async () => {
    world = await startWhispercache('network');
    const labelsOf = (name: string) => world.objects.find(({ kind, metadata }) => kind === 'CronJob' && metadata.name === name).spec.jobTemplate.spec.template.metadata.labels;
    const exporter = world.objects.find(({ kind }) => kind === 'Deployment').spec.template.metadata.labels;
    const labels = { ...Object.fromEntries(OURS.map(name => [name, labelsOf(name)])), exporter, stranger: { app: 'stranger' } };
    await world.ns.apply(Object.entries(labels).map(([name, of]) => pod(probeOf(name), of)));
    await world.ns.kubectl('wait', '--for=condition=Ready', ...Object.keys(labels).map(name => `pod/${probeOf(name)}`), '--timeout=120s');
    const service = async (name: string) => (await world.ns.get(`service/${name}`)).spec.clusterIP;
    addresses = {
      postgres: `${await service('postgres')}:5432`,
      redis: `${await service('redis')}:6379`,
      backend: `${await service('whispercache-backend')}:80`,
      dns: `${DNS_IP}:53`,
      s3: new URL(world.s3.endpoint).host,
      api: new URL(API).host,
      stranger: `${await addressOf('stranger')}:${UNUSED}`,
    };
  });

  afterAll(() => world?.stop());

  const openFrom = async (probe: string, targets: readonly string[]) => {
    const seen = await world.ns.kubectl('exec', probeOf(probe), '--', 'node', '-e', CONNECT, JSON.stringify(targets.map(target => addresses[target] ?? target)));
    const open = JSON.parse(seen) as string[];
    return targets.filter(target => open.includes(addresses[target] ?? target));
  };

  /** Policies take a moment to be in force: what is open until then. */
  const settled = async (probe: string, targets: readonly string[], expected: readonly string[]) => {
    const same = (one: readonly string[], other: readonly string[]) => JSON.stringify(one) === JSON.stringify(other);
    for (const deadline = Date.now() + PATIENCE_MS; ; await sleep(POLL_MS)) {
      const open = await openFrom(probe, targets);
      if (same(open, expected) || Date.now() > deadline) return open;
    }
  };

  const EVERYWHERE = ['postgres', 'redis', 'backend', 'dns', 's3', 'api', 'stranger'];

  test.each([
    ['db-backup', ['postgres', 'dns', 's3']],
    ['redis-backup', ['redis', 'dns', 's3']],
    ['sqlite-backup', ['s3']],
    ['db-backup-verify', ['s3']],
    ['db-restore', ['postgres', 'backend', 'dns', 's3', 'api']],
    ['redis-restore', ['redis', 'dns', 's3']],
    ['sqlite-restore', ['s3', 'api']],
    ['db-drill', ['s3']],
    ['redis-drill', ['s3']],
    ['sqlite-drill', ['s3']],
    ['exporter', ['s3']],
    ['stranger', EVERYWHERE],
  ])('%s reaches %j, and nothing else', async (name, expected) => {
    expect(await settled(name, EVERYWHERE, expected)).toEqual(expected);
  });

  test('nobody comes in, but to the port of the exporter, and to that from which Redis loads a restore', async () => {
    const ends = await Promise.all([...OURS, 'exporter'].map(async name => ({ name, ip: await addressOf(name) })));
    const targets = ends.flatMap(({ ip }) => [8080, 6379, UNUSED].map(port => `${ip}:${port}`));
    const addressAt = (name: string, port: number) => `${ends.find(end => end.name === name)!.ip}:${port}`;
    const expected = [addressAt('redis-restore', 6379), addressAt('exporter', 8080)];
    expect(await settled('stranger', targets, expected)).toEqual(expected);
  });

  const addressOf = async (probe: string) => (await world.ns.get(`pod/${probeOf(probe)}`)).status.podIP as string;
});

function pod(name: string, labels: { readonly [key: string]: string }) {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, labels },
    spec: {
      automountServiceAccountToken: false,
      terminationGracePeriodSeconds: 0,
      securityContext: { runAsNonRoot: true, runAsUser: 10001, seccompProfile: { type: 'RuntimeDefault' } },
      containers: [{
        name: 'probe',
        image: 'node:24-trixie-slim',
        command: ['node', '-e', LISTENER],
        securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } },
      }],
    },
  };
}
