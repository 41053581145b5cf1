import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { CONFIG_ENV, renderConfig } from '../../../src/contract/config';
import { loadConfig } from '../../../src/runner/config/load';
import { configInManifest } from '../../../src/runner/config/manifest';
import { applySetting } from '../../../src/runner/config/setting';
import { aConfig, anS3Store } from '../_fixtures';

const s3 = anS3Store({ name: 's3', bucketName: 'b', region: null, regionEnv: 'AWS_DEFAULT_REGION' });

function manifest(...names: string[]): string {
  return names.map(name => `
apiVersion: batch/v1
kind: CronJob
metadata: { name: ${name} }
spec:
  jobTemplate:
    spec:
      template:
        spec:
          containers:
            - name: main
              env:
                - { name: OTHER, value: x }
                - name: ${CONFIG_ENV}
                  value: ${JSON.stringify(renderConfig(aConfig({ name, source: { engine: 'sqlite', path: '/$x', lockTimeoutSeconds: 1 } })))}
`).join('---') + '---\napiVersion: v1\nkind: Secret\n';
}

describe('a manifest', () => {
  test('gives the config of the job that is named', () => {
    const config = JSON.parse(configInManifest(manifest('db', 'cache'), 'f.yaml', 'cache'));
    expect(config).toMatchObject({ name: 'cache', source: { path: '/$x' } });
  });

  test('needs no name where there is only one job', () => {
    expect(JSON.parse(configInManifest(manifest('db'), 'f.yaml', undefined)).name).toBe('db');
  });

  test('needs no name where the others verify or prune what the one backs up', () => {
    const followUp = (command: string) => manifest(`db-${command}`).replace('- name: main', `- name: main\n              args: [${command}]`);
    for (const command of ['verify', 'prune']) {
      const yaml = `${manifest('db')}---${followUp(command)}`;
      expect(JSON.parse(configInManifest(yaml, 'f.yaml', undefined)).name).toBe('db');
      expect(JSON.parse(configInManifest(yaml, 'f.yaml', `db-${command}`)).name).toBe(`db-${command}`);
      expect(JSON.parse(configInManifest(followUp(command), 'f.yaml', undefined)).name).toBe(`db-${command}`);
    }
  });

  test('the exporter has its CronJob\'s name in the guide, and is found where no job has it', () => {
    const deployment = (name: string) => manifest(name).replaceAll('kind: CronJob', 'kind: Deployment')
      .replace(/  jobTemplate:\n    spec:\n      template:\n        spec:/, '  template:\n        spec:');
    expect(JSON.parse(configInManifest(`${manifest('db')}\n---\n${deployment('db').replace('"name":"db"', '"name":"exporter"')}`, 'f.yaml', 'db')).name).toBe('db');
    expect(JSON.parse(configInManifest(`${manifest('db')}\n---\n${deployment('exporter')}`, 'f.yaml', 'exporter')).name).toBe('exporter');
    expect(JSON.parse(configInManifest(`${manifest('db')}\n---\n${deployment('exporter')}`, 'f.yaml', undefined)).name).toBe('db');
  });

  test.each([
    ['several jobs and no name', manifest('db', 'cache'), undefined, 'f.yaml has several jobs, say which with --job: db, cache'],
    ['an unknown name', manifest('db', 'cache'), 'web', 'f.yaml has no job web; it has db, cache'],
    ['no job of ours', 'kind: Secret', undefined, 'f.yaml has no job of cdk8s-backup'],
    ['no YAML', '{', undefined, 'f.yaml is not YAML'],
  ])('fails on %s', (_case, yaml, job, message) => {
    expect(() => configInManifest(yaml, 'f.yaml', job)).toThrow(message);
  });
});

describe('the source of the config', () => {
  const file = path.join(mkdtempSync(path.join(tmpdir(), 'config-')), 'config.json');
  writeFileSync(file, JSON.stringify(aConfig({ name: 'from-file' })));

  test('is the environment by default', async () => {
    expect((await loadConfig({ set: [] }, { [CONFIG_ENV]: JSON.stringify(aConfig()) })).name).toBe('app');
  });

  test('is a file if one is given', async () => {
    expect((await loadConfig({ config: file, set: ['name=changed'] }, {})).name).toBe('changed');
  });

  test.each([
    ['nothing', { set: [] }, 'there is no config: give --manifest FILE --job NAME'],
    ['both', { config: file, manifest: file, set: [] }, 'either --config or --manifest'],
    ['a job without its manifest', { job: 'db', set: [] }, 'give --manifest FILE too'],
    ['a file that is not there', { config: '/nowhere.json', set: [] }, '/nowhere.json can\'t be read'],
    ['a value that does not fit', { config: file, set: ['activeDeadlineSeconds=-1'] }, 'activeDeadlineSeconds: '],
  ])('fails on %s', async (_case, options, message) => {
    await expect(loadConfig(options, {})).rejects.toThrow(message);
  });
});

describe('--set', () => {
  const config = aConfig({ stores: [...aConfig().stores, s3] });

  test.each<[string, unknown]>([
    ['source.path=/other.db', { source: { path: '/other.db' } }],
    ['activeDeadlineSeconds=60', { activeDeadlineSeconds: 60 }],
    ['stores.1.bucketName=other', { stores: [{}, { bucketName: 'other' }] }],
    ['stores.s3.endpoint=http://localhost:9000', { stores: [{}, { endpoint: 'http://localhost:9000' }] }],
    ['stores.s3.pathStyle=true', { stores: [{}, { pathStyle: true }] }],
    ['stores.s3.regionEnv=null', { stores: [{}, { regionEnv: null }] }],
    ['stores.s3.credentials={"accessKeyIdEnv":"A"}', { stores: [{}, { credentials: { accessKeyIdEnv: 'A' } }] }],
    ['name=a=b', { name: 'a=b' }],
    ['stores.volume=null', { stores: [{ name: 's3' }] }],
  ])('%s', (setting, expected) => {
    expect(applySetting(config, setting)).toMatchObject(expected as object);
  });

  test.each([
    ['source', '--set takes path=value'],
    ['source.hots=x', '--set source.hots: there is no hots; there is engine, path, lockTimeoutSeconds'],
    ['stores.nas.bucketName=x', '--set stores.nas.bucketName: there is no nas; there is volume, s3'],
    ['activeDeadlineSeconds=soon', '--set activeDeadlineSeconds: must be a number, got "soon"'],
    ['stores.s3.pathStyle=yes', '--set stores.s3.pathStyle: must be true or false, got "yes"'],
    ['name.first=x', '--set name.first: there is no first; there is nothing below'],
  ])('fails on %s', (setting, message) => {
    expect(() => applySetting(config, setting)).toThrow(message);
  });
});
