import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { BackupConfig } from '../../../src/contract/config';
import { claimDeadline, renderClaim } from '../../../src/runner/catalog/claim';
import { folder } from '../_configs';
import { filesIn, run } from '../_runner';
import { flip, resultsOf } from './_verify';
import { open, recordsIn, redisConfig, writeNights } from '../retention/_history';
import { tempDir } from '../servers/_process';

describe('the stores are compared with each other', () => {
  const never = new AbortController().signal;

  async function twoFolders(changes: Partial<BackupConfig> = {}) {
    const directories = [tempDir('first'), tempDir('second')] as const;
    const config = redisConfig([folder(directories[0], 'first'), folder(directories[1], 'second')], {}, changes);
    const stores = open(config, {});
    return { directories, config, stores };
  }

  test('a backup that one store lacks is named, and copied: artifacts, checksums, and the record last', async () => {
    const { directories, config, stores } = await twoFolders({ verify: { olderPercent: 100, repair: true } });
    const ids = await writeNights(3, 0, stores);
    await stores[0]!.remove(filesIn(directories[0]).filter(file => file.startsWith(ids[1]!)), never);
    const missing = await run(['verify', '--all', '--json'], { config });
    expect(missing.code).toBe(15);
    expect(resultsOf(missing).filter(({ result }) => result !== 'ok')).toEqual([{ id: ids[1], store: 'first', result: 'record missing' }]);

    expect(await run(['verify', '--scheduled'], { config })).toMatchObject({ code: 0 });
    for (const extension of ['json', 'rdb', 'sha256']) {
      const [first, second] = directories.map(directory => readFileSync(path.join(directory, `${ids[1]}.${extension}`), 'utf8'));
      expect(first).toBe(second);
    }
  });

  test('a store that came later does not lack what was never stored in it', async () => {
    const { config, stores } = await twoFolders();
    const ids = await writeNights(2, 0, [stores[0]!]);
    const ended = await run(['verify', '--all', '--repair', '--json'], { config });
    expect(ended.code).toBe(0);
    expect(resultsOf(ended).filter(({ store }) => store === 'second').map(({ result }) => result)).toEqual(['never stored here', 'never stored here']);
    expect(await recordsIn(stores[0]!)).toEqual(ids);
  });

  test('two records that differ are named in both stores, and neither is repaired, blamed or fetched until a store is named', async () => {
    const { directories, config, stores } = await twoFolders();
    const [id] = await writeNights(1, 0, stores);
    const file = path.join(directories[1], `${id}.json`);
    writeFileSync(file, readFileSync(file, 'utf8').replace('7.0.15', '7.0.16'));
    const ended = await run(['verify', id!, '--repair', '--json'], { config });
    expect(ended.code).toBe(11);
    const [one, other] = stores.map(({ name }) => name);
    expect(resultsOf(ended).map(({ result }) => result)).toEqual([`record differs from that in ${other}`, `record differs from that in ${one}`]);
    for (const directory of directories) expect(filesIn(directory).filter(name => name.includes('.verified.'))).toEqual([]);
    expect(await run(['list'], { config })).toMatchObject({ code: 11, message: expect.stringContaining(`The records of ${id} differ between ${one} and ${other}`) });
    expect((await run(['metrics'], { config })).stdout).toMatch(/^backup_differing_backups\{[^}]*backup="app"[^}]*\} 1$/m);
    const to = tempDir('fetched');
    expect(await run(['fetch', '--to', to], { config })).toMatchObject({ code: 11, message: expect.stringContaining(`"cdk8s-backup fetch ${id} --from ${one}"`) });
    expect(await run(['fetch', '--to', to, '--from', other!], { config })).toMatchObject({ code: 0 });
  });

  test('a damaged record is replaced; one of a later release is not', async () => {
    const { directories, config, stores } = await twoFolders();
    const [id] = await writeNights(1, 0, stores);
    const file = path.join(directories[1], `${id}.json`);
    const good = readFileSync(file, 'utf8');
    writeFileSync(file, good.slice(0, 50));
    expect(await run(['verify', '--repair'], { config })).toMatchObject({ stdout: expect.stringContaining('ok, repaired from first') });
    expect(readFileSync(file, 'utf8')).toBe(good);
    writeFileSync(file, good.replace('"version": 1', '"version": 99'));
    const later = await run(['verify', '--repair', '--json'], { config });
    expect(later.code).toBe(11);
    expect(resultsOf(later)[1]!.result).toMatch(/has version 99, this runner knows 1: use the release that wrote it/);
    expect(readFileSync(file, 'utf8')).toContain('"version": 99');
  });

  test('where no store has a good copy, nothing is touched', async () => {
    const { directories, config, stores } = await twoFolders();
    const [id] = await writeNights(1, 0, stores);
    for (const directory of directories) flip(path.join(directory, `${id}.rdb`), 12);
    const before = directories.map(directory => filesIn(directory));
    expect(await run(['verify', '--repair', '--no-record'], { config })).toMatchObject({ code: 11 });
    expect(directories.map(directory => filesIn(directory))).toEqual(before);
  });

  test('a damaged copy that another run works on is not called damaged: its word counts, and a retry sees what came of it', async () => {
    const { directories: [directory], config, stores } = await twoFolders();
    const [id] = await writeNights(1, 0, stores);
    flip(path.join(directory!, `${id}.rdb`), 12);
    const claim = path.join(directory!, `${id}.started`);
    writeFileSync(claim, renderClaim(new Date(), claimDeadline(new Date(), 60)));
    const before = filesIn(directory!);
    const busy = await run(['verify', '--repair', '--json'], { config });
    expect(busy.code).toBe(1);
    expect(resultsOf(busy)[0]!.result).toMatch(/is damaged: .*; not repaired: another run works on .*: wait for its end, and verify again\. .* has a good copy$/);
    expect(filesIn(directory!)).toEqual(before);

    // Half a claim tells nobody when its run has ended: that may be never.
    writeFileSync(claim, '{');
    expect(await run(['verify', '--repair', '--no-record'], { config })).toMatchObject({ code: 11 });
    rmSync(claim);
    expect(await run(['verify', '--repair'], { config })).toMatchObject({ code: 0 });
  });
});
