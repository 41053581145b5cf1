/*
 * Writes docs/reference/api: a page for each file of the constructs that is public, and an index of all types. `npx projen build` runs it after the
 * compiler, out of whose assembly (`.jsii`) it reads.
 */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { ApiReferenceSchema, Documentable, Documentation, JsiiEntity, Language, MarkdownDocument, MarkdownRenderer } from 'jsii-docgen';

const ROOT = path.join(__dirname, '..', '..');
const FOLDER = path.join(ROOT, 'docs', 'reference', 'api');
const NOTE = '<!-- Written by `npx projen docgen` from the comments in src/constructs. -->';

/** What the index calls the folders of src/constructs, in its order. */
const TOPICS: Readonly<Record<string, string>> = {
  plan: 'From a promise to all that keeps it',
  backup: 'Backups',
  restore: 'Restores',
  drill: 'Drills',
  engines: 'Databases, and how they are restored',
  stores: 'Stores',
  parts: 'Stores',
  recovery: 'Objectives and retention',
  exporter: 'Status page and metrics',
  alerts: 'Alerts',
  runbook: 'The runbook',
  bucket: 'Lifecycle and policies of a bucket',
  pod: 'The pod of the runner',
};

interface Type {
  readonly name: string;
  readonly summary: string;
  readonly topic: string;
  readonly page: string;
  readonly text: string;
}

/** The pages, by their names. */
export async function apiPages(): Promise<Map<string, string>> {
  const types = await allTypes();
  const pages = new Map([['README.md', index(types)]]);
  for (const page of new Set(types.map(type => type.page))) {
    const onPage = types.filter(type => type.page === page);
    pages.set(page, `${NOTE}\n\n[All types](README.md)\n\n${onPage.map(type => type.text).join('\n')}`.replace(/\n+$/, '\n'));
  }
  return pages;
}

async function allTypes(): Promise<Type[]> {
  const documentation = await Documentation.forProject(ROOT);
  const { apiReference, metadata } = (await documentation.toJson({ language: Language.TYPESCRIPT, allSubmodules: true })).content;
  const sources = sourcesByType();
  const pageOf = (name: string) => `${path.basename(sourceOf(sources, name)).replace(/-props$/, '')}.md`;
  const renderer = new MarkdownRenderer({
    ...metadata,
    language: Language.TYPESCRIPT,
    linkFormatter: type => type.packageName === metadata.packageName ? `<a href="${pageOf(topLevel(type))}#${type.id}">${type.displayName}</a>` : type.fqn,
  });
  return documents(renderer, apiReference!).map(({ name, summary, document }) => ({
    name,
    summary,
    topic: sourceOf(sources, name).split('/')[2],
    page: pageOf(name),
    // Sections that every type has, such as "Properties", would have the same anchor each time.
    text: document.render(2).replace(/ <a name="[^"]*" id="(?!cdk8s-backup\.)[^"]*"><\/a>$/gm, ''),
  }));
}

/** Constructs come first on their page, then classes, and then what they take. */
function documents(renderer: MarkdownRenderer, { constructs, classes, interfaces, enums, structs }: ApiReferenceSchema) {
  const all = <T extends Documentable & { readonly displayName: string }>(types: readonly T[], visit: (type: T) => MarkdownDocument) =>
    types.map(type => ({ name: type.displayName, summary: type.docs.summary ?? '', document: visit(type) }));
  return [
    ...all(constructs, type => renderer.visitConstruct(type)),
    ...all(classes, type => renderer.visitClass(type)),
    ...all(interfaces, type => renderer.visitInterface(type)),
    ...all(enums, type => renderer.visitEnum(type)),
    ...all(structs, type => renderer.visitStruct(type)),
  ];
}

/** The name of the type that a property, a method or a type belongs to. */
function topLevel({ id, packageName }: JsiiEntity): string {
  return id.slice(packageName.length + 1).split('.')[0];
}

/** Where each type is defined, such as `src/constructs/backup/backup-cron-job`. */
function sourcesByType(): Map<string, string> {
  const { types } = JSON.parse(readFileSync(path.join(ROOT, '.jsii'), 'utf8')) as { types: Record<string, { name: string; symbolId: string }> };
  return new Map(Object.values(types).map(({ name, symbolId }) => [name, symbolId.split(':')[0]]));
}

function sourceOf(sources: ReadonlyMap<string, string>, name: string): string {
  const source = sources.get(name);
  if (source === undefined) throw new Error(`.jsii has no type ${name}: compile first`);
  return source;
}

function index(types: readonly Type[]): string {
  const unknown = types.find(({ topic }) => TOPICS[topic] === undefined);
  if (unknown !== undefined) throw new Error(`${unknown.name} is in src/constructs/${unknown.topic}, of which the index of the API has no title: add it to TOPICS`);
  const sections = [...new Set(Object.values(TOPICS))].map(title => {
    const ofTopic = types.filter(({ topic }) => TOPICS[topic] === title);
    return [`## ${title}`, '', '| type | |', '|---|---|', ...ofTopic.map(({ name, page, summary }) =>
      `| [\`${name}\`](${page}#cdk8s-backup.${name}) | ${summary.replace(/\s*\n\s*/g, ' ').replaceAll('|', '\\|')} |`)].join('\n');
  });
  return `${NOTE}\n\n# API\n\nHere is every type of the package with all its properties, in TypeScript. Other languages have the same types.\n\n${sections.join('\n\n')}\n`;
}

if (require.main === module) {
  void apiPages().then(pages => {
    rmSync(FOLDER, { recursive: true, force: true });
    mkdirSync(FOLDER, { recursive: true });
    for (const [name, text] of pages) writeFileSync(path.join(FOLDER, name), text);
  });
}
