import { textsOf } from './_shop-runbook';
import { fenceInfo, marksIn, SCENARIOS } from '../../../src/contract/runbook';
import { below, isShell, Section, sectionsOf } from '../../../src/runner/rehearsal/page';
import { synthExample } from '../../_example';

const page = synthExample('whispercache', { PROFILE: 'development' })['RUNBOOK.md']!;
const sections = sectionsOf(page);
const shell = ({ blocks }: Section) => blocks.filter(isShell);

/** What a rehearsal plays of each section, block by block: `p` is played, `x` is left out. Who changes a line of it has looked at the commands. */
const REVIEWED: { readonly [heading: string]: string } = {
  'Restore whispercache': 'ppppxx', // the last two name another backup
  'Restore redis': 'ppppxx',
  'Restore whispercache-sqlite': 'pppxx',
  'Bring back a table: whispercache': 'ppppp',
  'A migration went wrong': 'ppp',
  'A pod is lost': 'pp',
  'A node is lost': 'p',
  'A zone is lost': 'p',
  'The cluster is lost': 'xxppp', // the namespace, and its Secret
  'Credentials are leaked': 'ppppp',
  'Somebody has deleted or encrypted things': 'pppppppppppp',
  'Go back, or keep it: whispercache': 'xxxxpp',
  'Go back, or keep it: redis': 'xxxxpp',
  'Go back, or keep it: whispercache-sqlite': 'xxxxp',
  'From any machine: whispercache': 'xxxxx',
  'From any machine: redis': 'xxxxx',
  'From any machine: whispercache-sqlite': 'xxxx',
  'Under Compose: whispercache': 'xxxx',
  'Under Compose: redis': 'xxxx',
  'Under Compose: whispercache-sqlite': 'xxxxx',
  'With stock tools: whispercache': 'xxxx',
  'With stock tools: redis': 'xxxx',
  'With stock tools: whispercache-sqlite': 'xxxx',
  'Keep outside of the cluster': 'x',
  'Day to day': 'p',
  'Day to day: whispercache': 'pppppp',
  'Day to day: redis': 'pppppp',
  'Day to day: whispercache-sqlite': 'pppppp',
};

test('of every block of the runbook of an app it is known whether a rehearsal plays it', () => {
  const inAlerts = below(sections, 'Alerts');
  const found = sections.filter(section => shell(section).length > 0 && !inAlerts.includes(section))
    .map(section => [section.heading, shell(section).map(({ info }) => marksIn(info).skip === undefined ? 'p' : 'x').join('')]);
  expect(Object.fromEntries(found)).toEqual(REVIEWED);
});

test('what goes back, removes, or reaches out of the cluster is left out of rehearsals, in every runbook', () => {
  const played = [page, textsOf().markdown].flatMap(sectionsOf).flatMap(shell).filter(({ info }) => marksIn(info).skip === undefined).map(({ code }) => code).join('\n');
  expect(played).not.toMatch(/--rollback|--discard|"rollback"|"discard"|docker |\baws |--break-glass|kubectl create namespace|delete|restore --yes/);
  expect(played).toContain('--from=cronjob/db-restore\n');
});

test('a command that is about one backup says which', () => {
  const names = below(sections, SCENARIOS.ransomware).flatMap(shell).map(({ info }) => marksIn(info).about);
  expect(new Set(names)).toEqual(new Set(['whispercache', 'redis', 'whispercache-sqlite', undefined]));
  expect(below(sections, 'Restore redis').flatMap(shell).map(({ info }) => marksIn(info).about)).toEqual(Array(6).fill('redis'));
});

test('the headings of emergencies are those of the first page, in its order', () => {
  const [, firstPage] = /\| you see \|.*\n\|---.*\n((?:\|.*\n)+)/.exec(page)!;
  const found = [...firstPage!.matchAll(/\[([^\]]+)\]\(#[^)]*\) \| [^|]*\|$/gm)].map(([, heading]) => heading!);
  expect(found).toEqual(Object.values(SCENARIOS).filter(heading => heading !== SCENARIOS.key)); // nothing is sealed
});

test('marks stand behind the language of a fence in Markdown, where no site shows them, and nowhere in the HTML', () => {
  const { markdown, html } = textsOf();
  expect(markdown).toMatch(/^ *```sh skip="[^"`\n]+"(?: about="[^"`\n]+")?$/m);
  for (const reason of new Set(sectionsOf(markdown).flatMap(shell).flatMap(({ info }) => marksIn(info).skip ?? []))) {
    expect(reason).toMatch(/^[\w ,:'-]+$/);
    expect(html).not.toContain(reason);
  }
  expect(html).not.toContain('about=');
});

test('a mark comes back as it was, whatever characters are in it', () => {
  const marks = { skip: 'a "b" `c` 100%\nnext', about: 'shop orders of x' };
  const info = fenceInfo('sh', marks);
  expect(info).not.toMatch(/`|\n/);
  expect(marksIn(info)).toEqual(marks);
  expect(marksIn(fenceInfo('sh', {}))).toEqual({});
});
