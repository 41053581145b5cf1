/*
 * The workflows of GitHub, which projen writes into .github/workflows. The release of projen itself does not fit: here the version is one line of
 * .projenrc.ts, the image comes before the library that names it by its digest, and nothing is published but by a tag.
 */
import { github } from 'projen';
import { IMAGE_REPOSITORY } from '../src/contract/runner-image';

const { READ, WRITE } = github.workflows.JobPermission;
const { ACTIONS_CHECKOUT, ACTIONS_DOWNLOAD_ARTIFACT, ACTIONS_UPLOAD_ARTIFACT } = github.ActionRefs;

/** By their commits, since a tag can be moved. Those of projen come with it, but for those with releases that GitHub lets nobody move. */
const PINNED = {
  'actions/setup-go': 'actions/setup-go@b7ad1dad31e06c5925ef5d2fc7ad053ef454303e', // v7.0.0
  'actions/setup-node': 'actions/setup-node@820762786026740c76f36085b0efc47a31fe5020', // v7.0.0
  'actions/setup-python': 'actions/setup-python@5fda3b95a4ea91299a34e894583c3862153e4b97', // v7.0.0
  'github/codeql-action/init': 'github/codeql-action/init@cdf488f595d80d6e07e03d4674febd5ab45fa938', // v4.37.9
  'github/codeql-action/analyze': 'github/codeql-action/analyze@cdf488f595d80d6e07e03d4674febd5ab45fa938', // v4.37.9
};
/** Publishes to the registries of the languages; of the makers of jsii. */
const PUBLIB = 'npx --yes --package=publib@0.2.1061';
const COSIGN = 'github.com/sigstore/cosign/v2/cmd/cosign@v2.5.3';
/** That of src/runner/build/Dockerfile, which a build pins by the digest that it has that day. */
const BASE_IMAGE = 'node:24-trixie-slim';

type Step = github.workflows.JobStep;
type Job = github.workflows.Job;

const checkout = (ref?: string): Step => ({ uses: ACTIONS_CHECKOUT, with: { 'persist-credentials': false, ...ref === undefined ? {} : { ref } } });
const node: Step = { uses: PINNED['actions/setup-node'], with: { 'node-version': '24', 'package-manager-cache': false } };
const go: Step = { uses: PINNED['actions/setup-go'], with: { 'go-version': '1.26', 'cache': false } };
const python: Step = { uses: PINNED['actions/setup-python'], with: { 'python-version': '3.12' } };
const upload = (name: string, path: string): Step => ({ uses: ACTIONS_UPLOAD_ARTIFACT, with: { name, path, 'if-no-files-found': 'error' } });
const download = (name: string, path: string): Step => ({ uses: ACTIONS_DOWNLOAD_ARTIFACT, with: { name, path } });
const login: Step = {
  name: 'Log in to the registry',
  env: { TOKEN: '${{ github.token }}' },
  run: `echo "$TOKEN" | docker login ${IMAGE_REPOSITORY.split('/')[0]} --username "$GITHUB_ACTOR" --password-stdin`,
};

export function addWorkflows(gitHub: github.GitHub): void {
  for (const [action, pinned] of Object.entries(PINNED)) gitHub.actions.set(action, pinned);
  addBuild(gitHub);
  addImage(gitHub);
  addRelease(gitHub);
  addNightly(gitHub);
  addCodeql(gitHub);
}

function addBuild(gitHub: github.GitHub): void {
  const workflow = gitHub.addWorkflow('build');
  workflow.on({ pullRequest: {}, push: { branches: ['main'] }, workflowCall: {}, workflowDispatch: {} });
  workflow.addJob('test', {
    runsOn: ['ubuntu-24.04'],
    container: { image: 'debian:bookworm' },
    permissions: { contents: READ },
    timeoutMinutes: 240,
    // With "true" the tests of the cluster have to run, and these machines have version 2 of cgroups: there they say so in one line.
    env: { CI: '' },
    steps: [
      { run: 'apt-get update && apt-get install --yes --no-install-recommends ca-certificates git' },
      checkout(),
      node,
      go,
      { name: 'The test command of the README', run: '.ci/run' },
      {
        name: 'Nothing that is committed was changed by it',
        run: 'git config --global --add safe.directory "$GITHUB_WORKSPACE" && git diff --exit-code',
      },
    ],
  });
  workflow.file?.addOverride('jobs.test.container.options', '--privileged'); // a list in projen, and a text in GitHub
}

/** Builds, signs and pushes the image of a commit, and returns its digest: for a release, and every night. */
function addImage(gitHub: github.GitHub): void {
  const workflow = gitHub.addWorkflow('image');
  workflow.on({
    workflowCall: {
      inputs: { tag: { type: 'string', required: true, description: 'the tag of the commit, such as v0.1.0' } },
      outputs: { digest: { value: '${{ jobs.index.outputs.digest }}', description: 'of the image for both architectures' } },
    },
  });
  workflow.addJobs({
    program: {
      runsOn: ['ubuntu-24.04'],
      permissions: { contents: READ },
      outputs: { base: { stepId: 'base', outputName: 'image' } },
      steps: [
        checkout('${{ inputs.tag }}'),
        node,
        { run: 'npm ci' },
        { run: 'npx projen bundle:runner' },
        {
          id: 'base',
          name: 'The base image of today, for both architectures',
          run: `echo "image=${BASE_IMAGE}@$(docker buildx imagetools inspect ${BASE_IMAGE} --format '{{.Manifest.Digest}}')" >> "$GITHUB_OUTPUT"`,
        },
        upload('program', 'dist/runner'),
      ],
    },
    build: {
      needs: ['program'],
      runsOn: ['${{ matrix.machine }}'],
      permissions: { packages: WRITE },
      strategy: {
        matrix: { include: [{ architecture: 'amd64', machine: 'ubuntu-24.04' }, { architecture: 'arm64', machine: 'ubuntu-24.04-arm' }] },
      },
      steps: [
        download('program', 'program'),
        { name: 'Artifacts keep no permissions', run: 'chmod +x program/main.js program/sqlite-child.js' },
        login,
        { run: 'docker buildx create --use' },
        {
          name: 'Build and push, with SBOM and provenance',
          env: { BASE: '${{ needs.program.outputs.base }}' },
          run: [
            'docker buildx build --pull --sbom=true --provenance=mode=max --build-arg "BASE_IMAGE=$BASE" --metadata-file built.json \\',
            `  --output type=image,name=${IMAGE_REPOSITORY},push-by-digest=true,name-canonical=true,push=true program`,
          ].join('\n'),
        },
        {
          name: 'It starts',
          run: [
            "digest=$(jq --raw-output '.[\"containerimage.digest\"]' built.json)",
            `docker run --rm --read-only "${IMAGE_REPOSITORY}@$digest" --version`,
            `docker run --rm --read-only --entrypoint cdk8s-backup "${IMAGE_REPOSITORY}@$digest" --version # by its name, as people start it`,
            'echo "$digest" > digest',
          ].join('\n'),
        },
        upload('digest-${{ matrix.architecture }}', 'digest'),
      ],
    },
    index: {
      needs: ['build'],
      runsOn: ['ubuntu-24.04'],
      permissions: { packages: WRITE, idToken: WRITE },
      outputs: { digest: { stepId: 'push', outputName: 'digest' } },
      steps: [
        { uses: ACTIONS_DOWNLOAD_ARTIFACT, with: { pattern: 'digest-*', path: 'digests' } },
        go,
        login,
        {
          id: 'push',
          name: 'One image for both architectures',
          env: { TAG: '${{ inputs.tag }}' },
          run: [
            'version=${TAG#v}',
            `images=$(sed 's|^|${IMAGE_REPOSITORY}@|' digests/*/digest)`,
            '# shellcheck disable=SC2086 # one word for each image',
            `docker buildx imagetools create --tag "${IMAGE_REPOSITORY}:$version" --tag "${IMAGE_REPOSITORY}:$version-$(date --utc +%Y%m%d)" $images`,
            `digest=$(docker buildx imagetools inspect "${IMAGE_REPOSITORY}:$version" --format '{{.Manifest.Digest}}')`,
            'echo "digest=$digest" >> "$GITHUB_OUTPUT"',
          ].join('\n'),
        },
        {
          name: 'Sign it with the identity of this workflow',
          env: { DIGEST: '${{ steps.push.outputs.digest }}' },
          run: `go run ${COSIGN} sign --yes --recursive "${IMAGE_REPOSITORY}@$DIGEST"`,
        },
      ],
    },
  });
}

function addRelease(gitHub: github.GitHub): void {
  const workflow = new github.GithubWorkflow(gitHub, 'release', { limitConcurrency: true });
  workflow.on({ push: { tags: ['v*'] } });
  workflow.addJobs({
    version: {
      runsOn: ['ubuntu-24.04'],
      permissions: { contents: READ },
      steps: [checkout(), { name: 'The tag is that of the version', run: 'test "v$(jq --raw-output .version package.json)" = "$GITHUB_REF_NAME"' }],
    },
    test: { needs: ['version'], uses: './.github/workflows/build.yml', permissions: { contents: READ } },
    image: {
      needs: ['test'],
      uses: './.github/workflows/image.yml',
      with: { tag: '${{ github.ref_name }}' },
      permissions: { contents: READ, packages: WRITE, idToken: WRITE },
    },
    package: {
      needs: ['image'],
      runsOn: ['ubuntu-24.04'],
      permissions: { contents: READ },
      steps: [
        checkout(),
        node,
        python,
        go,
        { run: 'npm ci' },
        { name: 'The library names the image by its digest', env: { DIGEST: '${{ needs.image.outputs.digest }}' }, run: 'npx projen release:pin-image "$DIGEST"' },
        { run: 'npx projen compile' },
        { run: 'npx projen bundle:runner' },
        { run: 'npx projen package-all' },
        upload('packages', 'dist'),
      ],
    },
    // npm and PyPI trust this workflow by its identity, and need no secret.
    npm: publishing('npm publish --provenance --access public dist/js/*.tgz', {}, { idToken: WRITE }),
    pypi: publishing(`${PUBLIB} publib-pypi dist/python`, { PYPI_TRUSTED_PUBLISHER: 'true' }, { idToken: WRITE }),
    maven: publishing(`${PUBLIB} publib-maven dist/java`, {
      MAVEN_SERVER_ID: 'central-ossrh',
      ...secrets('MAVEN_USERNAME', 'MAVEN_PASSWORD', 'MAVEN_GPG_PRIVATE_KEY', 'MAVEN_GPG_PRIVATE_KEY_PASSPHRASE'),
    }),
    go: publishing(`${PUBLIB} publib-golang dist/go`, {
      GIT_USER_NAME: 'github-actions', GIT_USER_EMAIL: 'github-actions@github.com', GITHUB_TOKEN: '${{ secrets.GO_GITHUB_TOKEN }}',
    }),
    announce: {
      needs: ['npm', 'pypi', 'maven', 'go'],
      runsOn: ['ubuntu-24.04'],
      permissions: { contents: WRITE },
      steps: [
        checkout(),
        download('packages', 'dist'),
        {
          env: { GH_TOKEN: '${{ github.token }}' },
          run: [
            "awk '/^## /{n++} n==1' CHANGELOG.md > notes.md",
            'gh release create "$GITHUB_REF_NAME" --verify-tag --title "$GITHUB_REF_NAME" --notes-file notes.md dist/js/*.tgz',
          ].join('\n'),
        },
      ],
    },
  });
}

/** A job that publishes what was packed. The environment is where a maintainer agrees to it, and what the registries trust. */
function publishing(command: string, env: { readonly [name: string]: string }, more: github.workflows.JobPermissions = {}): Job {
  return {
    needs: ['package'],
    runsOn: ['ubuntu-24.04'],
    permissions: { contents: READ, ...more },
    environment: 'release',
    steps: [node, python, download('packages', 'dist'), { run: command, ...Object.keys(env).length === 0 ? {} : { env } }],
  };
}

function secrets(...names: readonly string[]): { readonly [name: string]: string } {
  return Object.fromEntries(names.map(name => [name, `\${{ secrets.${name} }}`]));
}

function addNightly(gitHub: github.GitHub): void {
  const workflow = gitHub.addWorkflow('nightly');
  workflow.on({ schedule: [{ cron: '17 3 * * *' }], workflowDispatch: {} });
  workflow.addJobs({
    latest: {
      runsOn: ['ubuntu-24.04'],
      permissions: { contents: READ },
      outputs: { tag: { stepId: 'latest', outputName: 'tag' } },
      steps: [
        { uses: ACTIONS_CHECKOUT, with: { 'persist-credentials': false, 'fetch-depth': 0 } },
        { id: 'latest', name: 'The newest release', run: 'echo "tag=$(git tag --list \'v*\' --sort=-version:refname | head -n 1)" >> "$GITHUB_OUTPUT"' },
      ],
    },
    image: {
      needs: ['latest'],
      if: "needs.latest.outputs.tag != ''",
      uses: './.github/workflows/image.yml',
      with: { tag: '${{ needs.latest.outputs.tag }}' },
      permissions: { contents: READ, packages: WRITE, idToken: WRITE },
    },
  });
}

function addCodeql(gitHub: github.GitHub): void {
  const workflow = gitHub.addWorkflow('codeql');
  workflow.on({ pullRequest: {}, push: { branches: ['main'] }, schedule: [{ cron: '43 5 * * 1' }] });
  workflow.addJob('analyze', {
    runsOn: ['ubuntu-24.04'],
    permissions: { contents: READ, securityEvents: WRITE },
    strategy: { matrix: { domain: { language: ['javascript-typescript', 'actions'] } } },
    steps: [
      checkout(),
      { uses: PINNED['github/codeql-action/init'], with: { 'languages': '${{ matrix.language }}', 'build-mode': 'none' } },
      { uses: PINNED['github/codeql-action/analyze'] },
    ],
  });
}
