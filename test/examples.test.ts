import { readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { parse, parseAllDocuments } from 'yaml';
import { EXAMPLE_NAMES, EXAMPLES, synthExample as synth } from './_example';
import { CONFIG_ENV, unescapeEnvValue } from '../src/contract/config';
import { checkConfig, parseConfig } from '../src/runner/config/config';
import { configInManifest } from '../src/runner/config/manifest';
import { applySetting } from '../src/runner/config/setting';

const { version } = JSON.parse(readFileSync(join(__dirname, '..', 'package.json'), 'utf8'));
const IMAGE = `registry.example.com/cdk8s-backup-runner:${version}`;

type Files = ReturnType<typeof synth>;

const [quickstart, whispercache, recoveryPlan] = ['quickstart', 'whispercache', 'recovery-plan'].map(example => synth(example)) as [Files, Files, Files];

/** Those of which nothing else is asked here. */
const OTHERS = ['postgres', 'redis', 'fleet', 'encrypted', 'other-namespace', 'migration', 'gitops'];

test('these are all examples', () => {
  expect(EXAMPLE_NAMES).toEqual(['quickstart', 'whispercache', 'recovery-plan', ...OTHERS].sort());
});

describe.each<[string, Files]>([
  ['quickstart', quickstart], ['whispercache', whispercache], ['recovery-plan', recoveryPlan], ...OTHERS.map((example): [string, Files] => [example, synth(example)]),
])('%s', (example, first) => {
  const manifests = Object.entries(first).filter(([file]) => file.endsWith('.k8s.yaml')).map(([file, text]) => ({ chart: basename(file, '.k8s.yaml'), text }));
  const all = manifests.map(({ text }) => text).join('\n---\n');

  test('synthesizes the same files as before', () => {
    expect(reviewed(example, first)).toMatchSnapshot();
  });

  test('is the same, byte for byte, when it is synthesized again', () => {
    expect(synth(example)).toEqual(first);
  });

  test('holds nothing that the API server drops or rewrites, so that applying it twice changes nothing', () => {
    expect(objectsOf(all).flatMap(object => notAsStored(object, object.kind))).toEqual([]);
  });

  test('labels every object, and its pods, as Kubernetes recommends, and selects nothing by that', () => {
    const objects = manifests.flatMap(({ chart, text }) => objectsOf(text).map(object => ({ chart, ...object })));
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

/** What a reviewer looks at. Of the small ones which objects there are: each kind of them is whole in the others. */
function reviewed(example: string, files: Files): unknown {
  if (!OTHERS.includes(example)) {
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

describe('compose.yaml of whispercache', () => {
  const manifest = whispercache['whispercache.k8s.yaml'];
  const jobs = configsOf(manifest);
  const compose = parse(readFileSync(join(EXAMPLES, 'whispercache', 'compose.yaml'), 'utf8'), { merge: true });

  test.each(Object.keys(jobs))('runs the config of %s with values that the runner takes', job => {
    const { command, image } = compose.services[job];
    const verifies = job.endsWith('-verify');
    expect(command.slice(3).filter((argument: string) => !argument.startsWith('--set='))).toEqual(verifies ? ['--scheduled'] : []);
    const settings = command.slice(3).filter((argument: string) => argument !== '--scheduled').map((argument: string) => /^--set=(.+)$/.exec(argument)![1]);
    const config = checkConfig(settings.reduce(applySetting, parseConfig(configInManifest(manifest, 'the manifest', job))));

    expect(command.slice(0, 3)).toEqual([verifies ? 'verify' : config.kind, '--manifest=/manifests/whispercache.k8s.yaml', `--job=${job}`]);
    expect(image).toBe(IMAGE);
    expect(config).toEqual({
      ...jobs[job],
      // Of the cluster's config the place of S3 differs, and what only a cluster has.
      stores: [jobs[job].stores[0], { ...jobs[job].stores[1], endpoint: 'http://s3:9000', pathStyle: true }],
      ...config.kind === 'restore' && { workloads: [], healthUrl: null },
      ...job === 'redis-restore' && { target: { ...jobs[job].target, advertiseHostEnv: null } },
    });
  });

  test('gives each service the secrets that its config names', () => {
    for (const [job, config] of Object.entries(jobs)) {
      const named = JSON.stringify(config).match(/"[A-Za-z]+Env":"[^"]+"/g)!.map(text => JSON.parse(`{${text}}`)).flatMap(Object.values)
        // What verifies knows the source by name only.
        .filter(name => name !== 'POD_IP' && !(job.endsWith('-verify') && name === 'POSTGRES_PASSWORD'));
      expect(Object.keys(compose.services[job].environment)).toEqual(expect.arrayContaining(named));
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
