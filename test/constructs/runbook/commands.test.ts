import { commandsOf, section, textsOf } from './_shop-runbook';
import { objectsOf } from '../../synth';

describe('every command', () => {
  const { chart, markdown } = textsOf();
  const objects = objectsOf(chart);
  const all = commandsOf(markdown);
  const found = (pattern: RegExp) => [...new Set(all.flatMap(code => [...code.matchAll(pattern)].map(match => match[1]!)))].sort();
  const named = (...kinds: string[]) => objects.filter(({ kind }) => kinds.includes(kind)).map(({ metadata }) => metadata.name).sort();

  test('is complete: there is nothing that the reader would have to replace', () => {
    expect(all.length).toBeGreaterThan(30);
    expect(all.filter(code => /…|<[a-z-]+>|\bNAME\b(?![=}%"])|NAMESPACE|MANIFEST|example\.com/.test(code.replaceAll('cache.example.com', '')))).toEqual([]);
    const taken = new Set(all.flatMap(code => [...code.matchAll(/"\$(\w+)/g)].map(([, variable]) => variable!)));
    const unset = [...taken].filter(variable => variable !== 'PWD' && !all.some(code => new RegExp(`\\b${variable}=|read -rs? ${variable}\\b|for ${variable} in`).test(code)));
    expect(unset).toEqual([]);
  });

  test('names CronJobs, Deployments, Services, Secrets, claims and files that are there, in their namespace', () => {
    expect(found(/cronjob\/([\w-]+)/g)).toEqual(named('CronJob'));
    expect(found(/--job ([\w-]+)/g).filter(job => !named('CronJob').includes(job))).toEqual([]);
    expect(found(/deploy(?:ment)?\/([\w-]+)/g)).toEqual(['look']);
    expect(found(/svc\/([\w-]+)/g)).toEqual(['look', 'pg']);
    expect(found(/get secret ([\w-]+)/g)).toEqual(['backup-secrets', 'shop-secrets']);
    expect(found(/pvc\/([\w-]+)/g)).toEqual(['shop-backups']);
    expect(found(/-n ([\w-]+)/g)).toEqual(['1', 'data', 'shop']); // tail, the namespace of "pg.data", and the chart's
    expect(found(/--manifest ([\w.-]+)/g)).toEqual(['chart.k8s.yaml']);
    expect(found(/--name ([\w-]+)/g)).toEqual(['orders', 'redis']);
  });

  test('finds pods by a label that they have', () => {
    const jobs = objects.filter(({ kind }) => kind === 'CronJob').map(({ spec }) => spec.jobTemplate.spec.template.metadata.labels['cdk8s-backup/job']);
    expect(found(/-l cdk8s-backup\/job=([\w-]+)/g).filter(job => !jobs.includes(job))).toEqual([]);
  });

  test('replaces and appends arguments where the container has some', () => {
    for (const { spec } of objects.filter(({ kind }) => kind === 'CronJob')) expect(spec.jobTemplate.spec.template.spec.containers[0].args.length).toBeGreaterThan(0);
    expect(found(/"path":"([^"]+)"/g)).toEqual(['/spec/template/spec/containers/0/args', '/spec/template/spec/containers/0/args/-']);
  });

  test('reaches a server of the cluster through a port-forward, and one outside as it is', () => {
    expect(section(markdown, 'From any machine: orders')).toContain('kubectl -n data port-forward svc/pg 15432:5432');
    expect(section(markdown, 'From any machine: orders')).toContain('--set target.host=localhost --set target.port=15432');
    expect(section(markdown, 'From any machine: redis')).toContain('--set target.host=cache.example.com --set target.port=6379');
    expect(section(markdown, 'From any machine: redis')).not.toContain('port-forward');
  });

  test('needs no volume of the cluster outside of it: what a restore replaces is stored in the bucket alone', () => {
    for (const heading of ['From any machine: orders', 'From any machine: redis', 'Under Compose: orders', 'Under Compose: redis']) {
      expect(section(markdown, heading).match(/--store s3 .*--set stores\.volume=null/g)).toHaveLength(2);
    }
  });

  test('runs the image of the pod beside a server under Compose, which has the name of its Service there', () => {
    const { image } = objects.find(({ kind, metadata }) => kind === 'CronJob' && metadata.name === 'orders-restore').spec.jobTemplate.spec.template.spec.containers[0];
    expect(section(markdown, 'Under Compose: orders')).toContain(`${image} restore --yes --manifest /runbook/chart.k8s.yaml --job orders-restore --store s3 --set target.host=pg --set target.port=5432`);
    expect(section(markdown, 'Under Compose: redis')).toContain('--set target.host=cache.example.com --set target.port=6379 ');
  });
});
