import { ArchiveEntry } from './restore-archive';
import { ServerState } from './restore-server';

/** What hosted services give instead of a superuser; it may make most of what only a superuser may make elsewhere, and only they know what. */
const HOSTED = ['rds_superuser', 'cloudsqlsuperuser', 'azure_pg_admin', 'alloydbsuperuser'];
/** Since 16. */
const MAY_SUBSCRIBE = 'pg_create_subscription';
const SUPERUSERS_ONLY = [
  'ACCESS METHOD', 'EVENT TRIGGER', 'FOREIGN DATA WRAPPER', 'OPERATOR CLASS', 'OPERATOR FAMILY', 'PROCEDURAL LANGUAGE', 'TEXT SEARCH PARSER', 'TEXT SEARCH TEMPLATE',
];
const FUNCTIONS = ['FUNCTION', 'PROCEDURE', 'AGGREGATE'];
/** Languages whose functions do whatever the server's operating system lets them. */
const UNTRUSTED = /^(c|internal|pl\w+u)$/;

/** Whether the role may make what only superusers may make, as far as that can be known. */
export function actsAsSuperuser({ superuser, roles }: Pick<ServerState, 'superuser' | 'roles'>): boolean {
  return superuser || roles.some(({ name, member }) => HOSTED.includes(name) && member);
}

/** What of an archive a role that is no superuser can't make, named as people do: `event trigger audit`. */
export function superusersOnly(entries: readonly ArchiveEntry[], { roles }: Pick<ServerState, 'roles'>): string[] {
  const maySubscribe = roles.some(({ name, member }) => name === MAY_SUBSCRIBE && member);
  return entries.filter(entry => needsSuperuser(entry, maySubscribe)).map(({ type, schema, tag, definition }) => {
    const language = FUNCTIONS.includes(type) ? ` in the language ${languageOf(definition)}` : '';
    return `${type.toLowerCase()} ${schema === '' ? '' : `${schema}.`}${tag}${language}`;
  });
}

function needsSuperuser({ type, definition }: ArchiveEntry, maySubscribe: boolean): boolean {
  switch (type) {
    case 'PUBLICATION': return / FOR ALL TABLES/.test(definition);
    case 'PUBLICATION TABLES IN SCHEMA': return true;
    case 'SUBSCRIPTION': return !maySubscribe;
    case 'TYPE': return /^\s+INPUT = /m.test(definition);
    case 'CAST': return /\) WITHOUT FUNCTION/.test(definition);
    default: return SUPERUSERS_ONLY.includes(type) || (FUNCTIONS.includes(type) && UNTRUSTED.test(languageOf(definition)));
  }
}

/** The line with the language stands before the body, which may have anything in it. */
function languageOf(definition: string): string {
  return /^ {4}LANGUAGE (\S+)/m.exec(definition)?.[1]?.replaceAll('"', '') ?? 'sql';
}
