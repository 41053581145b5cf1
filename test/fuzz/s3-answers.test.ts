import { createServer, ServerResponse } from 'node:http';
import { AddressInfo } from 'node:net';
import fc from 'fast-check';
import { damaged, EVIL_NAMES, refusalIn, runs } from './_hostile';
import { ExitCode } from '../../src/contract/exit-code';
import { readCatalog } from '../../src/runner/catalog/catalog';
import { readSmall } from '../../src/runner/catalog/read-small';
import { S3Store } from '../../src/runner/stores/s3/store';
import { anS3Store } from '../runner/_fixtures';
import { all, failureOf } from '../runner/stores/_bodies';

/* What no S3 server can be made to say, and a proxy, a cache or a broken service does: a server on this machine says it. */

jest.setTimeout(60_000); // bounded by numbers of runs, and not by the time of a busy machine

const signal = new AbortController().signal;
let requests: URL[] = [];
let answer: (url: URL, response: ServerResponse) => void;
const server = createServer((request, response) => {
  const url = new URL(request.url!, 'http://localhost');
  requests.push(url);
  answer(url, response);
});
let store: S3Store;

beforeAll(async () => {
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  const config = anS3Store({
    prefix: 'db',
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    pathStyle: true,
    credentials: { accessKeyIdEnv: 'ID', secretAccessKeyEnv: 'KEY', sessionTokenEnv: null },
  });
  store = new S3Store(config, { ID: 'id', KEY: 'key' }, undefined, { maxAttempts: 2, connectMs: 5000, idleMs: 5000 });
});

beforeEach(() => {
  requests = [];
});

afterAll(() => {
  server.closeAllConnections();
  server.close();
});

function says(body: string, type = 'application/xml'): void {
  answer = (_, response) => {
    response.writeHead(200, { 'content-type': type });
    response.end(body);
  };
}

const escaped = (text: string) => text.replace(/[&<>"'\0-\x1f]/g, character => character < ' ' ? '?' : `&#${character.charCodeAt(0)};`);
const object = (key: string) => `<Contents><Key>${escaped(key)}</Key><Size>3</Size><LastModified>2026-11-22T02:00:00.000Z</LastModified></Contents>`;
const page = (content: string, next?: string) => `<ListBucketResult><Name>backups</Name><IsTruncated>${next !== undefined}</IsTruncated>${
  next === undefined || next === '' ? '' : `<NextContinuationToken>${next}</NextContinuationToken>`}${content}</ListBucketResult>`;

test.each([
  ['the page of a proxy that wants a login', '<html><head><title>Login</title></head><body>Please log in</body></html>'],
  ['nothing', ''],
  ['another document', '<a><b/></a>'],
])('%s is not taken for an empty bucket', async (_, body) => {
  says(body, 'text/html');
  for (const look of [all(store.list('app_', signal)), store.check(signal)]) {
    const error = await failureOf(look);
    expect(error).toMatchObject({ exitCode: ExitCode.BAD_CONFIG });
    expect(error.message).toMatch(/^offsite \(s3:\/\/backups\/db at http.*\): can't list it: the answer is no list of objects/);
  }
});

test.each([
  ['the same page for ever', () => page(object('db/app_1'), 'again')],
  ['the same page with another token each time', () => page(object('db/app_1'), `token-${requests.length}`)],
  ['empty pages for ever', () => page('', `token-${requests.length}`)],
  ['that there is more, and not where', () => page(object('db/app_1'), '')],
])('a listing that gives %s ends with an error', async (_, content) => {
  answer = (_url, response) => response.end(content());
  const error = await failureOf(all(store.list('app_', signal)));
  expect(error).toMatchObject({ exitCode: ExitCode.FAILED });
  expect(error.message).toMatch(/can't list it: the service (gives|says)/);
  expect(requests.length).toBeLessThan(510);
});

test.each([
  ['no marker', ''],
  ['the same marker', '<NextKeyMarker>db/app_1</NextKeyMarker><NextUploadIdMarker>1</NextUploadIdMarker>'],
])('a list of unfinished uploads that goes on with %s ends with an error', async (_, marker) => {
  const uploads = `<ListMultipartUploadsResult><Bucket>backups</Bucket><IsTruncated>true</IsTruncated>${marker}<Upload><Key>db/app_1</Key><UploadId>1</UploadId></Upload></ListMultipartUploadsResult>`;
  answer = (url, response) => response.end(url.searchParams.has('uploads') ? uploads : page(''));
  await expect(all(store.unfinished('app_', signal))).rejects.toThrow('can\'t list unfinished uploads: the service');
  expect(requests.filter(url => url.searchParams.has('uploads')).length).toBeLessThan(4);
});

test('pages with nothing but deeper prefixes, and pages with nothing on them, are gone through', async () => {
  const pages = [page('<CommonPrefixes><Prefix>db/app_a/</Prefix></CommonPrefixes>', 'two'), page('', 'three'), page(object('db/app_1'))];
  answer = (_, response) => response.end(pages[requests.length - 1]);
  expect((await all(store.list('app_', signal))).map(({ key }) => key)).toEqual(['app_1']);
  expect(requests.map(url => url.searchParams.get('continuation-token'))).toEqual([null, 'two', 'three']);
});

test('keys from outside of the prefix, and keys that are none, are not ours', async () => {
  const others = ['app_1', 'db', 'db/', 'dbx/app_1', 'db/other_1', 'db/app_x/y', 'db/app_x\\y', '../db/app_1', ...EVIL_NAMES];
  says(page([...others, 'db/app_2', 'db/app_3 with a space'].map(object).join('')));
  expect((await all(store.list('app_', signal))).map(({ key }) => key)).toEqual(['app_2', 'app_3 with a space']);
});

test('whatever stands in an answer, it is a list or an error that names the store', async () => {
  const valid = page(object('db/app_20261122_020000.json') + object('db/app_20261122_020000.db.zst'), 'next');
  const spoiled = fc.oneof(
    damaged(valid, 4, 20),
    fc.constantFrom('<a>'.repeat(20_000), valid.replace('<Size>3', '<Size>-1'), valid.replace('<Size>3', '<Size>1e99'), valid.replace('true', '<__proto__/>'),
      valid.replace('<Contents>', '<Contents><constructor>1</constructor>'), valid.replace('2026', 'never'),
      `<!DOCTYPE x [<!ENTITY a "${'a'.repeat(1000)}"><!ENTITY b "${'&a;'.repeat(1000)}"><!ENTITY c "${'&b;'.repeat(1000)}">]>${valid.replace('<Size>3', '<Size>&c;')}`),
    fc.string(),
  );
  await fc.assert(fc.asyncProperty(spoiled, async body => {
    says(body);
    const result = await refusalIn(() => readCatalog('app', [store], signal));
    if ('refused' in result) expect(result.refused.message).toContain('offsite (s3://backups/db');
    else for (const key of result.value.files.get('offsite')!.keys()) expect(key).toMatch(/^app_/);
  }), runs(150));
});

test('an object without an end is read no further than any document goes', async () => {
  let sent = 0;
  const chunk = Buffer.alloc(1024 * 1024, 'x');
  answer = (_, response) => {
    response.writeHead(200, { 'content-type': 'application/json' });
    const go = () => {
      while (!response.destroyed && sent < 2 * 1024 ** 3) {
        sent += chunk.length;
        if (!response.write(chunk)) return void response.once('drain', go);
      }
    };
    go();
  };
  await expect(readSmall(store, 'app_20261122_020000.json', signal)).rejects.toMatchObject({ exitCode: ExitCode.CORRUPT });
  expect(sent).toBeLessThan(64 * 1024 * 1024); // what the sockets between had taken
});
