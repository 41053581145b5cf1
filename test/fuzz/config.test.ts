import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import { EVIL_NAMES, refusalIn, refusalOf, runs, spoiled } from './_hostile';
import { gapsOf } from '../../src/constructs/schedule/longest-gap';
import { parseSchedule, shortestIntervalSeconds } from '../../src/constructs/schedule/schedule';
import { CONFIG_ENV, CONFIG_VERSION, DrillConfig, ExporterConfig, renderConfig, RestoreConfig } from '../../src/contract/config';
import { ExitCode } from '../../src/contract/exit-code';
import { claimDeadline } from '../../src/runner/catalog/claim';
import { checkConfig, parseConfig } from '../../src/runner/config/config';
import { loadConfig } from '../../src/runner/config/load';
import { configInManifest } from '../../src/runner/config/manifest';
import { describeAt, parseAt } from '../../src/runner/config/point-in-time';
import { applySetting } from '../../src/runner/config/setting';
import { deadlineIn } from '../../src/runner/core/deadline';
import { checkLifecycleConfig } from '../../src/runner/lifecycle/config';
import { aConfig, anS3Store } from '../runner/_fixtures';

jest.setTimeout(60_000); // bounded by numbers of runs, and not by the time of a busy machine

const s3 = anS3Store({ name: 's3' });
const restore: RestoreConfig = {
  version: CONFIG_VERSION,
  kind: 'restore',
  name: 'app',
  target: { engine: 'sqlite', path: '/data/app.db', lockTimeoutSeconds: 1, keepPrevious: true, assertions: [] },
  stores: [s3],
  backup: 'latest',
  notAfter: null,
  store: null,
  workloads: [],
  healthUrl: null,
  decryption: null,
  encryption: null,
  activeDeadlineSeconds: 60,
  scratch: { directory: '/tmp', limitBytes: null },
};
const drill: DrillConfig = {
  version: CONFIG_VERSION,
  kind: 'drill',
  namespace: 'shop',
  name: 'app',
  member: null,
  target: { engine: 'sqlite', path: '/data/app.db', lockTimeoutSeconds: 1, keepPrevious: true, assertions: [] },
  stores: [s3],
  tablesThatMayBeEmpty: [],
  dataBytes: null,
  freshness: [],
  rtoSeconds: null,
  serverStartTimeoutSeconds: 60,
  keepDrills: 3,
  decryption: null,
  pushgatewayUrl: null,
  activeDeadlineSeconds: 60,
  scratch: { directory: '/tmp', limitBytes: null },
};
const exporter: ExporterConfig = {
  version: CONFIG_VERSION,
  kind: 'exporter',
  cluster: 'eu-1',
  environment: null,
  port: 8080,
  refreshSeconds: 60,
  backups: [{ name: 'app', engine: 'sqlite', namespace: 'x', cronJob: 'x', restoreJob: null, stores: [s3], staleAfterSeconds: null, rpoSeconds: null, rtoSeconds: null, verifiedWithinSeconds: null, drilledWithinSeconds: null }],
};
const lifecycle = { version: 1, store: s3, document: { Rules: [{ ID: 'cdk8s-backup.x', Status: 'Enabled', Filter: { Prefix: 'x' }, Expiration: { Days: 3 } }] }, transitionDefaultMinimumObjectSize: null };

test.each<[string, object]>([['a backup', aConfig()], ['a restore', restore], ['a drill', drill], ['an exporter', exporter]])('the config of %s that was spoiled is refused, or can be worked with', (_, valid) => {
  expect(parseConfig(JSON.stringify(valid))).toEqual(valid);
  fc.assert(fc.property(spoiled(valid), json => {
    const result = refusalOf(() => parseConfig(json));
    if ('refused' in result) return expect(result.refused.exitCode).toBe(ExitCode.BAD_CONFIG);
    const config = result.value;
    expect(JSON.stringify(config)).not.toContain('\\u0000'); // no program and no file can be told one
    if ('activeDeadlineSeconds' in config) expect(claimDeadline(new Date(), config.activeDeadlineSeconds).toISOString()).toMatch(/^\d{4}-/);
  }), runs(700));
});

test('a lifecycle that was spoiled is refused', () => {
  expect(checkLifecycleConfig(lifecycle)).toEqual(lifecycle);
  fc.assert(fc.property(spoiled(lifecycle), json => {
    const result = refusalOf(() => checkLifecycleConfig(refusalOfJson(json)));
    if ('refused' in result) expect(result.refused.exitCode).toBe(ExitCode.BAD_CONFIG);
  }), runs(500));
});

test('a setting is made, or refused by its name', () => {
  const paths = fc.oneof(fc.constantFrom('source.path', 'stores.volume.directory', 'stores.0', 'retention.keepHours', 'encryption', '__proto__', '__proto__.x', 'constructor.prototype.x', 'stores.length', 'stores.__proto__.x', 'name.0', 'source', 'version'), fc.string());
  const values = fc.oneof(fc.string(), fc.json(), fc.constantFrom('null', '1e999', 'NaN', '-1', ' ', '[[]]', '{"__proto__":{"polluted":1}}', `${'['.repeat(2000)}${']'.repeat(2000)}`));
  fc.assert(fc.property(paths, values, (at, value) => {
    const result = refusalOf(() => checkConfig(applySetting(aConfig(), `${at}=${value}`)));
    if ('refused' in result) expect([ExitCode.USAGE, ExitCode.BAD_CONFIG]).toContain(result.refused.exitCode);
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
    expect(({} as { x?: unknown }).x).toBeUndefined();
  }), runs(1500));
});

test('a time for --at is one that is there, in a zone that is told, or is refused', () => {
  const almost = fc.stringMatching(/^\d{4}-[01]\d-[0-3]\d[T ][0-2]\d:[0-6]\d(:[0-6]\d)?(\.\d{1,4})? ?(Z|z|[+-][0-2]\d:?[0-6]\d|CET|)$/);
  let understood = 0;
  fc.assert(fc.property(fc.oneof(almost, fc.string(), fc.constantFrom(...EVIL_NAMES, '2026-02-29T00:00:00Z')), text => {
    const result = refusalOf(() => {
      describeAt(text, new Date('2026-11-22T02:00:00Z'));
      return parseAt(text);
    });
    if ('refused' in result) {
      expect(result.refused.exitCode).toBe(ExitCode.USAGE);
      return;
    }
    understood++;
    expect(text).toMatch(/(Z|[+-]\d\d:?\d\d)$/i);
    const [, hours = '0', minutes = '0'] = /([+-]\d\d):?(\d\d)$/.exec(text) ?? [];
    const local = new Date(result.value.getTime() + (Number(hours) * 60 + Number(hours[0] + minutes)) * 60_000);
    expect(local.toISOString().slice(0, 16)).toBe(text.slice(0, 16).replace(' ', 'T'));
  }), runs(1500));
  expect(understood).toBeGreaterThan(50);
});

describe('a manifest', () => {
  const valid = { kind: 'CronJob', metadata: { name: 'db' }, spec: { jobTemplate: { spec: { template: { spec: { containers: [{ args: ['backup'], env: [{ name: CONFIG_ENV, value: renderConfig(aConfig()) }] }] } } } } } };

  test('that is odd is refused, or what is odd in it is passed over', () => {
    fc.assert(fc.property(spoiled(valid), fc.boolean(), (text, withGood) => {
      const result = refusalOf(() => parseConfig(configInManifest(withGood ? `${text}\n---\n${JSON.stringify(valid).replace('"db"', '"good"')}` : text, 'app.yaml', withGood ? 'good' : undefined)));
      if ('refused' in result) expect([ExitCode.USAGE, ExitCode.BAD_CONFIG]).toContain(result.refused.exitCode);
      else expect(result.value.kind).toBe('backup');
    }), { ...runs(250), examples: [] });
  });

  test.each([
    ['aliases that make much out of little', `a: &a [${'x,'.repeat(100)}]\nb: &b [${'*a,'.repeat(100)}]\nc: [${'*b,'.repeat(100)}]\n`, /Excessive alias count/],
    ['lists in lists without an end', '['.repeat(10_000), /is not YAML that can be read/],
    ['no YAML', 'a: b: c: "', /app\.yaml is not YAML that can be read/],
    ['containers that are none', 'spec: { template: { spec: { containers: [null] } } }', /has no job of cdk8s-backup/],
    ['a config that is a number', `spec: { template: { spec: { containers: [{ env: [{ name: ${CONFIG_ENV}, value: 1 }] }] } } }`, /has no job of cdk8s-backup/],
  ])('with %s is refused', (_, yaml, message) => {
    const result = refusalOf(() => configInManifest(yaml, 'app.yaml', undefined));
    expect(result).toMatchObject({ refused: { exitCode: ExitCode.BAD_CONFIG, message: expect.stringMatching(message) } });
  });

  test('is read from a pipe, and no further than any manifest goes', async () => {
    const directory = mkdtempSync(path.join(tmpdir(), 'hostile-config-'));
    try {
      await expect(loadConfig({ config: '/dev/zero', set: [] }, {})).rejects.toThrow('/dev/zero is larger than 67.1 MB, and so neither a config nor a manifest');
      await expect(loadConfig({ config: directory, set: [] }, {})).rejects.toMatchObject({ exitCode: ExitCode.BAD_CONFIG });
      const pipe = path.join(directory, 'pipe');
      execFileSync('mkfifo', [pipe]);
      const loading = loadConfig({ config: pipe, set: [] }, {});
      await writeFile(pipe, JSON.stringify(aConfig())); // not at once: whoever opens a pipe waits for the other end
      expect((await loading).name).toBe('app');
    } finally {
      rmSync(directory, { recursive: true });
    }
  });
});

test('a deadline of a month does not end at once', async () => {
  const signal = deadlineIn(30 * 86_400);
  await new Promise(resolve => setTimeout(resolve, 20));
  expect(signal.aborted).toBe(false);
  expect(deadlineIn(0.0001).aborted).toBe(false); // no whole number of milliseconds
});

describe('a cron expression', () => {
  const field = fc.oneof(
    { weight: 8, arbitrary: fc.constantFrom('*', '*', '*/5', '1-5', '3', '1,2', '0', '4-6/2') },
    fc.constantFrom('*', '?', '*/5', '1-5', '5-1', '0/0', '60', '-1', '1,,2', ',', '/', '-', '*-', 'MON', 'feb', '9'.repeat(30), '1-2-3', '*/9223372036854775807', '0x1', '1e1', ...EVIL_NAMES),
    fc.integer({ min: -1, max: 61 }).map(String), fc.string({ maxLength: 4 }),
  );
  const expression = fc.oneof(
    { weight: 8, arbitrary: fc.array(field, { minLength: 4, maxLength: 6 }).map(fields => fields.join(' ')) },
    { weight: 1, arbitrary: fc.string() },
    { weight: 1, arbitrary: fc.string({ unit: fc.constantFrom('@', 'every ', '1', 'h', 'm', '.', '-', '9'.repeat(20), 'ns', '@yearly', '@__proto__') }) },
  );

  test('is refused with a reason, or comes to runs', () => {
    let accepted = 0;
    fc.assert(fc.property(expression, text => {
      let interval: number | undefined;
      try {
        interval = shortestIntervalSeconds(parseSchedule(text));
      } catch (error) {
        expect((error as Error).constructor).toBe(Error);
        expect((error as Error).message.length).toBeGreaterThan(10);
        return;
      }
      if (interval === undefined || interval < 60) return; // never, or too often: both are refused
      accepted++;
      if (accepted > 60) return;
      const { longestSeconds, shortestSeconds } = gapsOf(text, 'Europe/Berlin');
      expect(Number.isFinite(longestSeconds) && shortestSeconds > 0 && longestSeconds >= shortestSeconds).toBe(true);
    }), runs(3000));
    expect(accepted).toBeGreaterThan(20);
  });

  test.each([['a list of 100,000 numbers', `${'1,'.repeat(100_000)}1 * * * *`], ['a step of 100,000 digits', `*/${'9'.repeat(100_000)} * * * *`], ['a duration of 50,000 parts', `@every ${'1h'.repeat(50_000)}`]])(
    '%s is read or refused', (_, text) => {
      try {
        expect(parseSchedule(text).kind).toMatch(/calendar|interval/);
      } catch (error) {
        expect((error as Error).constructor).toBe(Error);
      }
    });
});

function refusalOfJson(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}

test('the loader refuses what is no JSON', async () => {
  await expect(refusalIn(() => loadConfig({ set: [] }, { [CONFIG_ENV]: '{"kind"' }))).resolves.toMatchObject({ refused: { exitCode: ExitCode.BAD_CONFIG } });
});
