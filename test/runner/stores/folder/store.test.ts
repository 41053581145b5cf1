import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { ExitCode } from '../../../../src/contract/exit-code';
import { Store } from '../../../../src/runner/store-api/store';
import { openStore } from '../../../../src/runner/stores/open';
import { all, failureOf } from '../_bodies';
import { describeStore } from '../conformance';

const never = new AbortController().signal;
const root = mkdtempSync(join(tmpdir(), 'folder-store-'));
let count = 0;

afterAll(() => rmSync(root, { recursive: true }));

describeStore('FolderStore', async () => open(newDirectory()));
describeStore('FolderStore with a folder of its own', async () => open(newDirectory(), 'app'));

describe('a folder', () => {
  test('fails on a directory that does not exist, and does not make it', async () => {
    const directory = join(root, 'missing');
    const error = await failureOf(open(directory).check(never));
    expect(error).toMatchObject({ exitCode: ExitCode.NOT_FOUND });
    expect(error.message).toBe(`volume (${directory}): can't look at the directory: the directory does not exist: is the volume mounted?`);
    await expect(open(directory).put('app_1.dump', Readable.from(['x']), null, never)).rejects.toMatchObject({ exitCode: ExitCode.NOT_FOUND });
    await expect(open(directory).create('app_1.json', '', never)).rejects.toMatchObject({ exitCode: ExitCode.NOT_FOUND });
    expect(readdirSync(root)).not.toContain('missing');
  });

  test('makes files that only owner and group can read', async () => {
    const directory = newDirectory();
    await open(directory).put('app_1.dump', Readable.from([Buffer.from('x')]), null, never);
    expect((statSync(join(directory, 'app_1.dump')).mode % 0o1000).toString(8)).toBe('640');
  });

  test('fails on a file in the place of the directory', async () => {
    const file = join(newDirectory(), 'file');
    writeFileSync(file, '');
    await expect(open(file).check(never)).rejects.toMatchObject({ exitCode: ExitCode.BAD_CONFIG });
  });

  test('has plain files under the names of the keys, readable with any tool', async () => {
    const directory = newDirectory();
    await open(directory).put('app_1.dump', Readable.from(['hello']), null, never);
    await open(directory).create('app_1.json', '{}', never);
    expect(readdirSync(directory).sort()).toEqual(['app_1.dump', 'app_1.json']);
    expect(readFileSync(join(directory, 'app_1.dump'), 'utf8')).toBe('hello');
  });

  test('takes no notice of what is not its own', async () => {
    const directory = newDirectory();
    mkdirSync(join(directory, 'lost+found'));
    mkdirSync(join(directory, 'app_2.dump'));
    writeFileSync(join(directory, '.app_1.dump.swp'), '');
    symlinkSync('/etc/passwd', join(directory, 'app_3.dump'));
    await open(directory).create('app_1.json', '{}', never);

    const found = await all(open(directory).list('', never));
    expect(found.map(({ key }) => key)).toEqual(['app_1.json']);
    expect(await all(open(directory).unfinished('', never))).toEqual([]);
    await expect(open(directory).get('app_2.dump', never)).rejects.toMatchObject({ exitCode: ExitCode.NOT_FOUND });
    await expect(open(directory).get('app_3.dump', never)).rejects.toMatchObject({ exitCode: ExitCode.NOT_FOUND });
  });

  test('finds and removes what a killed run left behind', async () => {
    const directory = newDirectory();
    writeFileSync(join(directory, '.app_1.dump.partial-0123abcd'), 'half');
    writeFileSync(join(directory, '.app_x_1.dump.partial-0123abcd'), 'half');

    const uploads = await all(open(directory).unfinished('app_1', never));
    expect(uploads.map(({ key }) => key)).toEqual(['app_1.dump']);
    await uploads[0]!.discard(never);
    expect(readdirSync(directory)).toEqual(['.app_x_1.dump.partial-0123abcd']);
  });

  test('fails on a name that the file system does not take', async () => {
    const error = await failureOf(open(newDirectory()).put(`app_1.${'x'.repeat(250)}.dump`, Readable.from(['x']), null, never));
    expect(error).toMatchObject({ exitCode: ExitCode.BAD_CONFIG });
    expect(error.message).toMatch(/name is too long/);
  });
});

describe('a folder that one backup has to itself', () => {
  test('is made when something is written, and not by who only looks', async () => {
    const directory = newDirectory();
    const store = open(directory, 'app');
    await store.check(never);
    expect(await all(store.list('', never))).toEqual([]);
    expect(await all(store.unfinished('', never))).toEqual([]);
    expect(await store.freeBytes!(never)).toBeGreaterThan(0);
    await store.remove(['app_1.dump'], never);
    await expect(store.get('app_1.dump', never)).rejects.toMatchObject({
      exitCode: ExitCode.NOT_FOUND, message: `volume (${directory}/app): can't read app_1.dump: there is no such file`,
    });
    expect(readdirSync(directory)).toEqual([]);

    await store.create('app_1.json', '{}', never);
    expect(readdirSync(directory)).toEqual(['app']);
    expect(readdirSync(join(directory, 'app'))).toEqual(['app_1.json']);
  });

  test.each([0o2770, 0o2775, 0o777, 0o700])('has the rights of the volume, whatever the umask: %o', async mode => {
    const directory = newDirectory();
    chmodSync(directory, mode);
    const umask = process.umask(0o077);
    try {
      await open(directory, 'app').create('app_1.json', '{}', never);
    } finally {
      process.umask(umask);
    }
    expect((statSync(join(directory, 'app')).mode % 0o10000).toString(8)).toBe(mode.toString(8));
  });

  test('is made once where several runs begin at a time', async () => {
    const directory = newDirectory();
    const made = await Promise.all(Array.from({ length: 20 }, (_, i) => open(directory, 'app').create(`app_${i}.json`, '{}', never)));
    expect(made).toEqual(Array.from({ length: 20 }, () => true));
    expect(await all(open(directory, 'app').list('', never))).toHaveLength(20);
  });

  test('is made on no volume that is not mounted, by no run', async () => {
    const directory = join(root, 'unmounted');
    const message = `volume (${directory}/app): can't look at the directory: the directory does not exist: is the volume mounted?`;
    await expect(open(directory, 'app').check(never)).rejects.toMatchObject({ exitCode: ExitCode.NOT_FOUND, message });
    await expect(all(open(directory, 'app').list('', never))).rejects.toMatchObject({ exitCode: ExitCode.NOT_FOUND });
    await expect(open(directory, 'app').put('app_1.dump', Readable.from(['x']), null, never)).rejects.toMatchObject({ exitCode: ExitCode.NOT_FOUND });
    await expect(open(directory, 'app').create('app_1.json', '', never)).rejects.toMatchObject({ exitCode: ExitCode.NOT_FOUND });
    expect(readdirSync(root)).not.toContain('unmounted');
  });

  test('sees nothing of another backup, and nothing beside it sees it', async () => {
    const directory = newDirectory();
    await open(directory, 'app').create('app_1.json', '{}', never);
    await open(directory, 'app_x').create('app_x_1.json', '{}', never);
    await open(directory).create('app_2.json', '{}', never);

    expect((await all(open(directory, 'app').list('', never))).map(({ key }) => key)).toEqual(['app_1.json']);
    expect((await all(open(directory, 'app_x').list('app_', never))).map(({ key }) => key)).toEqual(['app_x_1.json']);
    expect((await all(open(directory).list('', never))).map(({ key }) => key)).toEqual(['app_2.json']);
  });

  test('is refused where somebody has put a link or a file in its place', async () => {
    const [directory, outside] = [newDirectory(), newDirectory()];
    symlinkSync(outside, join(directory, 'app'));
    writeFileSync(join(directory, 'orders'), '');
    for (const store of [open(directory, 'app'), open(directory, 'orders')]) {
      await expect(store.check(never)).rejects.toMatchObject({ exitCode: ExitCode.BAD_CONFIG });
      await expect(all(store.list('', never))).rejects.toMatchObject({ exitCode: ExitCode.BAD_CONFIG });
      await expect(store.create('app_1.json', '{}', never)).rejects.toMatchObject({ exitCode: ExitCode.BAD_CONFIG });
    }
    expect(readdirSync(outside)).toEqual([]);
  });
});

function newDirectory(): string {
  const directory = join(root, `${count++}`);
  mkdirSync(directory);
  return directory;
}

function open(directory: string, folder: string | null = null): Store {
  return openStore({ type: 'folder', name: 'volume', directory, folder }, {});
}
