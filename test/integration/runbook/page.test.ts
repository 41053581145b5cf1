import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { synthExample } from '../../_example';
import { LAYOUT } from '../exporter/_layout';
import { tempDir } from '../servers/_process';
import { Chromium, startChromium, View } from '../servers/chromium';

/* The HTML of a runbook in a real browser without a network: on screens, light and dark, and on paper. CDK8S_BACKUP_SCREENSHOTS=DIR keeps what was seen. */

/** Pictures that pages show. */
const IN_DOCS = ['desktop-light', 'phone-dark'];

/** A4 without its margins of 15 mm, in pixels of CSS. */
const PAPER = { width: 680, height: 1009 };

let chromium: Chromium;
let url: string;
let html: string;

beforeAll(async () => {
  html = synthExample('whispercache')['RUNBOOK.html']!;
  const file = path.join(tempDir('runbook'), 'runbook.html');
  writeFileSync(file, html);
  url = pathToFileURL(file).href;
  chromium = await startChromium();
});

afterAll(() => chromium?.stop());

function keep(name: string, content: Buffer): void {
  const folder = process.env.CDK8S_BACKUP_SCREENSHOTS;
  if (folder === undefined) return;
  mkdirSync(folder, { recursive: true });
  writeFileSync(path.join(folder, name), content);
}

test.each<[name: string, view: View]>([
  ['phone-light', { width: 350, height: 740, scheme: 'light' }],
  ['phone-dark', { width: 390, height: 844, scheme: 'dark' }],
  ['desktop-light', { width: 1280, height: 900, scheme: 'light' }],
  ['desktop-dark', { width: 1280, height: 900, scheme: 'dark' }],
])('pictures for docs: on a %s everything is seen without moving sideways, and stands out from what is behind it', async (name, view) => {
  const { console, overflow, value, screenshot } = await chromium.look(url, { ...view, windowOnly: true }, LAYOUT);
  if (IN_DOCS.includes(name)) keep(`runbook-${name}.png`, screenshot);
  expect({ console, overflow, value }).toEqual({ console: [], overflow: 0, value: expect.objectContaining({ clipped: [], faint: [] }) });
});

test('pictures for docs: on paper the first page has every emergency, nothing is cut off at the right or torn, and it is black on white', async () => {
  const { overflow, value, pdf } = await chromium.look(url, { ...PAPER, scheme: 'dark', windowOnly: true, print: true }, `(() => {
    const scenarios = [...document.querySelectorAll('table')[0].querySelectorAll('tbody tr')].map(row => ({ name: row.cells[1].innerText, bottom: row.getBoundingClientRect().bottom }));
    const { color, backgroundColor } = getComputedStyle(document.body);
    const torn = [...document.querySelectorAll('th, td')].flatMap(cell => wordsOf(cell).filter(({ word, lines }) => lines > 1 && word.length <= 12).map(({ word }) => word));
    const alone = [...document.querySelectorAll('pre')].map(pre => pre.previousElementSibling).filter(before => before?.matches('p') && getComputedStyle(before).breakAfter !== 'avoid').map(({ innerText }) => innerText);
    return { scenarios, color, backgroundColor, torn, alone };
    function wordsOf(cell) {
      const texts = document.createTreeWalker(cell, NodeFilter.SHOW_TEXT), words = [];
      for (let text; (text = texts.nextNode());) {
        for (const { 0: word, index } of text.data.matchAll(/\\w+/g)) {
          const range = document.createRange();
          range.setStart(text, index);
          range.setEnd(text, index + word.length);
          words.push({ word, lines: new Set([...range.getClientRects()].map(({ top }) => top)).size });
        }
      }
      return words;
    }
  })()`);
  const { scenarios, ...others } = value as { readonly scenarios: readonly { readonly name: string; readonly bottom: number }[] };
  expect(scenarios.map(({ name }) => name)).toEqual([...html.matchAll(/<td data-title="go to"><a href="#[^"]+">([^<]+)<\/a>/g)].map(([, name]) => name));
  expect(scenarios.length).toBeGreaterThan(9);
  expect(Math.max(...scenarios.map(({ bottom }) => bottom))).toBeLessThan(PAPER.height);
  expect({ overflow, ...others }).toEqual({ overflow: 0, color: 'rgb(0, 0, 0)', backgroundColor: 'rgb(255, 255, 255)', torn: [], alone: [] });
  keep('runbook.pdf', pdf);
  expect(pdf.subarray(0, 5).toString()).toBe('%PDF-');
  expect(pdf.toString('latin1').match(/\/Type\s*\/Page\b/g)!.length).toBeGreaterThan(10);
});
