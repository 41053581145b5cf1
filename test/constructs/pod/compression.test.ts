import { Compression } from '../../../src';
import { configOf, synth } from '../../synth';

test.each([
  [undefined, { algorithm: 'zstd', level: 1 }],
  [Compression.DEFAULT, { algorithm: 'zstd', level: 1 }],
  [Compression.NONE, { algorithm: 'none', level: 0 }],
  [Compression.zstd(19), { algorithm: 'zstd', level: 19 }],
  [Compression.gzip(9), { algorithm: 'gzip', level: 9 }],
])('%j', (compression, expected) => {
  expect(configOf(synth({ compression })).compression).toEqual(expected);
});

test.each([
  [() => Compression.gzip(12), '\'level\' must be a whole number from 1 to 9, got 12: gzip has these levels; for smaller files use Compression.zstd'],
  [() => Compression.gzip(0), '\'level\' must be a whole number from 1 to 9, got 0'],
  [() => Compression.zstd(20), '\'level\' must be a whole number from 1 to 19, got 20: zstd has these levels'],
  [() => Compression.zstd(1.5), '\'level\' must be a whole number from 1 to 19, got 1.5'],
])('fails: %s', (define, message) => {
  expect(define).toThrow(message);
});
