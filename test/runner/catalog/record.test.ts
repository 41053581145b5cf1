import { ExitCode } from '../../../src/contract/exit-code';
import { parseRecord, renderRecord } from '../../../src/runner/catalog/record';
import { anArtifact, aRecord } from '../_fixtures';

const id = 'app_20261122_020000';

test('reads what it wrote', () => {
  expect(parseRecord(`${id}.json`, renderRecord(aRecord(id)))).toEqual(aRecord(id));
  const safety = aRecord(id, { suspect: 'x', safety: { before: 'app_20261121_020000', rollback: true } });
  expect(parseRecord(`${id}.json`, renderRecord(safety))).toEqual(safety);
});

test('keeps the shape that released runners read', () => {
  expect(renderRecord(aRecord(id))).toMatchInlineSnapshot(`
"{
  "version": 1,
  "id": "app_20261122_020000",
  "name": "app",
  "source": {
    "engine": "sqlite",
    "serverVersion": "3.53.4",
    "address": "/data/app.db",
    "database": null
  },
  "startedAt": "2026-11-22T02:00:00.000Z",
  "finishedAt": "2026-11-22T02:00:05.000Z",
  "tools": {
    "cdk8s-backup": "0.1.0"
  },
  "artifacts": [
    {
      "file": "app_20261122_020000.db.zst",
      "role": "data",
      "database": null,
      "bytes": 3,
      "sha256": "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
      "compression": {
        "algorithm": "zstd",
        "level": 3,
        "where": "outside"
      },
      "plainBytes": 100,
      "counts": {
        "precision": "exact",
        "unit": "rows",
        "items": {
          "t": 3
        }
      }
    }
  ],
  "stores": [
    "volume"
  ],
  "suspect": null
}
"
`);
});

test.each([
  ['no JSON', '{', 'it is not JSON'],
  ['another version', JSON.stringify({ ...aRecord(id), version: 2 }), 'it has version 2, this runner reads version 1'],
  ['a missing field', JSON.stringify({ ...aRecord(id), stores: undefined }), 'stores: '],
  ['the record of another backup', renderRecord(aRecord('app_20261121_020000')), 'it is of another backup, app_20261121_020000'],
  ['no artifact', renderRecord(aRecord(id, { artifacts: [] })), 'artifacts: '],
  ['a file of another backup', renderRecord(aRecord(id, { artifacts: [anArtifact(id, { file: 'app_20261121_020000.db' })] })), 'which is none of this backup'],
  ['a file elsewhere', renderRecord(aRecord(id, { artifacts: [anArtifact(id, { file: '../../etc/passwd' })] })), 'which is none of this backup'],
  ['a file below', renderRecord(aRecord(id, { artifacts: [anArtifact(id, { file: `${id}.x/../../y` })] })), 'which is none of this backup'],
  ['negative bytes', renderRecord(aRecord(id, { artifacts: [anArtifact(id, { bytes: -1 })] })), 'artifacts.0.bytes'],
  ['a short digest', renderRecord(aRecord(id, { artifacts: [anArtifact(id, { sha256: 'abc' })] })), 'artifacts.0.sha256'],
])('fails on %s', (_case, json, message) => {
  const parse = () => parseRecord(`${id}.json`, json);
  expect(parse).toThrow(message);
  expect(parse).toThrow(`the record ${id}.json can't be read`);
  expect(parse).toThrow(expect.objectContaining({ exitCode: ExitCode.CORRUPT }));
});
