import { existsSync, mkdtempSync, readFileSync, rmSync } from 'fs';
import { tmpdir } from 'os';
import { join } from 'path';
import { ApiObject, App, Chart, Testing, YamlOutputType } from 'cdk8s';
import { Construct, Node } from 'constructs';
import { jsonText, SynthFile, synthFiles } from '../../../src/constructs/core/synth-file';

function file(scope: Construct, fileName: string, content = 'text'): SynthFile {
  return new SynthFile(scope, fileName, { fileName, content: () => content });
}

function read(app: App, fileName: string): string {
  return readFileSync(join(app.outdir, fileName), 'utf8');
}

describe.each([
  YamlOutputType.FILE_PER_APP, YamlOutputType.FILE_PER_CHART, YamlOutputType.FILE_PER_RESOURCE, YamlOutputType.FOLDER_PER_CHART_FILE_PER_RESOURCE,
])('with YAML output type %s', yamlOutputType => {
  test('is written by synth, beside the YAML', () => {
    const app = Testing.app({ yamlOutputType });
    const chart = new Chart(app, 'shop');
    new ApiObject(chart, 'object', { apiVersion: 'v1', kind: 'ConfigMap' });
    file(chart, 's3/bucket.json', jsonText({ b: 1, a: [2] }));
    app.synth();
    expect(read(app, 's3/bucket.json')).toBe('{\n  "b": 1,\n  "a": [\n    2\n  ]\n}\n');
  });
});

test('synth writes the manifests as it does without files', () => {
  function yaml(withFile: boolean): string {
    const app = Testing.app();
    const chart = new Chart(app, 'shop');
    new ApiObject(chart, 'object', { apiVersion: 'v1', kind: 'ConfigMap' });
    if (withFile) file(chart, 'a/b.json');
    app.synth();
    return read(app, 'shop.k8s.yaml');
  }
  expect(yaml(true)).toBe(yaml(false));
});

test('is written into the folder that CDK8S_OUTDIR names', () => {
  const outdir = mkdtempSync(join(tmpdir(), 'synth-file.'));
  const before = process.env.CDK8S_OUTDIR;
  process.env.CDK8S_OUTDIR = outdir;
  try {
    const app = new App();
    file(new Chart(app, 'shop'), 'a.txt');
    app.synth();
    expect(readFileSync(join(outdir, 'a.txt'), 'utf8')).toBe('text\n');
  } finally {
    if (before === undefined) delete process.env.CDK8S_OUTDIR; else process.env.CDK8S_OUTDIR = before;
  }
});

test('reads its content when the app is synthesized, not before', () => {
  const app = Testing.app();
  const lines = ['first'];
  new SynthFile(new Chart(app, 'shop'), 'file', { fileName: 'lines.txt', content: () => lines.join('\n') });
  lines.push('second');
  app.synth();
  expect(read(app, 'lines.txt')).toBe('first\nsecond\n');
});

test('is written before the next one is made: of thousands, one at a time is in memory', () => {
  const app = Testing.app();
  const chart = new Chart(app, 'shop');
  file(chart, 'a/first.txt', 'first');
  let found: string | undefined;
  new SynthFile(chart, 'second', {
    fileName: 'a/second.txt',
    content: () => {
      found = read(app, 'a/first.txt');
      return 'second';
    },
  });
  app.synth();
  expect([found, read(app, 'a/second.txt')]).toEqual(['first\n', 'second\n']);
});

test('is the same at every synth', () => {
  const app = Testing.app();
  file(new Chart(app, 'shop'), 'a.txt');
  app.synth();
  const first = read(app, 'a.txt');
  app.synth();
  expect(read(app, 'a.txt')).toBe(first);
});

test('is not written by what only looks: Testing.synth, synthYaml, and an app that is invalid', () => {
  const app = Testing.app();
  const chart = new Chart(app, 'shop');
  file(chart, 'a.txt');
  Testing.synth(chart);
  app.synthYaml();
  chart.node.addValidation({ validate: () => ['nothing is right'] });
  expect(() => app.synth()).toThrow('nothing is right');
  expect(existsSync(join(app.outdir, 'a.txt'))).toBe(false);
});

test('is read by tests without a disk', () => {
  const app = Testing.app();
  file(new Chart(app, 'one'), 'b.txt');
  file(new Chart(app, 'two'), 'a/c.txt', 'other\n\n');
  expect(synthFiles(app.node.children[0])).toEqual({ 'a/c.txt': 'other\n', 'b.txt': 'text\n' });
});

test('keeps the app what it was, also one of the user\'s own class, and in the way the jsii kernel calls it', () => {
  class Mine extends App {
    public count = 0;
    public synth(): void {
      this.count += 1;
      super.synth();
    }
  }
  const app = new Mine({ outdir: Testing.app().outdir });
  const chart = new Chart(app, 'shop');
  file(chart, 'a.txt');
  file(chart, 'b.txt');
  app.constructor.prototype.synth.apply(app);
  expect(app).toBeInstanceOf(Mine);
  expect(App.of(chart)).toBe(app);
  expect(app.count).toBe(1);
  expect([read(app, 'a.txt'), read(app, 'b.txt')]).toEqual(['text\n', 'text\n']);
});

test('leaves other apps alone', () => {
  const before = App.prototype.synth;
  file(new Chart(Testing.app(), 'shop'), 'a.txt');
  expect(App.prototype.synth).toBe(before);
});

test('a file of another name does not look at the whole app', () => {
  const app = Testing.app();
  const chart = new Chart(app, 'shop');
  const walks = jest.spyOn(Node.prototype, 'findAll');
  try {
    ['rules/a.txt', 'rules/b.txt', 'rules/b.txt.old', 'c.txt'].forEach(name => file(chart, name));
    expect(walks).not.toHaveBeenCalled();
  } finally {
    walks.mockRestore();
  }
});

test('the name of a file that was removed from the app is free', () => {
  const app = Testing.app();
  const chart = new Chart(app, 'shop');
  file(chart, 'a.txt');
  chart.node.tryRemoveChild('a.txt');
  file(new Chart(app, 'other'), 'a.txt', 'of the other');
  app.synth();
  expect(read(app, 'a.txt')).toBe('of the other\n');
});

test.each([['rules.txt', 'rules.txt'], ['Rules.txt', 'rules.txt'], ['rules', 'rules/a.txt'], ['rules/a/b.txt', 'Rules'], ['rules/a.txt', 'rules/a.txt/b']])('fails when two constructs write %s and %s', (one, other) => {
  const app = Testing.app();
  file(new Chart(app, 'first'), one);
  expect(() => file(new Chart(app, 'second'), other))
    .toThrow(`'fileName' "${other}" collides with "${one}" of first/${one.replaceAll('/', '--')}: give one of the two another name`);
});

test.each(['', '/etc/passwd', '../up.txt', 'a//b', 'a/../b', 'a b.txt', 'C:\\x', '.hidden'])('fails for the name %j', fileName => {
  expect(() => new SynthFile(Testing.chart(), 'file', { fileName, content: () => '' })).toThrow('\'fileName\' must be a path inside the output folder');
});

describe('two apps of one program', () => {
  const appIn = (outdir: string, chart: string, name: string, content: string) => {
    const app = new App({ outdir });
    file(new Chart(app, chart), name, content);
    return app;
  };

  test('that share an output folder both have their files in it', () => {
    const { outdir } = Testing.app();
    const apps = [appIn(outdir, 'shop', 'a/shop.txt', 'shop'), appIn(outdir, 'bank', 'a/bank.txt', 'bank')];
    for (const app of apps) app.synth();
    expect(['a/shop.txt', 'a/bank.txt'].map(name => read(apps[0], name))).toEqual(['shop\n', 'bank\n']);
  });

  test('do not overwrite each other\'s files', () => {
    const { outdir } = Testing.app();
    const [staging, production] = ['staging', 'production'].map(name => appIn(outdir, name, 'rules/alerts.txt', name));
    production.synth();
    expect(() => staging.synth()).toThrow(
      `staging/rules--alerts.txt would overwrite ${join(outdir, 'rules', 'alerts.txt')}, which another app, that of "production", has written: give each app an 'outdir' of its own`,
    );
    expect(read(production, 'rules/alerts.txt')).toBe('production\n');
    production.synth();
  });

  test('are one after the other where the folder is removed in between', () => {
    const { outdir } = Testing.app();
    appIn(outdir, 'staging', 'rules/alerts.txt', 'staging').synth();
    rmSync(outdir, { recursive: true });
    appIn(outdir, 'production', 'rules/alerts.txt', 'production').synth();
    expect(readFileSync(join(outdir, 'rules', 'alerts.txt'), 'utf8')).toBe('production\n');
  });

  test('have each their own where each has an output folder, whatever CDK8S_OUTDIR says', () => {
    const before = process.env.CDK8S_OUTDIR;
    process.env.CDK8S_OUTDIR = Testing.app().outdir;
    try {
      const apps = ['staging', 'production'].map(name => appIn(Testing.app().outdir, name, 'alerts.txt', name));
      for (const app of apps) app.synth();
      expect(apps.map(app => read(app, 'alerts.txt'))).toEqual(['staging\n', 'production\n']);
      expect(existsSync(join(process.env.CDK8S_OUTDIR, 'alerts.txt'))).toBe(false);
    } finally {
      if (before === undefined) delete process.env.CDK8S_OUTDIR; else process.env.CDK8S_OUTDIR = before;
    }
  });

  test('are one where the second has the same charts: it is made again, and replaces what was', () => {
    const { outdir } = Testing.app();
    for (const content of ['first', 'second']) appIn(outdir, 'shop', 'alerts.txt', content).synth();
    expect(readFileSync(join(outdir, 'alerts.txt'), 'utf8')).toBe('second\n');
  });
});

test.each(['rules.yaml', 'a/rules.yml', 'RULES.YAML'])('fails for %s, which "cdk8s synth --stdout" and Flux would take for a manifest', name => {
  expect(() => file(Testing.chart(), name)).toThrow('\'fileName\' must not end in ".yaml" or ".yml"');
});

test('fails for a name that a manifest has', () => {
  expect(() => file(Testing.chart(), 'shop.k8s.yaml')).toThrow('\'fileName\' must not end in ".k8s.yaml"');
});

test('fails outside an app, where nothing would write it', () => {
  expect(() => file(new Construct(undefined as any, 'root'), 'a.txt')).toThrow('a.txt must be inside a cdk8s App, which writes its file');
});
