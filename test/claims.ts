import { readFileSync } from 'node:fs';
import path from 'node:path';

/*
 * What README and docs say of Kubernetes, sentence by sentence, and what test/cluster/claims.md says of each: which test plays it, or why none does.
 * Their other commands are in test/docs-commands.md, in the same form.
 */

/** By which a sentence is taken for one about Kubernetes. In lower case where it may begin a sentence as well. */
const WORDS = new RegExp(`\\b(?:${[
  'kubectl', 'kubelet', 'Kubernetes', 'clusters?', '[Nn]amespaces?', '[Pp]ods?', 'Pod Security', '[Cc]ontainers?', 'sidecars?', 'emptyDir', 'evict(?:ed|ions?)',
  'Jobs?', 'CronJobs?', 'podFailurePolicy', 'Deployments?', 'StatefulSets?', 'HorizontalPodAutoscalers?', 'replicas', 'workloads', 'application is (?:stopped|started)',
  'Services?', 'NetworkPolic(?:y|ies)', 'Roles?', 'RoleBindings?', 'ServiceAccounts?', 'Secrets?', 'ConfigMaps?', 'PrometheusRules?', 'ServiceMonitors?',
  '[Cc]laims?', 'ReadWriteOnce', 'fsGroup', 'Argo CD', 'Flux', 'GitOps',
].join('|')})\\b`);

/** The sentences of a Markdown text, its rows of tables, and its shell commands, each on one line. Other code, headings and heads of tables are left out. */
export function sentences(markdown: string): string[] {
  const all: string[] = [];
  const text = markdown.replace(/^```([^`\n]*)\n([^]*?)^```$/gm, (_block, language: string, code: string) => {
    if (language === 'sh' || language === 'bash') all.push(...commands(code));
    return '\n\n';
  });
  for (const paragraph of text.split(/\n\s*\n/)) {
    const items = paragraph.replace(/^\|.*\n\|[-|]+$/gm, '').split(/\n(?=- |\d\. |\||#)/).map(item => item.replace(/\s*\n\s*/g, ' ').trim());
    for (const item of items) {
      if (item.startsWith('|')) all.push(item);
      else if (item !== '' && !item.startsWith('#')) all.push(...item.replace(/^(?:- |\d\. )/, '').split(/(?<=[.!?][)*]*) (?=[A-Z`*"(])/));
    }
  }
  return all;
}

/** The commands of a block, without comments. One goes on after a backslash, and until its quotes are closed. */
export function commands(code: string): string[] {
  const lines = code.replace(/^#.*\n/gm, '').replace(/ +# [^'"\n]*$/gm, '').replace(/\\\n\s*/g, '').trimEnd().split('\n');
  return lines.reduce<string[]>((before, line) => {
    const last = before.at(-1);
    const isOpen = last !== undefined && (last.match(/'/g) ?? []).length % 2 === 1;
    return isOpen ? [...before.slice(0, -1), last + line.trim()] : [...before, line];
  }, []).filter(line => line !== '');
}

export const isAboutKubernetes = (sentence: string) => WORDS.test(sentence);

/** What claims.md says of a sentence, or docs-commands.md of a command. */
export interface Claim {
  readonly says: string;
  /** What plays it. */
  readonly test?: { readonly file: string; readonly title: string };
  /** Why nothing does. */
  readonly whyNone?: string;
}

export function readClaims(file = path.join('cluster', 'claims.md')): Claim[] {
  let testFile = '';
  let title = '';
  const claims: Claim[] = [];
  for (const line of readFileSync(path.join(__dirname, file), 'utf8').split('\n')) {
    if (line.startsWith('## ')) testFile = line.slice('## '.length);
    if (line.startsWith('### ')) title = line.slice('### '.length);
    if (line.startsWith('- ')) claims.push({ says: line.slice('- '.length), ...testFile === 'No test' ? { whyNone: title } : { test: { file: testFile, title } } });
  }
  return claims;
}

/** Whether a text of TypeScript has a test of this title, which is not skipped. */
export function hasTest(source: string, title: string): boolean {
  const literals = [`'${title.replaceAll("'", "\\'")}'`, `"${title}"`];
  return literals.some(literal => ['test(', ')('].some(before => source.includes(`${before}${literal}, `)));
}
