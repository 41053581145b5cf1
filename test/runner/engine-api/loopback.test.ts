import { isLoopback } from '../../../src/runner/engine-api/loopback';

test.each(['localhost', '127.0.0.1', '127.8.0.1', '::1', '0:0:0:0:0:0:0:1', '/var/run/postgresql'])('%s is this machine', host => {
  expect(isLoopback(host)).toBe(true);
});

test.each([
  'postgres', 'localhost.example.com', '10.0.0.1', '128.0.0.1', '0.0.0.0', '::', '2001:db8::1', '127.0.0.1,10.0.0.1', '127.0.0.1.nip.io', 'host=db', '',
])('%p is not, or may not be', host => {
  expect(isLoopback(host)).toBe(false);
});
