import fc from 'fast-check';
import { ExitCode } from '../../../../src/contract/exit-code';
import { RESTORED_LABEL } from '../../../../src/contract/run';
import { RunnerError } from '../../../../src/runner/core/errors';
import { differences, isMadeByOthers, parseObjects, portable, PortableObject, renderObjects } from '../../../../src/runner/engines/kubernetes/portable-objects';

const words = fc.stringMatching(/^[a-z]([a-z0-9-]{0,20}[a-z0-9])?$/);
const texts = fc.dictionary(fc.stringMatching(/^[-._a-zA-Z0-9]{1,30}$/).filter(key => key !== '__proto__'), fc.string({ unit: 'grapheme', maxLength: 60 }), { maxKeys: 5 });
const object: fc.Arbitrary<PortableObject> = fc.record({
  kind: fc.constantFrom('Secret' as const, 'ConfigMap' as const),
  name: words,
  labels: texts,
  annotations: texts,
  data: texts,
  binaryData: texts,
  immutable: fc.option(fc.boolean(), { nil: undefined }),
}).map(({ kind, name, labels, annotations, data, binaryData, immutable }) => portable(kind, {
  metadata: { name, namespace: 'shop', labels, annotations, resourceVersion: '7' }, data, binaryData, immutable,
}));

test('what is written is read again, whatever the values are, and is the same in whatever order it came', () => {
  fc.assert(fc.property(fc.uniqueArray(object, { maxLength: 6, selector: ({ kind, metadata: { name } }) => `${kind} ${name}` }), objects => {
    const yaml = renderObjects(objects);
    expect(renderObjects([...objects].reverse())).toBe(yaml);
    const read = parseObjects(yaml, 'the file');
    expect(read).toHaveLength(objects.length);
    expect(renderObjects(read)).toBe(yaml);
    for (const one of objects) {
      const same = read.find(({ kind, metadata: { name } }) => kind === one.kind && name === one.metadata.name)!;
      expect(same).toEqual(one);
      expect(differences(one, same)).toEqual([]);
    }
  }), { numRuns: 300 });
});

test('what belongs to the cluster is left out', () => {
  const stored: any = {
    metadata: {
      name: 'db',
      namespace: 'shop',
      uid: 'u',
      resourceVersion: '1',
      creationTimestamp: 't',
      managedFields: [{}],
      ownerReferences: [{}],
      annotations: { 'kubectl.kubernetes.io/last-applied-configuration': '{}' },
    },
    type: 'Opaque',
    data: { a: 'MQ==' },
  };
  expect(portable('Secret', stored)).toEqual({ apiVersion: 'v1', kind: 'Secret', metadata: { name: 'db', namespace: 'shop' }, type: 'Opaque', data: { a: 'MQ==' } });
});

test('differences are told by key, without a value', () => {
  const of = (data: { [key: string]: string }, more: object = {}) => portable('Secret', { metadata: { name: 'db', namespace: 'shop', ...more }, data });
  expect(differences(of({ a: 'one', b: 'two' }), of({ b: 'three', c: 'four' }, { labels: { x: 'y' } }))).toEqual(['removes a', 'changes b', 'adds c', 'changes labels']);
});

test.each([
  'kind: Pod\napiVersion: v1\nmetadata: { name: a, namespace: b }\n', 'kind: Secret\n', '- a\n', 'just text', 'a: [', 'a: &x [*x]\n',
  'apiVersion: v1\nkind: Secret\nmetadata: { name: a, namespace: b, ownerReferences: [] }\n',
  'apiVersion: v1\nkind: Secret\nmetadata: { name: a, namespace: b }\ndata: { a: 1 }\n',
])('refuses %j', text => {
  expect(() => parseObjects(text, 'the file')).toThrow(expect.objectContaining({ exitCode: ExitCode.CORRUPT }));
});

test('never says what was in a file that it can\'t read', () => {
  fc.assert(fc.property(fc.string({ maxLength: 200 }), text => {
    try {
      parseObjects(`secret: hunter2\n${text}`, 'the file');
    } catch (error) {
      expect(error).toBeInstanceOf(RunnerError);
      expect((error as Error).message).not.toContain('hunter2');
    }
  }));
});

test('notes of restores are in no backup: they are about the data of one cluster', () => {
  const metadata = { name: 'db-restore-restored', namespace: 'shop' };
  expect(isMadeByOthers('ConfigMap', { metadata: { ...metadata, labels: { [RESTORED_LABEL]: 'true' } } })).toBe(true);
  expect(isMadeByOthers('ConfigMap', { metadata })).toBe(false);
});
