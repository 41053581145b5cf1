import { logFormatIn } from '../../../src/runner/core/log-format';
import { createReporter } from '../../../src/runner/core/reporter';
import { capture } from '../_fixtures';

describe('a log for people', () => {
  beforeEach(() => jest.useFakeTimers({ now: new Date('2026-11-22T18:47:57.9Z') }));
  afterEach(() => jest.useRealTimers());

  test('has the time in front of each line, and all that a person needs behind it', () => {
    const stream = capture();
    const reporter = createReporter(stream, 'text');
    reporter.info('restore.started', 'Restoring app\nto \x1b[2Jshop', { id: 'app' });
    reporter.warn('a', 'Careful');
    reporter.error('failed', 'No disk', { exitCode: 16, retryMayHelp: false });
    reporter.error('failed', 'No network', { exitCode: 20, retryMayHelp: true, stack: 'at x\nat y' });
    expect(stream.text()).toBe([
      '18:47:57 UTC  Restoring app',
      '              to \\x1b[2Jshop',
      '18:47:57 UTC  Warning: Careful',
      '18:47:57 UTC  Error: No disk (exit code 16, a retry does not help)',
      '18:47:57 UTC  Error: No network (exit code 20, a retry may help)',
      '              at x',
      '              at y',
      '',
    ].join('\n'));
  });

  test.each([
    [4000, true, '18:48:07 UTC  app.dump: 25 %, 1.00 kB of 4.00 kB, 100 B/s, 30 s left\n'],
    [4000, false, '18:48:07 UTC  app.dump: about 25 %, 1.00 kB of about 4.00 kB, 100 B/s, about 30 s left\n'],
    [800, false, '18:48:07 UTC  app.dump: about 99 %, 1.00 kB of about 800 B, 100 B/s\n'],
    [null, false, '18:48:07 UTC  app.dump: 1.00 kB, 100 B/s\n'],
  ])('tells how far it is with %p bytes to come (for sure: %p)', (expectedBytes, sure, line) => {
    const stream = capture();
    const progress = createReporter(stream, 'text').progress('app.dump', expectedBytes, sure);
    progress.add(1000);
    jest.advanceTimersByTime(10_000);
    progress.done();
    expect(stream.text()).toBe(line);
  });
});

test('JSON can be asked for on a terminal too', () => {
  const stream = Object.assign(capture(), { isTTY: true });
  createReporter(stream, 'json').info('a', 'b');
  expect(JSON.parse(stream.text())).toMatchObject({ event: 'a', message: 'b' });
});

test.each<[string, NodeJS.ProcessEnv, boolean]>([
  ['a terminal has colours', {}, true], ['who sets NO_COLOR has none', { NO_COLOR: '1' }, false], ['an empty NO_COLOR says nothing', { NO_COLOR: '' }, true],
  ['a terminal without colours has none', { TERM: 'dumb' }, false],
])('%s', (_case, env, coloured) => {
  const stream = Object.assign(capture(), { isTTY: true });
  createReporter(stream, 'auto', env).error('a', 'No disk');
  expect(stream.text()).toContain(coloured ? '\x1b[31mError: \x1b[39mNo disk' : 'Error: No disk');
  const log = capture();
  createReporter(log, 'text', env).error('a', 'No disk');
  expect(log.text()).not.toContain('\x1b');
});

test.each<[string[], string]>([
  [[], 'auto'], [['list', '--log-format', 'text'], 'text'], [['--log-format=json', 'list'], 'json'], [['list', '--log-format', 'xml'], 'auto'], [['list', '--log-format'], 'auto'],
  [['--log-format', 'text', '--log-format', 'json'], 'json'],
])('the arguments %j ask for %s', (args, format) => {
  expect(logFormatIn(args)).toBe(format);
});

test('a log gets one JSON object per event', () => {
  const stream = capture();
  const reporter = createReporter(stream);
  reporter.info('a.b', 'It began', { id: 'x' });
  reporter.error('c', 'It ended');

  const lines = stream.text().trimEnd().split('\n').map(line => JSON.parse(line));
  expect(lines).toEqual([
    { level: 'info', time: expect.stringMatching(/^\d{4}-.*Z$/), event: 'a.b', message: 'It began', id: 'x' },
    { level: 'error', time: expect.any(String), event: 'c', message: 'It ended' },
  ]);
});

describe('progress', () => {
  beforeEach(() => jest.useFakeTimers());
  afterEach(() => jest.useRealTimers());

  test('goes to a log every 10 s at the most', () => {
    const stream = capture();
    const progress = createReporter(stream).progress('app.dump', 4000);
    progress.add(1000);
    jest.advanceTimersByTime(9_999);
    expect(stream.text()).toBe('');
    jest.advanceTimersByTime(1);
    progress.add(500);
    expect(JSON.parse(stream.text())).toMatchObject({ event: 'progress', what: 'app.dump', bytes: 1000, expectedBytes: 4000, bytesPerSecond: 100, elapsedSeconds: 10 });
    progress.done();
    jest.advanceTimersByTime(60_000);
    expect(stream.text().trimEnd().split('\n')).toHaveLength(1);
  });

  test('is a bar on a terminal, and leaves no trace there', () => {
    const stream = Object.assign(capture(), { isTTY: true, columns: 100 });
    const progress = createReporter(stream).progress('app.dump', 4000);
    progress.add(2000);
    jest.advanceTimersByTime(1000);
    expect(stream.text()).toContain('app.dump  [==========          ]  about 50 %  2.00 kB  2.00 kB/s  1.0 s, about 1.0 s left');
    progress.done();
    const sure = createReporter(stream).progress('app.dump', 4000, true);
    sure.add(1000);
    jest.advanceTimersByTime(1000);
    expect(stream.text()).toContain('25 %  1.00 kB  1.00 kB/s  1.0 s, 3.0 s left');
    sure.done();
    expect(stream.text()).toMatch(/\r\x1b\[K$/);
  });
});
