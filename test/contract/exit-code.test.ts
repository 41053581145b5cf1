import { ExitCode, PERMANENT, RETRYABLE } from '../../src/contract/exit-code';

test('keeps the numbers that pod failure policies in clusters act on', () => {
  expect(ExitCode).toEqual({
    OK: 0,
    FAILED: 1,
    USAGE: 2,
    DIFFERS: 3,
    BAD_CONFIG: 10,
    CORRUPT: 11,
    VERSION_MISMATCH: 12,
    SUSPECT: 13,
    DENIED: 14,
    NOT_FOUND: 15,
    NO_SPACE: 16,
    DEADLINE: 17,
    UNAVAILABLE: 20,
    CANCELLED: 143,
  });
});

test('every failure is either permanent or worth a retry', () => {
  const failures = Object.values(ExitCode).filter(code => code !== ExitCode.OK && code !== ExitCode.DIFFERS);
  expect([...RETRYABLE, ...PERMANENT].sort((a, b) => a - b)).toEqual(failures);
  expect(RETRYABLE).toEqual([ExitCode.FAILED, ExitCode.UNAVAILABLE, ExitCode.CANCELLED]);
});

test('permanent codes are what Kubernetes takes in a rule', () => {
  expect(PERMANENT).toEqual([...PERMANENT].sort((a, b) => a - b)); // must be in ascending order
  expect(new Set(PERMANENT).size).toBe(PERMANENT.length);
  expect(PERMANENT).not.toContain(0);
});
