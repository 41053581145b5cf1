import { PostgresTargetConfig } from '../../../contract/config';
import { shellWord } from '../../core/shell-word';
import { EngineRunbook, Route } from '../../engine-api/runbook';

export const POSTGRES_RUNBOOK: EngineRunbook<'postgres'> = {
  describe: ({ host, databaseName }) => `${databaseName === null ? 'all databases of PostgreSQL' : `PostgreSQL database ${databaseName}`} on ${host}`,

  fromOutside: ({ host, port, tls }, route) => {
    const settings = settingsAt({ host, tls }, route(host, port));
    return { api: false, settings, notes: ['The machine needs psql and pg_restore, as new as the server.'] };
  },

  besideContainer: ({ host, port, tls }, route) => ({ settings: settingsAt({ host, tls }, route(host, port)), network: true, files: [] }),

  keepsPrevious: ({ mode, safetyBackup }) => mode !== 'in-place' || safetyBackup,

  partOf: (target, route) => {
    const { passwordEnv, databaseName } = target;
    const name = besideOf(databaseName);
    const login = loginOf(target, route);
    const password = passwordEnv === null ? [] : [`export PGPASSWORD="$${passwordEnv}"`];
    return {
      passwordEnv,
      beside: ['mode=new-database', `newName=${shellWord(name)}`],
      // Through a file: of a pipe, psql would commit half a table when pg_dump dies.
      copy: [...password, [
        `pg_dump ${login(name)} --table="$TABLE" --format=custom --file=table.dump`,
        `pg_restore ${login(databaseName)} --single-transaction --exit-on-error table.dump`,
      ].join(' \\\n  && ')],
      remove: ['rm table.dump', `psql ${login('postgres')} --command=${shellWord(`DROP DATABASE "${name.replace(/"/g, '""')}"`)}`],
    };
  },

  stockTools: ({ databaseName }, files) => databaseName === null ? [
    `for FILE in ${files}.*.dump; do NAME=\${FILE#${files}.}; NAME=\${NAME%.dump}; createdb "$NAME" && pg_restore --no-owner --dbname="$NAME" "$FILE"; done`,
  ] : [
    `createdb ${shellWord(databaseName)} && pg_restore --no-owner --dbname=${shellWord(databaseName)} ${files}.dump`,
  ],
};

/** Under another name than its own no certificate is right, and that of the authority is a file of the pod. */
function settingsAt({ host, tls }: Pick<PostgresTargetConfig, 'host' | 'tls'>, at: ReturnType<Route>): readonly string[] {
  const unverifiable = tls.caFile !== null || (tls.mode === 'verify-full' && at.host !== host);
  return [`host=${at.host}`, `port=${at.port}`, ...unverifiable ? ['tls.mode=require', 'tls.caFile=null'] : []];
}

/** The longest name that PostgreSQL takes has 63 bytes. */
function besideOf(databaseName: string): string {
  const tag = '_beside';
  return `${Buffer.from(databaseName).subarray(0, 63 - tag.length).toString().replace(/\ufffd+$/, '')}${tag}`;
}

function loginOf({ host, port, user }: PostgresTargetConfig, route: Route): (database: string) => string {
  const at = route(host, port);
  return database => `--host=${at.host} --port=${at.port} --username=${shellWord(user)} --dbname=${shellWord(database)}`;
}
