import { readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { parse, parseAllDocuments } from 'yaml';
import { EXAMPLE_NAMES, EXAMPLES, PROFILES, synthExample as synth } from './_example';
import { CONFIG_ENV, unescapeEnvValue } from '../src/contract/config';
import { checkConfig, parseConfig } from '../src/runner/config/config';
import { configInManifest } from '../src/runner/config/manifest';
import { applySetting } from '../src/runner/config/setting';

const { version } = JSON.parse(readFileSync(join(__dirname, '..', 'package.json'), 'utf8'));
const IMAGE = `registry.example.com/cdk8s-backup-runner:${version}`;

type Files = ReturnType<typeof synth>;

/** Those that are reviewed as a whole. Each kind of object of the others is whole in these. */
const WHOLE = ['quickstart', 'whispercache', 'recovery-plan'];
const OTHERS = ['postgres', 'redis', 'fleet', 'encrypted', 'other-namespace', 'migration', 'gitops'];

const [production, onPremises, development] = PROFILES.map(PROFILE => synth('whispercache', { PROFILE })) as [Files, Files, Files];

test('these are all examples', () => {
  expect(EXAMPLE_NAMES).toEqual([...WHOLE, ...OTHERS].sort());
});

describe.each<[string, Files, (() => Files)?]>([
  ...[...WHOLE, ...OTHERS].map((example): [string, Files] => [example, synth(example)]),
  ['whispercache on premises', onPremises, () => synth('whispercache', { PROFILE: 'on-premises' })],
  ['whispercache in development', development, () => synth('whispercache', { PROFILE: 'development' })],
])('%s', (example, first, again = () => synth(example)) => {
  const manifests = Object.entries(first).filter(([file]) => file.endsWith('.k8s.yaml')).map(([file, text]) => ({ chart: basename(file, '.k8s.yaml'), text }));
  const all = manifests.map(({ text }) => text).join('\n---\n');

  test('synthesizes the same files as before', () => {
    expect(reviewed(example, first)).toMatchSnapshot();
  });

  test('is the same, byte for byte, when it is synthesized again', () => {
    expect(again()).toEqual(first);
  });

  test('holds nothing that the API server drops or rewrites, so that applying it twice changes nothing', () => {
    expect(objectsOf(all).flatMap(object => notAsStored(object, object.kind))).toEqual([]);
  });

  test('labels every object, and its pods, as Kubernetes recommends, and selects nothing by that', () => {
    const ours = manifests.filter(({ chart }) => chart !== 'application'); // what is backed up has its own labels
    const objects = ours.flatMap(({ chart, text }) => objectsOf(text).map(object => ({ chart, ...object })));
    for (const { chart, kind, metadata, spec } of objects) {
      for (const { labels } of [metadata, spec?.jobTemplate?.metadata, (spec?.jobTemplate?.spec ?? spec)?.template?.metadata].filter(Boolean)) {
        expect([kind, labels]).toEqual([kind, expect.objectContaining({
          'app.kubernetes.io/name': 'cdk8s-backup',
          'app.kubernetes.io/instance': expect.stringMatching(/./),
          'app.kubernetes.io/component': labels.component ?? expect.stringMatching(/^backup-(storage|alerts)$/),
          'app.kubernetes.io/part-of': chart,
          'app.kubernetes.io/managed-by': 'cdk8s',
        })]);
      }
    }
    expect(JSON.stringify(objects.map(({ spec }) => [spec?.selector, spec?.podSelector]))).not.toContain('app.kubernetes.io');
  });

  test('has the image of the runner from a registry of its user, so that synth has nothing to warn of', () => {
    const images = new Set(all.match(/(?<=image: ).*cdk8s-backup-runner.*/g));
    expect([...images]).toEqual([IMAGE]);
  });

  test('holds configs that the runner reads', () => {
    const configs = Object.values(configsOf(all));
    expect(configs.length).toBeGreaterThan(0);
    for (const config of configs) expect(parseConfig(JSON.stringify(config))).toEqual(config);
  });
});

/** What a reviewer looks at. Of the others which objects there are. */
function reviewed(example: string, files: Files): unknown {
  if (WHOLE.includes(example)) {
    // The tests of alert rules are half a megabyte that nobody reviews; promtool has the say on them. The HTML of a runbook has the words of its Markdown.
    return Object.fromEntries(Object.entries(files).filter(([file]) => !/\.(rules\.test|html)$/.test(file)));
  }
  const objects = Object.entries(files).filter(([file]) => file.endsWith('.k8s.yaml')).flatMap(([, text]) => objectsOf(text));
  return [...Object.keys(files), ...objects.map(({ kind, metadata: { namespace, name }, spec }) => [kind, `${namespace}/${name}`, ...kind === 'CronJob' ? [spec.schedule] : []].join(' '))];
}

test('whispercache backs up its Secret too, where somebody says to whom it is sealed', () => {
  const recipient = 'age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p';
  const { 'secrets-backup': backup, 'secrets-restore': restore } = configsOf(synth('whispercache', { AGE_RECIPIENTS: recipient })['whispercache.k8s.yaml']);
  expect(parseConfig(JSON.stringify(backup))).toMatchObject({ encryption: { recipients: [recipient] }, source: { secretNames: ['backup-secrets'] } });
  expect(parseConfig(JSON.stringify(restore))).toMatchObject({ name: 'secrets', target: { engine: 'kubernetes', replace: false } });
});

describe('the profiles of whispercache', () => {
  const PARTS = ['application.k8s.yaml', 'whispercache.k8s.yaml'];
  const namesIn = (files: Files) => PARTS.flatMap(file => objectsOf(files[file]!)).map(({ kind, metadata }) => `${kind} ${metadata.name}`);
  const bucketOf = (files: Files) => configsOf(files['whispercache.k8s.yaml']!)['db-backup'].stores.find(({ type }: any) => type === 's3');

  test('are production, where none is named, and no others', () => {
    expect(synth('whispercache')).toEqual(production);
    expect(() => synth('whispercache', { PROFILE: 'staging' })).toThrow('PROFILE must be one of production, on-premises, development, got staging');
  });

  test('have an application with its databases, and say what they need of the Secret by its name alone', () => {
    expect(namesIn(production)).toEqual(expect.arrayContaining([
      'Deployment whispercache-backend', 'Service whispercache-backend', 'StatefulSet postgres', 'Service postgres', 'StatefulSet redis', 'Service redis',
    ]));
    const secrets = [production, onPremises, development].flatMap(namesIn).filter(name => name.startsWith('Secret '));
    expect(secrets).toEqual([]);
    const containers = objectsOf(production['application.k8s.yaml']!).flatMap(({ spec }) => spec?.template?.spec.containers ?? []);
    const passwords = containers.flatMap(({ env = [] }: any) => env).filter(({ name }: any) => name.endsWith('PASSWORD'));
    expect(passwords.map(({ valueFrom }: any) => valueFrom)).toEqual(Array(2).fill({ secretKeyRef: { name: 'backup-secrets', key: 'POSTGRES_PASSWORD' } }));
  });

  test('differ in their objects by the SQLite file, which development has', () => {
    expect(namesIn(onPremises)).toEqual(namesIn(production));
    const more = namesIn(development).filter(name => !namesIn(production).includes(name));
    expect(more).toEqual(expect.arrayContaining(['PersistentVolumeClaim whispercache-data', 'CronJob sqlite-backup', 'CronJob sqlite-restore']));
    expect(more.filter(name => !/ (sqlite-|whispercache-data$)/.test(name))).toEqual([]);
    expect(namesIn(production).filter(name => !namesIn(development).includes(name))).toEqual([]);
  });

  test('have the same alerts and the same tests of them, in production and on premises', () => {
    const monitoring = (files: Files) => Object.entries(files).filter(([file]) => file.startsWith('monitoring/'));
    expect(monitoring(production).length).toBeGreaterThan(5);
    expect(monitoring(onPremises)).toEqual(monitoring(production));
  });

  test('have their bucket on AWS, in a service of one\'s own with TLS, and in the one of Compose', () => {
    expect([production, onPremises, development].map(files => bucketOf(files).endpoint)).toEqual([null, 'https://minio.example.com:9000', 'http://s3:9000']);
  });

  test('promise that the loss of the cluster and of its region is survived, where the bucket is elsewhere', () => {
    const promised = (files: Files) => /## The cluster is lost\n\n(?:\|.*\n)*?\| whispercache \|.*\| (.*) \|\n/.exec(files['RUNBOOK.md']!)![1];
    expect([production, onPremises, development].map(promised)).toEqual([
      '1 day 3 hours lost at most, back within 2 hours', '1 day 3 hours lost at most, back within 2 hours', 'nothing',
    ]);
  });
});

describe('compose.yaml of whispercache', () => {
  const manifest = development['whispercache.k8s.yaml']!;
  const jobs = configsOf(manifest);
  const { services, volumes } = parse(readFileSync(join(EXAMPLES, 'whispercache', 'compose.yaml'), 'utf8'), { merge: true });

  test.each(Object.keys(jobs))('runs the config of %s with values that the runner takes', job => {
    const { command, image } = services[job];
    const verifies = job.endsWith('-verify');
    expect(command.slice(3).filter((argument: string) => !argument.startsWith('--set='))).toEqual(verifies ? ['--scheduled'] : []);
    const settings = command.slice(3).filter((argument: string) => argument !== '--scheduled').map((argument: string) => /^--set=(.+)$/.exec(argument)![1]);
    const config = checkConfig(settings.reduce(applySetting, parseConfig(configInManifest(manifest, 'the manifest', job))));

    expect(command.slice(0, 3)).toEqual([verifies ? 'verify' : config.kind, '--manifest=/manifests/whispercache.k8s.yaml', `--job=${job}`]);
    expect(image).toBe(IMAGE);
    expect(config).toEqual({
      ...jobs[job],
      // What only a cluster has.
      ...config.kind === 'restore' && { workloads: [], healthUrl: null },
      ...job === 'redis-restore' && { target: { ...jobs[job].target, advertiseHostEnv: null } },
    });
  });

  test('has what the configs name: databases, the bucket, the folder of backups and that of the SQLite file', () => {
    const backups = Object.values(jobs).filter(({ kind }) => kind === 'backup');
    const endpoints = backups.flatMap(({ stores }) => stores.map(({ endpoint }: any) => endpoint)).filter(Boolean);
    const hosts = [...backups.map(({ source }) => source.host).filter(Boolean), ...endpoints.map(endpoint => new URL(endpoint).hostname)];
    expect([...new Set(hosts)].sort()).toEqual(['postgres', 'redis', 's3']);
    expect(Object.keys(services)).toEqual(expect.arrayContaining(hosts));
    const [{ directory }] = jobs['db-backup'].stores;
    for (const job of Object.keys(jobs)) {
      expect(services[job].volumes).toContainEqual(expect.stringMatching(`^backups:${directory}(:ro)?$`));
    }
    for (const service of ['backend', 'sqlite-backup', 'sqlite-restore']) {
      expect(services[service].volumes).toContain(`app-data:${dirname(jobs['sqlite-backup'].source.path)}`);
      expect(services[service].user).toBe(services.backend.user);
    }
    expect(Object.keys(volumes)).toEqual(expect.arrayContaining(['app-data', 'backups']));
  });

  test('gives the application what it has in the cluster', () => {
    const { spec } = objectsOf(development['application.k8s.yaml']!).find(({ kind }) => kind === 'Deployment');
    const [{ env, image }] = spec.template.spec.containers;
    expect(services.backend.image).toBe(image);
    expect(Object.keys(services.backend.environment).sort()).toEqual(env.map(({ name }: any) => name).sort());
    const plain = env.filter(({ value }: any) => value !== undefined).map(({ name, value }: any) => [name, value]);
    expect(services.backend.environment).toMatchObject(Object.fromEntries(plain));
  });

  test('gives each service the secrets that its config names', () => {
    for (const [job, config] of Object.entries(jobs)) {
      const named = JSON.stringify(config).match(/"[A-Za-z]+Env":"[^"]+"/g)!.map(text => JSON.parse(`{${text}}`)).flatMap(Object.values)
        // What verifies knows the source by name only.
        .filter(name => name !== 'POD_IP' && !(job.endsWith('-verify') && name === 'POSTGRES_PASSWORD'));
      expect(Object.keys(services[job].environment)).toEqual(expect.arrayContaining(named));
    }
  });
});

function objectsOf(manifest: string): any[] {
  return parseAllDocuments(manifest).map(document => document.toJS());
}

/** Fields that the API server keeps although they are 0 or false: it tells those from none. */
const MAY_BE_ZERO = /\.(automountServiceAccountToken|allowPrivilegeEscalation|privileged|enableServiceLinks|suspend|setHostnameAsFQDN|backoffLimit|(successful|failed)JobsHistoryLimit)$/;
/** Empty, these say all, or a volume without a limit. Text in a list is an argument, or the core group of the API. */
const MAY_BE_EMPTY = /\.(emptyDir|podSelector|namespaceSelector)$|\[\]$/;
/** Quantities of which the API server writes the same with another suffix. */
const REWRITTEN = [/^\d+\.\d+/, /^\d*000m?$/, /^\d*000[kMGTP]$/];

/** Paths of what the API server would store otherwise than it is written. */
function notAsStored(value: any, path: string): string[] {
  if (Array.isArray(value) && value.length > 0) return value.flatMap(each => notAsStored(each, `${path}[]`));
  if (typeof value === 'object' && value !== null && Object.keys(value).length > 0) {
    const partial = path.endsWith('.fieldRef') && value.apiVersion === undefined ? [path] : [];
    return [...partial, ...Object.entries(value).flatMap(([field, each]) => notAsStored(each, `${path}.${field}`))];
  }
  if (value === false || value === 0) return MAY_BE_ZERO.test(path) ? [] : [path];
  if (value === null || value === '' || typeof value === 'object') return MAY_BE_EMPTY.test(path) ? [] : [path];
  if (!/\.(limits|requests)\.[^.]+$|\.sizeLimit$/.test(path)) return [];
  const [, amount] = /^(\d+)[KMGTPE]i$/.exec(value) ?? [];
  return REWRITTEN.some(form => form.test(value)) || (amount !== undefined && Number(amount) % 1024 === 0) ? [`${path}: ${value}`] : [];
}

/** The configs in a manifest, by the name of the CronJob. */
function configsOf(manifest: string): { readonly [job: string]: any } {
  const cronJobs = objectsOf(manifest).filter(object => object.kind === 'CronJob');
  return Object.fromEntries(cronJobs.map(object => {
    const { env } = object.spec.jobTemplate.spec.template.spec.containers[0];
    return [object.metadata.name, JSON.parse(unescapeEnvValue(env.find((variable: any) => variable.name === CONFIG_ENV).value))];
  }));
}
