import { mkdirSync, readdirSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { describeImage } from './_can-run';
import { contentsOf, filesWith } from './_contents';
import { Docker, startDocker } from './_docker';
import { BUILDAH_ARGS, IMAGE, PLANTED_SECRET, PROGRAM_ARGS, PROGRAM_MAJORS, ROOT, succeed, tool } from './_lab';
import { version } from '../../package.json';
import { tempDir } from '../integration/servers/_process';

/*
 * The image as a user builds it: by buildah from the package that npm would publish (see `_lab.ts`), and by Docker's BuildKit.
 */

/** Goals of the issue, in millions of bytes. */
const MAX_UNPACKED = 165;
const MAX_COMPRESSED = 60;

/** As a cluster runs it: nothing is writable but /tmp, and there are no rights to lose. */
const HARDENED = [
  '--rm', '--pull=never', '--network=none', '--read-only', '--read-only-tmpfs=false', '--tmpfs', '/tmp:rw,mode=1777,size=64m',
  '--cap-drop=ALL', '--security-opt=no-new-privileges',
];

/** Looks at the container from inside. The fastest of five starts counts: what else runs on the machine is not the image's. */
const LOOK_AROUND = `
  const { readdirSync, readFileSync, writeFileSync } = require('node:fs');
  const { spawnSync } = require('node:child_process');
  const status = readFileSync('/proc/self/status', 'utf8');
  const write = file => { try { writeFileSync(file, 'x'); return 'written'; } catch (error) { return error.code; } };
  const programs = ['psql', 'pg_dump', 'pg_dumpall', 'pg_restore', 'cdk8s-backup'];
  const starts = Array.from({ length: 5 }, () => {
    const start = process.hrtime.bigint();
    spawnSync(process.execPath, ['/app/main.js', '--version']);
    return Number(process.hrtime.bigint() - start) / 1e6;
  }).sort((a, b) => a - b);
  // Ticks, of which a second has 100, that these children have taken: says more than the time where other tests run beside it.
  const [childUser, childSystem] = readFileSync('/proc/self/stat', 'utf8').split(') ')[1].split(' ').slice(13, 15).map(Number);
  console.log(JSON.stringify({
    uid: process.getuid(), gid: process.getgid(),
    ...Object.fromEntries(['CapEff', 'CapBnd', 'NoNewPrivs', 'Seccomp'].map(name => [name, new RegExp(name + ':\\\\s*(\\\\w+)').exec(status)[1]])),
    root: write('/x'), app: write('/app/x'), tmp: write('/tmp/x'),
    programs: programs.map(file => spawnSync(file, ['--version'], { encoding: 'utf8' })).map(({ stdout }) => /\\d+/.exec(stdout ?? '')?.[0]),
    sideBySide: readdirSync('/usr/lib/postgresql').flatMap(major => programs.slice(0, 4).map(name => '/usr/lib/postgresql/' + major + '/bin/' + name))
      .map(file => spawnSync(file, ['--version'], { encoding: 'utf8' })).map(({ stdout }) => /\\d+/.exec(stdout ?? '')?.[0]),
    startMs: Math.round(starts[0]), cpuMs: (childUser + childSystem) * 10 / starts.length,
  }));
`;

describeImage('the runner image', () => {
  let root: string;
  let config: { readonly User: string; readonly Labels: { readonly [name: string]: string }; readonly Env: string[] };

  beforeAll(async () => {
    root = await succeed('podman', ['image', 'mount', IMAGE]);
    config = JSON.parse(await succeed('podman', ['image', 'inspect', '--format', '{{json .Config}}', IMAGE]));
  });

  test('has a numeric user that is not root, and says what it is', () => {
    expect(config.User).toBe('10001:10001');
    expect(config.Labels).toMatchObject({
      'org.opencontainers.image.title': 'cdk8s-backup-runner',
      'org.opencontainers.image.description': expect.stringContaining('backups'),
      'org.opencontainers.image.version': version,
      'org.opencontainers.image.licenses': 'Apache-2.0',
      'org.opencontainers.image.source': expect.stringMatching(/^https:/),
    });
  });

  test('has the programs that the runner starts, and no shell, package manager, perl or npm', () => {
    const programs = ['usr/bin', 'usr/local/bin'].flatMap(directory => readdirSync(path.join(root, directory)));
    expect([...new Set(programs)].sort()).toEqual(['cdk8s-backup', 'env', 'node', 'pg_dump', 'pg_dumpall', 'pg_restore', 'psql', 'sh']);
    expect(readdirSync(path.join(root, 'usr/lib/postgresql')).map(Number)).toEqual(PROGRAM_MAJORS);
    for (const major of PROGRAM_MAJORS) {
      expect(readdirSync(path.join(root, `usr/lib/postgresql/${major}/bin`)).sort()).toEqual(['pg_dump', 'pg_dumpall', 'pg_restore', 'psql']);
    }
    expect(readdirSync(path.join(root, 'app')).sort()).toEqual(['THIRD_PARTY_LICENSES.txt', 'main.js', 'sqlite-child.js']);
    const executables = Object.entries(contentsOf(root)).filter(([, what]) => /^[0-7]*[1357][0-7]* \S+ (?!directory)/.test(what)).map(([file]) => path.basename(file));
    expect(executables.filter(file => /^(ba|da|z|a|k)sh$|busybox|perl|^npm|^npx|yarn|corepack|apt|dpkg|python|curl|wget/.test(file))).toEqual([]);
    expect(Object.entries(contentsOf(root)).filter(([, what]) => /^[2467]\d{3} /.test(what))).toEqual([]); // setuid and setgid
  });

  test('has a /bin/sh for pg_dumpall alone, which runs nothing else', async () => {
    const sh = (command: string) => tool('podman', ['run', ...HARDENED, '--entrypoint', 'sh', IMAGE, '-c', command]);
    const version17 = '"/usr/lib/postgresql/17/bin/pg_dump" -V';
    for (const major of PROGRAM_MAJORS) {
      expect(await sh(version17.replace('17', String(major)))).toMatchObject({ code: 0, stdout: expect.stringContaining(`pg_dump (PostgreSQL) ${major}`) });
    }
    for (const command of ['true', 'node -e 0', `${version17}; node -e 0`, version17.replace('-V', '--help')]) {
      expect(await sh(command)).toMatchObject({ code: 127, stdout: '', stderr: expect.stringContaining('build the target "debian"') });
    }
  });

  test('lists its Debian packages for scanners, each with a version and a copyright; Node.js has its licence', () => {
    const packages = readdirSync(path.join(root, 'var/lib/dpkg/status.d'));
    expect(packages).toEqual(expect.arrayContaining([...PROGRAM_MAJORS.map(major => `postgresql-client-${major}`), 'libpq5', 'libc6', 'libssl3t64', 'coreutils']));
    for (const name of packages) {
      const entry = readFileSync(path.join(root, 'var/lib/dpkg/status.d', name), 'utf8');
      expect(entry).toMatch(new RegExp(`^Package: ${name.replaceAll('+', '\\+')}$[^]*^Version: \\S+$`, 'm'));
    }
    expect(readFileSync(path.join(root, 'usr/local/LICENSE'), 'utf8')).toContain('Node.js is licensed');
    const copyrights = Object.keys(contentsOf(root)).filter(file => /^usr\/share\/doc\/[^/]+\/copyright$/.test(file));
    expect(copyrights).toEqual(expect.arrayContaining([...PROGRAM_MAJORS.map(major => `usr/share/doc/postgresql-client-${major}/copyright`), 'usr/share/doc/libc6/copyright']));
  });

  test('has nothing of the environment and the directory that it was built in', async () => {
    expect(filesWith(root, PLANTED_SECRET)).toEqual([]);
    const history = await succeed('podman', ['image', 'history', '--no-trunc', '--format', '{{json .}}', IMAGE]);
    expect(history).not.toContain(PLANTED_SECRET);
    expect(JSON.stringify(config)).not.toContain(PLANTED_SECRET);
    expect(config.Env.map(variable => variable.split('=')[0]).sort()).toEqual(['HOME', 'LANG', 'NODE_ENV', 'PATH', 'SSL_CERT_FILE']);
    // Whoever looks for it would find it.
    expect(filesWith(root, 'cdk8s-backup needs Node.js')).toEqual(['app/main.js']);
  });

  test('is no larger than the goals', async () => {
    const megabytes = (bytes: number) => Math.round(bytes / 1e5) / 10;
    const archive = path.join(tempDir('archive'), 'image.tar');
    await succeed('podman', ['save', '--quiet', '--format', 'oci-archive', '--output', archive, IMAGE]);
    const unpacked = megabytes(Number(await succeed('podman', ['image', 'inspect', '--format', '{{.Size}}', IMAGE])));
    const compressed = megabytes(statSync(archive).size);
    console.log(`${IMAGE}: ${unpacked} MB unpacked, ${compressed} MB compressed`);
    expect(unpacked).toBeLessThan(MAX_UNPACKED);
    expect(compressed).toBeLessThan(MAX_COMPRESSED);
  });

  test.each(['10001:10001', '12345:0'])('runs as %s without any rights, on a read-only root', async user => {
    const seen = JSON.parse(await succeed('podman', ['run', ...HARDENED, '--user', user, '--entrypoint', 'node', IMAGE, '-e', LOOK_AROUND]));
    console.log(`${IMAGE} as ${user}: "--version" takes ${seen.startMs} ms, and ${seen.cpuMs} ms of a core`);
    expect(seen).toMatchObject({
      uid: Number(user.split(':')[0]),
      gid: Number(user.split(':')[1]),
      CapEff: '0000000000000000',
      CapBnd: '0000000000000000',
      NoNewPrivs: '1',
      Seccomp: '2',
      root: 'EROFS',
      app: 'EROFS',
      tmp: 'written',
      programs: ['18', '18', '18', '18', version.split('.')[0]],
      sideBySide: PROGRAM_MAJORS.flatMap(major => Array.from({ length: 4 }, () => String(major))),
    });
    expect(await succeed('podman', ['run', ...HARDENED, '--user', user, IMAGE, '--version'])).toBe(version);
  });

  test('refuses a config of another release by both versions', async () => {
    const { code, stderr } = await tool('podman', ['run', ...HARDENED, '--env', 'CDK8S_BACKUP_CONFIG', IMAGE, 'list'], { CDK8S_BACKUP_CONFIG: '{"version":2}' });
    expect(code).toBe(10);
    expect(stderr).toContain(`the config has version 2, this runner of cdk8s-backup ${version} reads version 1`);
  });

  test('two builds give the same image: one from the package, one by image:build from here', async () => {
    const id = () => succeed('podman', ['image', 'inspect', '--format', '{{.Id}}', IMAGE]);
    const first = await id();
    await succeed('npx', ['tsx', 'src/runner/build/build-image.ts', '--builder', 'buildah', '--no-cache', ...BUILDAH_ARGS, ...PROGRAM_ARGS]);
    expect(await id()).toBe(first);
  });

  test('image:build says so where Docker has a client and no daemon', async () => {
    const { code, stderr } = await tool('npx', ['tsx', 'src/runner/build/build-image.ts', '--builder', 'docker'], { DOCKER_HOST: 'unix:///nonexistent/socket' });
    expect(code).toBe(1);
    expect(stderr).toMatch(/nothing to build the image with:\n {2}docker: .*daemon/i);
  });

  test('names no architecture', () => {
    for (const file of ['Dockerfile', 'copy-programs.sh', 'more-suites.sh']) {
      expect(readFileSync(path.join(ROOT, 'dist', 'runner', file), 'utf8')).not.toMatch(/x86|amd64|x64|aarch|arm64/i);
    }
  });

  describe('from Docker', () => {
    let engine: Docker;

    beforeAll(async () => {
      engine = await startDocker();
    });

    afterAll(() => engine?.stop());

    test('BuildKit builds the same files as buildah does, and they run hardened', async () => {
      const { stderr } = await tool('npx', ['tsx', 'src/runner/build/build-image.ts', '--network', 'host', ...PROGRAM_ARGS], engine.env);
      expect(stderr).toContain(`docker builds ${IMAGE}`);
      expect(stderr).toContain('[internal] load build definition'); // as only BuildKit says it
      expect(stderr).toContain(`${IMAGE} is built`);

      const directory = tempDir('exported');
      mkdirSync(path.join(directory, 'root'));
      const container = await engine.docker('create', '--network', 'none', IMAGE);
      await engine.docker('export', '--output', path.join(directory, 'image.tar'), container);
      await succeed('tar', ['-xpf', path.join(directory, 'image.tar'), '-C', path.join(directory, 'root')]);
      expect(contentsOf(path.join(directory, 'root'))).toEqual(contentsOf(root));
      const { 'io.buildah.version': _, ...labels } = config.Labels;
      expect(JSON.parse(await engine.docker('image', 'inspect', '--format', '{{json .Config}}', IMAGE))).toMatchObject({ User: config.User, Labels: labels });

      const hardened = ['run', '--rm', '--network', 'none', '--read-only', '--cap-drop', 'ALL', '--security-opt', 'no-new-privileges', '--user', '12345:0'];
      expect(await engine.docker(...hardened, IMAGE, '--version')).toBe(version);
    });

    test('the target debian has a shell as well, and the same programs', async () => {
      await engine.docker('build', '--network', 'host', ...PROGRAM_ARGS, '--target', 'debian', '--tag', 'debian-runner', path.join(ROOT, 'dist', 'runner'));
      const run = (...args: string[]) => engine.docker('run', '--rm', '--network', 'none', '--read-only', '--cap-drop', 'ALL', ...args);
      expect(await run('debian-runner', '--version')).toBe(version);
      const script = 'id -u; for program in psql pg_dump pg_dumpall pg_restore; do $program --version; done; cdk8s-backup --version';
      expect(await run('--entrypoint', 'bash', 'debian-runner', '-c', script)).toMatch(
        new RegExp(`^10001\n(\\S+ \\(PostgreSQL\\) 18.*\n){4}${version.replaceAll('.', '\\.')}$`),
      );
    });
  });
});
