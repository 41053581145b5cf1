import { execFileSync } from 'node:child_process';
import { readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { ExitCode } from '../../../src/contract/exit-code';
import { FolderStore } from '../../../src/runner/stores/folder/store';
import { all, failureOf, randomBody } from '../../runner/stores/_bodies';
import { tempDir } from '../servers/_process';

const MiB = 1024 ** 2;
const never = new AbortController().signal;
const directory = tempDir('volume');

// Decided here, not in a hook: the tests must be known beforehand.
const mounted = mount('-t', 'tmpfs', '-o', 'size=8m', 'none', directory);
execFileSync('chmod', ['700', directory]);
const onVolume = (name: string, body: () => Promise<void>) => (
  mounted ? test(name, body) : test.skip(`${name} (SKIPPED: no file system can be mounted here, which needs root)`, body));

afterAll(() => {
  if (mounted) execFileSync('umount', [directory]);
  rmSync(directory, { recursive: true });
});

describe('a small volume', () => {
  const store = new FolderStore({ type: 'folder', name: 'volume', directory, folder: null });

  onVolume('that fills up is NO_SPACE, tells what is free, and keeps what it had', async () => {
    await store.put('app_1.dump', Readable.from(['older']), null, never);
    const body = randomBody(40 * MiB).stream;
    const error = await failureOf(store.put('app_2.dump', body, 40 * MiB, never));
    expect(error).toMatchObject({ exitCode: ExitCode.NO_SPACE });
    expect(error.message).toMatch(/^volume \(.*\): can't write app_2\.dump: the volume is full, \d+ bytes free: make it larger, or keep fewer backups$/);
    expect(body.destroyed).toBe(true);
    expect(readdirSync(directory)).toEqual(['app_1.dump']);
    expect(await text(await store.get('app_1.dump', never))).toBe('older');
    expect(await store.put('app_3.dump', Readable.from(['there is room again']), null, never)).toBe(19);
  });

  onVolume('that is full takes no record', async () => {
    fill();
    await expect(store.create('app_4.json', 'x'.repeat(2 * MiB), never)).rejects.toMatchObject({ exitCode: ExitCode.NO_SPACE });
    rmSync(join(directory, 'ballast'));
    expect((await all(store.list('app_4', never)))).toEqual([]);
    expect(await all(store.unfinished('', never))).toEqual([]);
  });

  onVolume('that is mounted read-only is DENIED, and can be read', async () => {
    mount('-o', 'remount,ro', directory);
    try {
      await expect(store.check(never)).rejects.toMatchObject({ exitCode: ExitCode.DENIED, message: expect.stringMatching(/mounted read-only/) });
      await store.check(never, '', 'reading');
      await expect(store.put('app_5.dump', Readable.from(['x']), null, never)).rejects.toMatchObject({ exitCode: ExitCode.DENIED });
      await expect(store.create('app_5.json', '{}', never)).rejects.toMatchObject({ exitCode: ExitCode.DENIED });
      expect(await text(await store.get('app_1.dump', never))).toBe('older');
    } finally {
      mount('-o', 'remount,rw', directory);
    }
  });

  onVolume('of somebody else is DENIED, and says who may not', async () => {
    process.seteuid!(65_534); // the directory is of root, and for root only
    try {
      const error = await failureOf(store.check(never));
      expect(error).toMatchObject({ exitCode: ExitCode.DENIED });
      expect(error.message).toMatch(/may not: give that group the directory \(fsGroup in the pod spec\)/);
    } finally {
      process.seteuid!(0);
    }
  });
});

function mount(...args: string[]): boolean {
  try {
    execFileSync('mount', args, { stdio: 'pipe' });
    return true;
  } catch (error) {
    console.log(`tests of small, full and read-only volumes are skipped, for this machine does not let us mount one: ${(error as Error).message}`);
    return false;
  }
}

function fill(): void {
  try {
    writeFileSync(join(directory, 'ballast'), Buffer.alloc(16 * MiB));
  } catch {
    // that is the purpose
  }
}
