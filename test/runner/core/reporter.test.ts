import { createReporter } from '../../../src/runner/core/reporter';
import { capture } from '../_fixtures';

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
    expect(stream.text()).toContain('app.dump  [==========          ]  2.00 kB  2.00 kB/s  1.0 s');
    progress.done();
    const sure = createReporter(stream).progress('app.dump', 4000, true);
    sure.add(1000);
    jest.advanceTimersByTime(1000);
    expect(stream.text()).toContain('1.00 kB/s  1.0 s, 3.0 s left');
    sure.done();
    expect(stream.text()).toMatch(/\r\x1b\[K$/);
  });
});
