import { REPLACED_ANNOTATION, REPLICAS_ANNOTATION, RESTORED_ANNOTATION, toStart } from '../../../src/runner/kubernetes/workload';

const AT = '2026-11-22T02:00:00.000Z';
const MARK = 'job-1 app_20261122_020000';

function workload(replicas: number, annotations: { readonly [name: string]: string }) {
  return { metadata: { generation: 2, resourceVersion: '7', annotations }, spec: { replicas, selector: {}, template: { spec: {} } } };
}

const replaced = { spec: { template: { metadata: { annotations: { [REPLACED_ANNOTATION]: AT } } } } };

test('a workload that is still at zero gets its replicas back, and its pods need not be replaced', () => {
  const change = toStart(workload(0, { [REPLICAS_ANNOTATION]: '2' }), MARK, AT);
  expect(change).toMatchObject({ replicas: 2, replacesPods: false });
  expect(change!.body).toEqual({ metadata: { resourceVersion: '7', annotations: { [REPLICAS_ANNOTATION]: null, [RESTORED_ANNOTATION]: MARK } }, spec: { replicas: 2 } });
});

test('one that somebody has scaled up in the middle of a restore keeps that number, and its pods are replaced', () => {
  const change = toStart(workload(3, { [REPLICAS_ANNOTATION]: '2' }), null, AT);
  expect(change).toMatchObject({ replicas: 3, replacesPods: true, body: { spec: { replicas: 3, ...replaced.spec } } });
});

test('also where a controller has put the whole object back, without the annotation', () => {
  expect(toStart(workload(3, {}), MARK, AT)).toMatchObject({ replicas: 3, replacesPods: true, body: replaced });
});

test('pods stay where nothing was restored, and where this run has started them already', () => {
  expect(toStart(workload(3, { [REPLICAS_ANNOTATION]: '2' }), null, null)).toMatchObject({ replicas: 3, replacesPods: false, body: { spec: { replicas: 3 } } });
  expect(toStart(workload(3, { [RESTORED_ANNOTATION]: MARK }), MARK, AT)).toBeUndefined();
});
