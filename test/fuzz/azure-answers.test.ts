import { createServer, IncomingMessage, ServerResponse } from 'node:http';
import { AddressInfo } from 'node:net';
import { Readable } from 'node:stream';
import fc from 'fast-check';
import { damaged, EVIL_NAMES, refusalIn, runs } from './_hostile';
import { ExitCode } from '../../src/contract/exit-code';
import { readCatalog } from '../../src/runner/catalog/catalog';
import { readSmall } from '../../src/runner/catalog/read-small';
import { AzureStore } from '../../src/runner/stores/azure/store';
import { parseXml } from '../../src/runner/stores/azure/xml';
import { all, failureOf } from '../runner/stores/_bodies';

/* What Azurite can't be made to say, and a proxy, a cache, a wrong clock or a broken service does: a server on this machine says it. */

jest.setTimeout(60_000); // bounded by numbers of runs, and not by the time of a busy machine

const signal = new AbortController().signal;
let requests: { readonly url: URL; readonly headers: IncomingMessage['headers'] }[] = [];
let answer: (url: URL, response: ServerResponse, headers: IncomingMessage['headers']) => void;
const warnings: string[] = [];
const server = createServer((request, response) => {
  const url = new URL(request.url!, 'http://localhost');
  requests.push({ url, headers: request.headers });
  request.resume();
  answer(url, response, request.headers);
});
let store: AzureStore;

beforeAll(async () => {
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  store = open();
});

function open(): AzureStore {
  const config = {
    type: 'azure',
    name: 'offsite',
    accountName: 'account',
    containerName: 'backups',
    prefix: 'db',
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    credentials: { kind: 'account-key', accountKeyEnv: 'KEY' },
    accessTier: null,
  } as const;
  return new AzureStore(config, { KEY: 'a2V5' }, message => void warnings.push(message), { maxAttempts: 2, connectMs: 5000, idleMs: 5000 });
}

beforeEach(() => {
  requests = [];
});
afterEach(() => {
  jest.restoreAllMocks();
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});

function says(body: string, status = 200): void {
  answer = (_, response) => {
    response.writeHead(status, { 'content-type': 'application/xml' });
    response.end(body);
  };
}

const escaped = (text: string) => text.replace(/[&<>"'\0-\x1f]/g, character => character < ' ' ? '?' : `&#${character.charCodeAt(0)};`);
const blob = (name: string, bytes = 3) => `<Blob><Name>${escaped(name)}</Name><Properties><Last-Modified>Sun, 22 Nov 2026 02:00:00 GMT</Last-Modified>` +
  `<Content-Length>${bytes}</Content-Length></Properties></Blob>`;
const page = (content: string, next = '') => '\uFEFF<?xml version="1.0" encoding="utf-8"?><EnumerationResults ServiceEndpoint="http://x/" ContainerName="backups"><Prefix>db/</Prefix>' +
  `<Blobs>${content}</Blobs><NextMarker>${next}</NextMarker></EnumerationResults>`;

test.each([
  ['the page of a proxy that wants a login', '<html><head><title>Login</title></head><body>Please log in</body></html>'],
  ['nothing', ''],
  ['another document', '<a><b/></a>'],
  ['half a list', page(blob('db/app_1')).slice(0, -30)],
])('%s is not taken for an empty container', async (_, body) => {
  says(body);
  for (const look of [all(store.list('app_', signal)), store.check(signal)]) {
    const error = await failureOf(look);
    expect(error).toMatchObject({ exitCode: ExitCode.BAD_CONFIG });
    expect(error.message).toMatch(/^offsite \(azure:\/\/account\/backups\/db at http.*\): can't list it: the answer is no list of blobs/);
  }
});

test.each([
  ['the same page for ever', () => page(blob('db/app_1'), 'again')],
  ['the same page with another marker each time', () => page(blob('db/app_1'), `marker-${requests.length}`)],
  ['empty pages for ever', () => page('', `marker-${requests.length}`)],
])('a listing that gives %s ends with an error', async (_, content) => {
  answer = (_url, response) => response.end(content());
  const error = await failureOf(all(store.list('app_', signal)));
  expect(error).toMatchObject({ exitCode: ExitCode.FAILED });
  expect(error.message).toMatch(/can't list it: the service (gives|says)/);
  expect(requests.length).toBeLessThan(510);
});

test('pages with nothing but deeper prefixes, and pages with nothing on them, are gone through', async () => {
  const pages = [page('<BlobPrefix><Name>db/app_a/</Name></BlobPrefix>', 'two'), page('', 'three'), page(blob('db/app_1'))];
  answer = (_, response) => response.end(pages[requests.length - 1]);
  expect((await all(store.list('app_', signal))).map(({ key }) => key)).toEqual(['app_1']);
  expect(requests.map(({ url }) => url.searchParams.get('marker'))).toEqual([null, 'two', 'three']);
});

test('names from outside of the prefix, and names that are none, are not ours; escaped ones are read', async () => {
  const others = ['app_1', 'db', 'db/', 'dbx/app_1', 'db/other_1', 'db/app_x/y', 'db/app_x\\y', '../db/app_1', ...EVIL_NAMES];
  says(page([...others, 'db/app_2', 'db/app_3 & a space'].map(each => blob(each)).join('') + blob('db/app%5F4').replace('<Name>', '<Name Encoded="true">')));
  expect((await all(store.list('app_', signal))).map(({ key }) => key)).toEqual(['app_2', 'app_3 & a space', 'app_4']);
});

test('whatever stands in an answer, it is a list or an error that names the store', async () => {
  const valid = page(blob('db/app_20261122_020000.json') + blob('db/app_20261122_020000.db.zst'));
  const spoiled = fc.oneof(
    damaged(valid, 4, 20),
    fc.constantFrom('<a>'.repeat(20_000), '<'.repeat(100_000), `<a ${'b="'.repeat(50_000)}`, `<a>${'&'.repeat(100_000)}`, valid.replace('>3<', '>-1<'), valid.replace('>3<', '>1e99<'),
      valid.replace('<Blobs>', '<Blobs><__proto__/><constructor>1</constructor>'), valid.replace('2026', 'never'),
      `<!DOCTYPE x [<!ENTITY a "${'a'.repeat(1000)}">]>${valid.replace('>3<', '>&a;<')}`, valid.replace('app_', '&#x1F4A9;&#99999999;&nope;app_')),
    fc.string(),
  );
  await fc.assert(fc.asyncProperty(spoiled, async body => {
    says(body);
    const result = await refusalIn(() => readCatalog('app', [store], signal));
    if ('refused' in result) expect(result.refused.message).toContain('offsite (azure://account/backups/db');
    else for (const key of result.value.files.get('offsite')!.keys()) expect(key).toMatch(/^app_/);
  }), runs(150));
});

test('whatever stands in a document, it is read, and is an element or nothing', () => {
  fc.assert(fc.property(fc.oneof(fc.string({ unit: fc.constantFrom('<', '>', '/', 'a', '"', '\'', '&', ';', '=', ' ', '?', '!') }), fc.string()), text => {
    const found = parseXml(text);
    expect(found === undefined || typeof found.name === 'string').toBe(true);
  }), runs(2000));
});

test('a refusal is told without what was signed', async () => {
  says('<?xml version="1.0"?><Error><Code>AuthenticationFailed</Code><Message>Server failed to authenticate the request.\nRequestId:1</Message>'
    + '<AuthenticationErrorDetail>The MAC signature \'planted-signature\' is not the same. String to sign used was \'planted\'</AuthenticationErrorDetail></Error>', 403);
  const error = await failureOf(store.check(signal));
  expect(error).toMatchObject({ exitCode: ExitCode.DENIED });
  expect(`${error.message}${JSON.stringify(error.cause)}${String(error.cause)}`).not.toContain('planted');
});

test.each([['ahead', 20], ['behind', -20]])('a clock that is 20 minutes %s stops nothing, and is told: requests are of the service\'s time', async (where, minutes) => {
  const now = Date.now.bind(Date);
  jest.spyOn(Date, 'now').mockImplementation(() => now() + minutes * 60_000);
  warnings.length = 0;
  answer = (_, response, headers) => {
    const isRight = Math.abs(Date.parse(String(headers['x-ms-date'])) - now()) < 15 * 60_000;
    response.writeHead(isRight ? 200 : 403, { date: new Date(now()).toUTCString() });
    response.end(isRight ? page('') : '<Error><Code>AuthenticationFailed</Code><Message>Request date header too old</Message></Error>');
  };
  const skewed = open();
  await skewed.check(signal);
  expect(requests).toHaveLength(2);
  expect(warnings).toEqual([expect.stringMatching(new RegExp(`the server's is (20|19\\.9) minutes ${where === 'ahead' ? 'behind' : 'ahead'}; .*set both by NTP`))]);
  await skewed.check(signal);
  expect(requests).toHaveLength(3); // known from here on
});

test('a block that arrives damaged again and again ends the upload', async () => {
  answer = (url, response) => {
    if (url.searchParams.get('comp') === 'block') {
      response.writeHead(400, { 'x-ms-error-code': 'Md5Mismatch' });
      return void response.end();
    }
    response.writeHead(404, { 'x-ms-error-code': 'BlobNotFound' });
    response.end();
  };
  const error = await failureOf(store.put('app_1.dump', Readable.from([Buffer.alloc(20 * 1024 ** 2)]), 20 * 1024 ** 2, signal));
  expect(error).toMatchObject({ exitCode: ExitCode.UNAVAILABLE, message: expect.stringMatching(/other bytes arrived than were sent, 2 times in a row/) });
  expect(requests.filter(({ url }) => url.searchParams.get('comp') === 'block').every(({ headers }) => headers['content-md5'] !== undefined)).toBe(true);
});

test('a blob without an end is read no further than any document goes', async () => {
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
