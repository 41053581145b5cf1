/*
 * The headings of a runbook that others lead to: the constructs write it, and the status page links to the section of what is wrong. Sections on alerts
 * have the names of the alerts.
 */

/** Below it is how a backup of this name is restored. */
export function restoreHeading(name: string): string {
  return `Restore ${name}`;
}

/** How sites that show Markdown call a heading in links, and how the HTML of a runbook does. */
export function slug(heading: string): string {
  return heading.toLowerCase().replace(/[^\p{L}\p{N} _-]/gu, '').replaceAll(' ', '-');
}
