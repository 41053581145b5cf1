/*
 * What others than the constructs, which write it, know of a runbook: the headings that the status page links to, those of the emergencies that `rehearse`
 * plays, and the marks of commands that it does not play. Sections on alerts have the names of the alerts.
 */

/** The headings of the emergencies, by the names under which they are rehearsed; in the order of the first page. */
export const SCENARIOS = {
  'corruption': 'Data are wrong or gone',
  'dropped-table': 'A table was dropped',
  'migration': 'A migration went wrong',
  'pod': 'A pod is lost',
  'node': 'A node is lost',
  'zone': 'A zone is lost',
  'region': 'A region is lost',
  'cluster': 'The cluster is lost',
  'credentials': 'Credentials are leaked',
  'key': 'A key is lost',
  'ransomware': 'Somebody has deleted or encrypted things',
} as const;

export type ScenarioName = keyof typeof SCENARIOS;

/** Below it is how a backup of this name is restored. */
export function restoreHeading(name: string): string {
  return `Restore ${name}`;
}

/** How sites that show Markdown call a heading in links, and how the HTML of a runbook does. */
export function slug(heading: string): string {
  return heading.toLowerCase().replace(/[^\p{L}\p{N} _-]/gu, '').replaceAll(' ', '-');
}

/** What is known of a block of commands beyond what is typed. It stands behind the language of the fence, where no site shows it. */
export interface CommandMarks {
  /** Why a rehearsal leaves it out; absent: it is played. */
  readonly skip?: string;
  /** The only backup that it is about, as headings call it; absent: it is about several, or about none. */
  readonly about?: string;
}

/** What stands behind the fence of a block: `sh skip="…" about="…"`. */
export function fenceInfo(language: string, { skip, about }: CommandMarks): string {
  const mark = (name: string, value: string | undefined) => value === undefined ? '' : ` ${name}="${value.replace(/[%"`\n]/g, encodeURIComponent)}"`;
  return language + mark('skip', skip) + mark('about', about);
}

/** The marks in what {@link fenceInfo} has written. */
export function marksIn(info: string): CommandMarks {
  return Object.fromEntries([...info.matchAll(/ (skip|about)="([^"]*)"/g)].map(([, name, value]) => [name, decodeURIComponent(value!)]));
}

/** A namespace with this label, `true`, may be destroyed by whoever rehearses. */
export const REHEARSAL_LABEL = 'cdk8s-backup/rehearsal';
