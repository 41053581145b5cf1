import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

const FOLDER = path.join(__dirname, '..', '..', 'docs', 'reference', 'api');
const pages = new Map(readdirSync(FOLDER).map(name => [name, readFileSync(path.join(FOLDER, name), 'utf8')]));

test('every link of a page leads to the place that it names', () => {
  // `npx projen build` writes the pages anew.
  const links = [...pages.values()].flatMap(text => [...text.matchAll(/href="([^"]+)"|\]\(([^)]+\.md[^)]*)\)/g)].map(([, html, markdown]) => html ?? markdown));
  const dead = links.filter(link => {
    const [page, anchor] = link.split('#');
    return !(pages.get(page)?.includes(anchor === undefined ? '' : ` id="${anchor}"`) ?? false);
  });
  expect([...new Set(dead)]).toEqual([]);
  expect(links.length).toBeGreaterThan(1000);
});

test('the index has every type that has a page', () => {
  const types = [...pages].filter(([name]) => name !== 'README.md').flatMap(([, text]) => [...text.matchAll(/^## (\w+) /gm)].map(([, type]) => type));
  expect(types.filter(type => !pages.get('README.md')!.includes(`[\`${type}\`](`))).toEqual([]);
  expect(types.length).toBeGreaterThan(50);
});
