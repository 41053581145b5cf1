import { once } from 'node:events';
import { get as request } from 'node:http';
import { connect, Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { folder } from '../_configs';
import { everything } from './_everything';
import { RunningExporter, startExporter } from './_exporter';
import { exported } from './_stores';
import { AT_ONCE_MS, until } from '../servers/_process';

describe('clients', () => {
  let exporter: RunningExporter;

  beforeAll(async () => {
    exporter = await startExporter([exported('app', [folder(everything())])]);
  });

  afterAll(() => exporter?.stop());

  test.each(['POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS'])('%s is refused', async method => {
    const answer = await fetch(`${exporter.url}/`, { method });
    expect([answer.status, answer.headers.get('allow')]).toEqual([405, 'GET, HEAD']);
  });

  test('HEAD has the headers of GET and no body', async () => {
    const [head, get] = [await fetch(`${exporter.url}/metrics`, { method: 'HEAD' }), await fetch(`${exporter.url}/metrics`)];
    expect(head.headers.get('content-length')).toBe(get.headers.get('content-length'));
    expect(await head.text()).toBe('');
  });

  test.each(['/', '/backups/app', '/api/backups', '/metrics', '/healthz', '/nothing'])('%s lets a browser do nothing but show it', async page => {
    const { status, headers } = await fetch(exporter.url + page);
    expect(status).toBe(page === '/nothing' ? 404 : 200);
    expect(headers.get('content-security-policy')).toMatch(/^default-src 'none'; style-src 'sha256-[A-Za-z0-9+/=]+'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'$/);
    expect(headers.get('x-content-type-options')).toBe('nosniff');
    expect(headers.get('cache-control')).toBe('no-store');
  });

  test.each(['/backups/..%2f..%2fetc%2fpasswd', '/backups/other', '//x', '/%00', '/backups/'])('%s is not there', async page => {
    expect((await fetch(exporter.url + page)).status).toBe(404);
  });

  test('hundreds that say nothing are cut off', async () => {
    const { port } = new URL(exporter.url);
    const sockets = Array.from({ length: 200 }, () => connect(Number(port), '127.0.0.1').on('error', () => {}).resume());
    try {
      for (const socket of sockets) socket.write('GET / HTTP/1.1\r\nHost: x\r\nX-Slow: ');
      expect((await fetch(`${exporter.url}/healthz`)).status).toBe(200);
      await Promise.all(sockets.map(socket => socket.destroyed || once(socket, 'close'))); // by the server
    } finally {
      for (const socket of sockets) socket.destroy();
    }
  });

  test.each(['127.0.0.1', '127.0.0.2'])('more connections than it takes, idle and slow and opened anew all the time by 127.0.0.1, do not keep %s from an answer', async localAddress => {
    const port = Number(new URL(exporter.url).port);
    const held = new Set<Socket>();
    let cutOff = 0;
    let holding = true;
    function hold(said: string): void {
      const socket = connect(port, '127.0.0.1').on('error', () => {}).resume();
      socket.write(said);
      held.add(socket);
      socket.once('close', () => {
        held.delete(socket);
        cutOff += 1;
        if (holding) setTimeout(() => hold(said), 100);
      });
    }
    const ask = (page: string) => new Promise<number | undefined>((resolve, reject) => {
      request({ host: '127.0.0.1', port, path: page, localAddress, agent: false }, answer => resolve(answer.resume().statusCode)).on('error', reject);
    });
    try {
      for (let i = 0; i < 400; i++) hold(['', 'GET /healthz HTTP/1.1\r\nHost: x\r\nX-Slow: ', 'GET / HTTP/1.1\r\nHost: x\r\n\r\n'][i % 3]!);
      await until('there are too many', 30_000, async () => cutOff > 0);
      for (const page of ['/healthz', '/metrics', '/healthz', '/', '/healthz']) {
        const before = cutOff;
        expect(await ask(page)).toBe(200);
        await until('some were cut off meanwhile', 30_000, async () => cutOff > before);
      }
    } finally {
      holding = false;
      for (const socket of held) socket.destroy();
    }
  });

  test('SIGTERM ends it at once and with 0, whoever is connected', async () => {
    const own = await startExporter([exported('app', [folder(everything())])]);
    const socket = connect(Number(new URL(own.url).port), '127.0.0.1').on('error', () => {});
    socket.write('GET / HTTP/1.1\r\nHost: x\r\n');
    await sleep(200);
    const told = Date.now();
    expect((await own.stop()).code).toBe(0);
    expect(Date.now() - told).toBeLessThan(AT_ONCE_MS);
  });
});
