import { createReporter } from '../../../src/runner/core/reporter';
import { ApiError, KubernetesApi } from '../../../src/runner/kubernetes/api';
import { RestoredOnce } from '../../../src/runner/kubernetes/restored-once';
import { capture } from '../_fixtures';

/* What a real API server does not do on demand. The rest is in test/integration/restore/once.test.ts. */
const config = { namespace: 'shop', configMap: 'db-restore-restored', key: 'abc' };
const note = { id: 'orders_20261122_020000', target: 'database orders', at: '2026-11-22T03:00:00.000Z' };

test('a note that the server does not take, after the restore, is no failure, and says what to do now', async () => {
  const log = capture();
  const api: KubernetesApi = {
    send: ({ method }) => method === 'GET' ? Promise.resolve({ metadata: { uid: 'u' } }) : Promise.reject(new ApiError(403, 'the Kubernetes API refuses PATCH')),
  };
  const said = await new RestoredOnce(config, api, createReporter(log), 'job-1').note(note, AbortSignal.abort());
  expect(said).toMatch(/can't be noted in the ConfigMap db-restore-restored in the namespace shop .*restores again.*take it out of the app now \(the Kubernetes API refuses PATCH/);
  expect(log.text()).toContain('restore.unnoted');
});

test('a run that is told to stop still writes its note', async () => {
  const written: unknown[] = [];
  const api: KubernetesApi = {
    send: ({ method, body }, signal) => {
      signal.throwIfAborted();
      if (method === 'PATCH') written.push(body);
      return Promise.resolve({ metadata: { uid: 'u' } });
    },
  };
  expect(await new RestoredOnce(config, api, createReporter(capture()), 'job-1').note(note, AbortSignal.abort())).toBeNull();
  expect(written).toEqual([{ data: { abc: JSON.stringify({ ...note, run: 'job-1', configMap: 'u' }) } }]);
});
