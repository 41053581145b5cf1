import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { ExportedBackupConfig } from '../../../src/contract/config';
import { folder } from '../_configs';
import { RunningExporter, startExporter } from './_exporter';
import { LAYOUT } from './_layout';
import { exported, hoursAgo, plantBackup, plantDrill, plantFailedRun, plantMonth, plantVerification } from './_stores';
import { tempDir, until } from '../servers/_process';
import { Chromium, startChromium, View } from '../servers/chromium';

/*
 * The status page in a real browser: what it says in each state, and that it fits on every screen. CDK8S_BACKUP_SCREENSHOTS=DIR keeps the pictures:
 * those of docs/images are made so, by `npx projen docs:screenshots`.
 */

const DIGEST = 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad';

const VIEWS: readonly (View & { readonly name: string })[] = [
  { name: 'phone-light', width: 350, height: 740, scheme: 'light' },
  { name: 'phone-dark', width: 390, height: 844, scheme: 'dark' },
  { name: 'desktop-light', width: 1280, height: 900, scheme: 'light' },
  { name: 'desktop-dark', width: 1280, height: 900, scheme: 'dark' },
];

let chromium: Chromium;

beforeAll(async () => {
  chromium = await startChromium();
});

afterAll(() => chromium?.stop());

interface Place {
  readonly volume: string;
  readonly offsite: string;
  readonly stores: ExportedBackupConfig['stores'];
}

function place(): Place {
  const root = tempDir('status');
  const [volume, offsite] = [path.join(root, 'volume'), path.join(root, 'offsite')];
  for (const directory of [volume, offsite]) mkdirSync(directory);
  return { volume, offsite, stores: [folder(volume, 'volume'), folder(offsite, 's3')] };
}

/** A backup of which everything is as it should be. */
function allGood({ volume, offsite, stores }: Place, name: string, changes: Partial<ExportedBackupConfig> = {}, hours = 10): ExportedBackupConfig {
  const ids = plantMonth([volume, offsite], name, { hours });
  for (const [i, id] of ids.slice(-3).entries()) {
    plantVerification(volume, id, 'volume', hoursAgo(6 + (2 - i) * 24));
    plantVerification(offsite, id, 's3', hoursAgo(6 + (2 - i) * 24));
  }
  for (const days of [22, 15, 8, 1]) plantDrill(volume, name, hoursAgo(days * 24 + 3), { backup: ids.at(-1 - days) ?? null });
  return exported(name, stores, changes);
}

/** Looks at a page on every screen; of a narrow one nothing may lie outside, and everywhere the answer has to be there at first sight. */
async function lookEverywhere(state: string, url: string, pathOfPage = '/', views = VIEWS): Promise<string> {
  let text = '';
  for (const { name, ...view } of views) {
    const seen = await chromium.look(url + pathOfPage, view, LAYOUT);
    const folderOfPictures = process.env.CDK8S_BACKUP_SCREENSHOTS;
    if (folderOfPictures !== undefined) {
      mkdirSync(folderOfPictures, { recursive: true });
      writeFileSync(path.join(folderOfPictures, `${state}-${name}.png`), seen.screenshot);
    }
    expect({ state, view: name, console: seen.console, overflow: seen.overflow, layout: seen.value })
      .toEqual({ state, view: name, console: [], overflow: 0, layout: { clipped: [], faint: [], atFirstSight: { headline: true, age: true } } });
    text = seen.text;
  }
  return text;
}

async function during(exporter: RunningExporter, action: () => Promise<void>): Promise<void> {
  try {
    await action();
  } finally {
    await exporter.stop();
  }
}

test('all good: yes, with age, time and proof', async () => {
  const one = place();
  const backups = [
    allGood(one, 'whispercache'),
    allGood(one, 'redis', { engine: 'redis', cronJob: 'redis-backup', restoreJob: 'redis-restore', rpoSeconds: 7200, staleAfterSeconds: 5400, rtoSeconds: 600 }, 0.6),
    allGood(one, 'whispercache-sqlite', { engine: 'sqlite', cronJob: 'sqlite-backup', restoreJob: null, rpoSeconds: null, rtoSeconds: null, staleAfterSeconds: null }, 40),
  ];
  const exporter = await startExporter(backups);
  await during(exporter, async () => {
    const text = await lookEverywhere('good', exporter.url);
    expect(text).toContain('Yes, we could restore right now');
    expect(text).toMatch(/How old is the data\?\n10 h\nwhispercache, of 1 d 3 h allowed\n\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC/);
    expect(text).toMatch(/How long would it take\?\n3 min 20 s/);
    expect(text).toMatch(/When was that last proved\?\n1 d 2 h ago/);
    expect(text).toContain('found good');
    const detail = await lookEverywhere('good-detail', exporter.url, '/backups/whispercache');
    // A click chooses the whole command, and what is copied is what is to be typed.
    const { value } = await chromium.look(`${exporter.url}/backups/whispercache`, VIEWS[0]!, `(() => {
      const pre = document.querySelectorAll('.type pre')[1];
      getSelection().selectAllChildren(pre);
      return [getSelection().toString(), getComputedStyle(pre).userSelect];
    })()`);
    expect(value).toEqual([expect.stringMatching(/^kubectl -n whispercache create job (\S+) --from=cronjob\/db-restore && until kubectl -n whispercache logs -f job\/\1; do sleep 1; done$/), 'all']);
    const [look, restore] = [/create job (db-restore-look-\d{4}) --from=cronjob\/db-restore --dry-run=client .*"--dry-run"/, /create job (db-restore-\d{4}) --from=cronjob\/db-restore &&/]
      .map(pattern => detail.search(pattern));
    expect(look).toBeGreaterThan(0);
    expect(restore).toBeGreaterThan(look!); // who types from the top looks before anything changes
    expect(detail).toContain('the latest');
  });
});

test('stale, failed, suspect, damaged, drill failed, on hold: each is said', async () => {
  const one = place();
  const stale = allGood(one, 'whispercache', {}, 50);
  plantFailedRun(one.volume, 'whispercache', hoursAgo(2), 'no backup of whispercache was taken, and earlier ones are as they were: postgres:5432 can\'t be reached (ECONNREFUSED): is the server up, and does the network policy let the backup through?');
  const redis = plantMonth([one.volume, one.offsite], 'redis', { hours: 1 });
  plantBackup(one.volume, 'redis', hoursAgo(0.2), 2000, { suspect: 'it has 2.00 kB, which is 0 % of the 1.31 MB of the one before; the limit is 50 %' });
  plantVerification(one.offsite, redis.at(-1)!, 's3', hoursAgo(3), [`${redis.at(-1)!}.dump is damaged: it has 1 bytes with SHA-256 ${DIGEST}, its record says 2 bytes with ${DIGEST}`]);
  plantDrill(one.volume, 'redis', hoursAgo(200), { backup: redis[3]! });
  plantDrill(one.volume, 'redis', hoursAgo(20), { backup: redis.at(-1)!, outcome: 'failed', faults: ['the table public.orders is empty, and had 12000 rows when the backup was taken'] });
  writeFileSync(path.join(one.volume, 'redis.hold'), '');
  const slow = allGood(one, 'orders', {}, 5);
  plantDrill(one.volume, 'orders', hoursAgo(2), { seconds: { verify: 200, restore: 3400, check: 100, total: 3700 } });
  const exporter = await startExporter([stale, exported('redis', one.stores, { engine: 'redis' }), slow]);
  await during(exporter, async () => {
    const text = await lookEverywhere('trouble', exporter.url);
    expect(text).toContain('In doubt: the last drill of redis failed');
    expect(text).toMatch(/redis\n+In doubt: last drill failed\n/);
    expect(text).toMatch(/whispercache\n+Restorable, RPO exceeded\n/);
    expect(text).toMatch(/orders\n+Restorable, RTO exceeded\n/);
    expect(text).toMatch(/2 d 2 h ago of 1 d 3 h RPO, 23 h over\n\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC/);
    expect(text).toMatch(/The last run failed (1 h 59 min|2 h( \d+ min)?) ago: no backup of whispercache was taken/); // the browser may be slow
    expect(text).toContain('is suspect, and an earlier one is used');
    expect(text).toContain('was found damaged');
    expect(text).toMatch(/Store s3\ndamaged/);
    expect(text).toContain('The last restore drill failed: the table public.orders is empty');
    expect(text).toMatch(/of 30 min RTO, 31 min 40 s over/);
    expect(text).not.toMatch(/[0-9a-f]{20}/);
    expect(text).toContain('On hold');
    const redisPage = await lookEverywhere('trouble-detail', exporter.url, '/backups/redis');
    expect(redisPage).toContain(`s3: damaged, ${redis.at(-1)!}.dump is damaged: it has 1 bytes with SHA-256 ${DIGEST}`);
    expect(redisPage).toContain('usable, a copy is damaged');
    expect(redisPage).not.toContain('s3: whole, ');
    expect(redisPage).toContain('verify --all --repair');
  });
});

test('pictures for docs: what somebody sees who is woken', async () => {
  const one = place();
  const stale = allGood(one, 'whispercache', {}, 31);
  plantFailedRun(one.volume, 'whispercache', hoursAgo(6), 'no backup of whispercache was taken, and earlier ones are as they were: postgres:5432 can\'t be reached (ECONNREFUSED): is the server up, and does the network policy let the backup through?');
  const cache = allGood(one, 'redis', { engine: 'redis', cronJob: 'cache-backup', restoreJob: 'cache-restore', rpoSeconds: 7200, staleAfterSeconds: 5400, rtoSeconds: 600 }, 0.6);
  const sqlite = exported('sessions', one.stores, { engine: 'sqlite', cronJob: 'sessions-backup', restoreJob: 'sessions-restore' });
  for (const [i, id] of plantMonth([one.volume, one.offsite], 'sessions', { bytes: 300_000 }).slice(-2).entries()) plantVerification(one.volume, id, 'volume', hoursAgo(30 - i * 24));
  const exporter = await startExporter([cache, stale, sqlite], { changes: { cluster: 'eu-1', environment: 'production' }, refreshSeconds: 60 });
  const views = VIEWS.filter(({ name }) => name !== 'phone-dark').map(view => view.width < 600 ? { ...view, windowOnly: true } : view);
  await during(exporter, async () => {
    const text = await lookEverywhere('status-page', exporter.url, '/', views);
    expect(text).toMatch(/^Backups\s+eu-1\s+production\s+As of /);
    expect(text).toContain('Yes, but older than promised: whispercache');
    expect(text).toMatch(/When was that last proved\?\n1 of 3 never proved/);
    const typed = await lookEverywhere('what-to-type', exporter.url, '/backups/whispercache', VIEWS.filter(({ name }) => name === 'desktop-light').map(view => ({ ...view, windowOnly: true })));
    expect(typed).toContain('Restorable, RPO exceeded');
  });
});

test('never drilled, never verified: said, and not called good', async () => {
  const one = place();
  plantMonth([one.volume, one.offsite], 'whispercache', { days: 3 });
  const exporter = await startExporter([exported('whispercache', one.stores)], { changes: { cluster: 'eu-1', environment: 'production' } });
  await during(exporter, async () => {
    const text = await lookEverywhere('undrilled', exporter.url);
    expect(text).toContain('Yes, at risk: whispercache');
    expect(text).toMatch(/When was that last proved\?\nNever proved/);
    expect(text).toContain('No restore drill was ever made.');
    expect(text).toContain('No backup was ever read back.');
    expect(text).toContain('not measured yet');
    expect(text).toMatch(/\beu-1\nproduction\n/);
    expect(text).toContain('create job db-restore-look-'); // of one backup, the first page says it
  });
});

test('thirty backups: a line for each, the worst first, and how many were never proved', async () => {
  const one = place();
  const good = Array.from({ length: 27 }, (_, i) => {
    const name = `service-${i + 1}`;
    const ids = plantMonth([one.volume], name, { days: 2, bytes: 1000 });
    plantVerification(one.volume, ids.at(-1)!, 'volume', hoursAgo(6));
    plantDrill(one.volume, name, hoursAgo(27), { backup: ids[0]! });
    return exported(name, [one.stores[0]!]);
  });
  for (const name of ['undrilled', 'neither']) plantMonth([one.volume], name, { days: 2, bytes: 1000 });
  plantMonth([one.volume], 'old', { days: 2, hours: 70, bytes: 1000 });
  plantDrill(one.volume, 'old', hoursAgo(27));
  const exporter = await startExporter([...good, ...['undrilled', 'neither', 'old'].map(name => exported(name, [one.stores[0]!]))]);
  await during(exporter, async () => {
    const text = await lookEverywhere('thirty', exporter.url);
    expect(text).toContain('Yes, but older than promised: old');
    expect(text).toMatch(/1 Restorable, RPO exceeded\n.*2 Restorable, at risk\n.*27 Restorable\n/s);
    expect(text).toMatch(/When was that last proved\?\n2 of 30 never proved\nundrilled and neither. Worst of the others: 1 d 2 h ago, service-1, of 8 d allowed/);
    const rows = await chromium.look(exporter.url, VIEWS[2]!, '[...document.querySelectorAll("tbody tr")].map(row => [row.querySelector("th").innerText, Math.round(row.getBoundingClientRect().height)])');
    const lines = rows.value as [string, number][];
    expect(lines.map(([name]) => name).slice(0, 4)).toEqual(['old', 'undrilled', 'neither', 'service-1']);
    expect(lines).toHaveLength(30);
    expect(Math.max(...lines.map(([, height]) => height))).toBeLessThan(80);
    const cards = await chromium.look(`${exporter.url}/cards`, VIEWS[2]!, 'document.querySelectorAll("article").length');
    expect(cards.value).toBe(30);
  });
});

test('a store that is down, one that never was up, and all of them', async () => {
  const one = place();
  const good = allGood(one, 'whispercache');
  const nowhere = exported('lost', [folder('/nowhere/at/all', 'volume')]);
  const exporter = await startExporter([good, { ...nowhere, engine: 'redis' }]);
  const shows = (text: string) => until(`the page shows "${text}"`, 60_000, async () => (await exporter.get('/')).includes(text));
  // At once: file by file, the exporter may read the store in between, when it is there and has lost its copy.
  const takeDown = (store: string) => renameSync(store, path.join(tempDir('down'), 'store'));
  await during(exporter, async () => {
    await shows('Restorable');
    takeDown(one.offsite);
    await shows('was whole');
    const text = await lookEverywhere('down', exporter.url);
    expect(text).toContain('Not known: no store of lost can be read');
    expect(text).toMatch(/The store s3 can't be read, for .* now; this page shows it as of .* ago: /);
    expect(text).toContain('can’t be read; was whole');
    takeDown(one.volume);
    await shows('No store with a good copy');
    const gone = await lookEverywhere('all-down', exporter.url);
    expect(gone).toContain('No: whispercache can’t be restored');
  });
});

test('no backup at all', async () => {
  const one = place();
  const exporter = await startExporter([exported('whispercache', one.stores)]);
  await during(exporter, async () => {
    const text = await lookEverywhere('empty', exporter.url);
    expect(text).toContain('No: whispercache can’t be restored');
    expect(text).toContain('There is no backup.');
    await lookEverywhere('empty-detail', exporter.url, '/backups/whispercache');
  });
});

test('long names and hostile messages change nothing but their own text', async () => {
  const one = place();
  const name = `a${'very-long_name'.repeat(4)}`;
  const hostile = `<script>alert(1)</script><img src=x onerror=alert(1)> "quoted" 'single' ${'x'.repeat(300)} \u202e\u0007 &amp; ]]> -->`;
  const config = allGood(one, name, { cronJob: `c-${'ab'.repeat(25)}`, namespace: `n${'s'.repeat(60)}`, stores: [folder(one.volume, 'a-store-with-thirty-characters'), folder(one.offsite, 'b-store-with-thirty-characters')] });
  plantFailedRun(one.volume, name, hoursAgo(1), hostile);
  plantDrill(one.volume, name, hoursAgo(1), { outcome: 'failed', faults: [hostile] });
  const exporter = await startExporter([config]);
  await during(exporter, async () => {
    for (const page of ['/', `/backups/${name}`]) {
      const text = await lookEverywhere(page === '/' ? 'hostile' : 'hostile-detail', exporter.url, page);
      expect(text).toContain('<script>alert(1)</script>');
      expect((await chromium.look(exporter.url + page, VIEWS[0]!, 'document.scripts.length + document.querySelectorAll("img").length')).value).toBe(0);
    }
  });
});

test('a page has one heading of the first rank, names for all tables and charts, and no duplicate ids', async () => {
  const one = place();
  const exporter = await startExporter([allGood(one, 'whispercache'), exported('redis', one.stores)]);
  await during(exporter, async () => {
    for (const page of ['/', '/backups/whispercache']) {
      const { value } = await chromium.look(exporter.url + page, VIEWS[2]!, `({
        h1: document.querySelectorAll('h1').length,
        lang: document.documentElement.lang,
        unnamedImages: [...document.querySelectorAll('svg')].filter(svg => svg.getAttribute('aria-hidden') !== 'true' && !svg.getAttribute('aria-label')).length,
        unscopedHeaders: document.querySelectorAll('th:not([scope])').length,
        unnamedRegions: document.querySelectorAll('[role=region]:not([aria-label])').length,
        duplicateIds: [...document.querySelectorAll('[id]')].map(e => e.id).filter((id, i, all) => all.indexOf(id) !== i),
        outside: [...document.querySelectorAll('[src], link[href]')].map(e => e.src || e.href).filter(url => !url.startsWith('data:')),
      })`);
      expect(value).toEqual({ h1: 1, lang: 'en', unnamedImages: 0, unscopedHeaders: 0, unnamedRegions: 0, duplicateIds: [], outside: [] });
    }
  });
});
