import { ClusterDumpCheck, CustomFormatCheck } from '../../../../src/runner/engines/postgres/format';
import { Check } from '../../../../src/runner/stream/check';

describe('an archive of pg_dump', () => {
  const check = () => new CustomFormatCheck('pg_dump');

  test('is known by its beginning, however it is cut', () => {
    expect(() => run(check(), 'PGDMP\x01\x10')).not.toThrow();
    expect(() => run(check(), 'P', 'GD', 'MP\x01')).not.toThrow();
  });

  test('is not nothing, and nothing else', () => {
    expect(() => run(check())).toThrow('wrote nothing');
    expect(() => run(check(), 'PGD')).toThrow('no archive');
    expect(() => run(check(), '-- PostgreSQL database dump')).toThrow('no archive');
  });
});

describe('a script of pg_dumpall', () => {
  const check = () => new ClusterDumpCheck('pg_dumpall');

  test('is known by its end, however it is cut', () => {
    const end = '-- PostgreSQL database cluster dump complete\n--\n\n\\unrestrict x\n';
    expect(() => run(check(), '--\n', end)).not.toThrow();
    expect(() => run(check(), ...`${'x'.repeat(5000)}${end}`)).not.toThrow();
  });

  test('is not nothing, and no half', () => {
    expect(() => run(check())).toThrow('wrote nothing');
    expect(() => run(check(), '-- PostgreSQL database cluster dump\nCREATE ROLE x;\n')).toThrow('without its end');
  });
});

function run(check: Check, ...chunks: readonly string[]): void {
  for (const chunk of chunks) check.add(Buffer.from(chunk));
  check.end();
}
