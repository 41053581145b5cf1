import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { actionlint } from './_actionlint';
import { ROOT } from '../pages';

/* Nothing here can run the workflows of GitHub. They are read as GitHub reads them: keys, expressions, jobs that need each other, and scripts by shellcheck. */

const FOLDER = path.join(ROOT, '.github', 'workflows');
const WORKFLOWS = Object.fromEntries(readdirSync(FOLDER).map(file => [file, readFileSync(path.join(FOLDER, file), 'utf8')]));

test('the workflows are what GitHub takes', async () => {
  expect(await actionlint(WORKFLOWS)).toBe('');
});

test.each([
  ['a job that is not there', 'release.yml', (text: string) => text.replace('needs: image', 'needs: picture'), /"picture"/],
  ['an output that nobody sets', 'release.yml', (text: string) => text.replace('needs.image.outputs.digest', 'needs.image.outputs.sum'), /property "sum" is not defined/],
  ['a script with an error', 'image.yml', (text: string) => text.replace('version=${TAG#v}', 'version=${TAG#v'), /shellcheck/],
])('%s is found', async (_, file, change, finding) => {
  expect(await actionlint({ ...WORKFLOWS, [file]: change(WORKFLOWS[file]!) })).toMatch(finding);
});
