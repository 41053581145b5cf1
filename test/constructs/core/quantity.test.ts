import { canonicalQuantity } from '../../../src/constructs/core/quantity';

// As Kubernetes' own parser writes them; test/cluster/applied.test.ts asks it.
test.each([
  ['1024Mi', '1Gi'], ['10240Mi', '10Gi'], ['1536Mi', '1536Mi'], ['1.5Gi', '1536Mi'], ['0.5Ki', '512'], ['1000Mi', '1000Mi'], ['1048576Ki', '1Gi'], ['1024Ei', '1024Ei'],
  ['1000m', '1'], ['100m', '100m'], ['1500m', '1500m'], ['0.1', '100m'], ['2', '2'], ['2.0', '2'], ['1000', '1k'], ['1000M', '1G'], ['1000000', '1M'], ['1024', '1024'],
  ['0', '0'], ['0Mi', '0'], ['1e3', '1e3'], ['-1Gi', '-1Gi'], ['', ''], ['much', 'much'], [2, '2'], [undefined, undefined],
])('%j is stored as %j', (written, stored) => {
  expect(canonicalQuantity(written)).toBe(stored);
});
