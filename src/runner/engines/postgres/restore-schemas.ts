/*
 * Whoever is no superuser gives something to its owner only if that owner may create in the schema that it is in. Rights that the backup has
 * for schemas come last, so what counts is to whom the schema belongs.
 */
import { PostgresClient } from './client';
import { quoted } from './errors';
import { ArchiveHead } from './restore-archive';
import { Facts, restoredOf } from './restore-findings';
import { literals } from './restore-sql';
import { ExitCode } from '../../../contract/exit-code';
import { Obstacle } from '../../core/obstacle';

/** What has an owner of its own, and is in a schema. */
const OWNED = [
  'AGGREGATE', 'COLLATION', 'CONVERSION', 'DOMAIN', 'FOREIGN TABLE', 'FUNCTION', 'MATERIALIZED VIEW', 'OPERATOR', 'OPERATOR CLASS', 'OPERATOR FAMILY', 'PROCEDURE',
  'SEQUENCE', 'STATISTICS', 'TABLE', 'TEXT SEARCH CONFIGURATION', 'TEXT SEARCH DICTIONARY', 'TYPE', 'VIEW',
];
const PUBLIC = 'public';
/** Whoever owns the database at hand; since 14, and from 15 on the owner of `public`. */
const DATABASE_OWNER = 'pg_database_owner';
const EVERYBODY_CREATES_BEFORE = 150_000;

interface Gift {
  readonly schema: string;
  readonly owner: string;
  readonly schemaOwner: string;
}

interface RefusedGift extends Gift {
  /** Whether the owner of the schema is a member of the other one already, so that this can't become one of it. */
  readonly circular: boolean;
}

/** @param databaseOwner of the database that is restored into */
export async function ownersWithoutSchema(
  client: PostgresClient, maintenance: string, databaseOwner: string, facts: Facts, signal: AbortSignal,
): Promise<Obstacle[]> {
  const { config, server, live } = facts;
  const inPlace = config.mode === 'in-place';
  if (server.superuser || (inPlace && (!live?.open || live.bytes === null))) return [];
  const gifts = giftsOf(restoredOf(facts), databaseOwner).filter(({ schema, owner }) =>
    owner !== config.user && (inPlace || schema !== PUBLIC || server.versionNumber >= EVERYBODY_CREATES_BEFORE));
  if (gifts.length === 0) return [];
  const refused = await client.query<RefusedGift[]>(inPlace ? live!.name : maintenance, refusedQuery(gifts, inPlace), signal);
  return refused.map(({ schema, owner, schemaOwner, circular }) => {
    const waysOut = [
      'restore as a superuser',
      ...inPlace && schema === PUBLIC ? [`GRANT CREATE ON SCHEMA ${quoted(schema)} TO ${quoted(owner)}`] : [],
      ...circular ? [] : [`GRANT ${quoted(schemaOwner)} TO ${quoted(owner)}`],
    ];
    return {
      message: `objects of ${owner} in the schema ${schema} can't be given to it by ${config.user}, who is no superuser, since ${owner} may not create in that schema, which belongs to ${schemaOwner}: `
        + waysOut.join(', or '),
      exitCode: ExitCode.DENIED,
    };
  });
}

/** What is given to somebody else than the owner of its schema. Schemas that the archive does not make are known only in place. */
function giftsOf({ entries }: ArchiveHead, databaseOwner: string): Gift[] {
  const schemaOwners = new Map([[PUBLIC, databaseOwner]]);
  for (const { type, tag, owner } of entries) {
    if (type === 'SCHEMA' && owner !== '') schemaOwners.set(tag, owner === DATABASE_OWNER ? databaseOwner : owner);
  }
  const gifts = new Map<string, Gift>();
  for (const { type, schema, owner } of entries) {
    const schemaOwner = schemaOwners.get(schema);
    if (!OWNED.includes(type) || owner === '' || schemaOwner === undefined || owner === schemaOwner) continue;
    gifts.set(JSON.stringify([schema, owner]), { schema, owner, schemaOwner });
  }
  return [...gifts.values()];
}

/** Roles that the restore makes first are not there yet, and get their memberships together with them. */
function refusedQuery(gifts: readonly Gift[], inPlace: boolean): string {
  const granted = inPlace ? `or schema = '${PUBLIC}' and has_schema_privilege(o.oid, '${PUBLIC}', 'create')` : '';
  return `select coalesce(json_agg(json_build_object('schema', schema, 'owner', o.rolname, 'schemaOwner', s.rolname, 'circular', pg_has_role(s.oid, o.oid, 'member'))), '[]')
    from unnest(${literals(gifts.map(({ schema }) => schema))}, ${literals(gifts.map(({ owner }) => owner))}, ${literals(gifts.map(({ schemaOwner }) => schemaOwner))})
      as gift(schema, owner, of_schema)
    join pg_roles o on o.rolname = owner join pg_roles s on s.rolname = of_schema
    where not (pg_has_role(o.oid, s.oid, 'usage') ${granted});`;
}
