import { scenarioIn } from '../../../src/runner/rehearsal/scenario';
import { touchedBy } from '../../../src/runner/rehearsal/touched';

const page = (promised: string, about = ' about="shop"') => `# Runbook

| you see | go to | promised |
|---|---|---|
| rows \\| are wrong | [Data are wrong or gone](#data-are-wrong-or-gone) | ${promised} |

## Data are wrong or gone

\`\`\`sh${about}
kubectl -n shop get pods
\`\`\`

### Restore users

\`\`\`sh about="users"
true
\`\`\`
`;

test.each([
  ['shop: 1 day lost at most; users: back within 1 hour', undefined, 'shop: 1 day lost at most; users: back within 1 hour'],
  ['shop: 1 day lost at most; users: back within 1 hour', 'users', 'users: back within 1 hour'],
  ['shop: 1 day lost at most', 'users', null],
  ['nothing', undefined, null],
  ['', undefined, null],
  ['[Promises and their arithmetic](#promises-and-their-arithmetic)', 'users', 'see "Promises and their arithmetic" in the page'],
])('of the promise %j for the backup %s it tells %j', (promised, database, told) => {
  expect(scenarioIn(page(promised), 'RUNBOOK.md', 'corruption', database).promised).toBe(told);
});

test('a page of another kind, and one of a version that marked nothing, are refused', () => {
  expect(() => scenarioIn('# Shop\n', 'README.md', 'corruption', undefined)).toThrow('README.md is no runbook');
  const unmarked = page('').replaceAll(/ about="\w+"/g, '');
  expect(() => scenarioIn(unmarked, 'RUNBOOK.md', 'corruption', undefined)).toThrow('synthesize it with this version of cdk8s-backup');
});

test.each<[string, readonly (string | undefined)[]]>([
  ['kubectl -n shop get pods\nkubectl -n data get pods', ['shop', 'data']],
  ['kubectl get pods', [undefined]],
  ['kubectl get nodes', []],
  ['echo "$(kubectl -n shop get pods -o name | tail -n 1)"', ['shop']],
  ['kubectl -n shop create job x --from=cronjob/y --dry-run=client -o yaml \\\n  | kubectl patch --local -f - -p x \\\n  | kubectl create -f -', ['shop', undefined]],
  ['cat x | kubectl apply -f -', [undefined]],
])('%j reaches the namespaces %j', (code, namespaces) => {
  expect(touchedBy(code)).toMatchObject({ namespaces, unknown: null });
});

test.each([
  ['kubectl get pods --namespace shop'], ['kubectl -n shop get pods -A'], ['kubectl --context production -n shop get pods'], ['kubectl get pods -n shop'],
  ['npx cdk8s-backup restore --yes --manifest x.yaml --job y'], ['npx cdk8s-backup rollback'],
])('of %j nobody can tell where it leads: it is left out', code => {
  expect(touchedBy(code).unknown).not.toBeNull();
});
