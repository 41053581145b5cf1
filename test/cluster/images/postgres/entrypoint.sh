#!/usr/bin/env bash
# What the entry point of the official image does, as far as manifests can tell: an empty PGDATA becomes a database server with the password, or the
# authentication, of the environment, and runs what lies in /docker-entrypoint-initdb.d, before it listens for anybody else.
set -euo pipefail

case "${1:-}" in -*) set -- postgres "$@" ;; esac
[ "${1:-}" = postgres ] || exec "$@"

if [ "$(id -u)" = 0 ]; then
  mkdir -p "$PGDATA"
  chown -R postgres:postgres "$PGDATA" /var/run/postgresql
  exec setpriv --reuid=postgres --regid=postgres --init-groups "$0" "$@"
fi
# From 18 on the data is elsewhere; what is mounted at the old place would stay empty, and the data in a volume that goes with the container.
if [ "$PGDATA" = "/var/lib/postgresql/$PG_MAJOR/docker" ] && mountpoint --quiet /var/lib/postgresql/data; then
  echo 'from version 18 on the volume belongs at /var/lib/postgresql, and there is one at /var/lib/postgresql/data' >&2
  exit 1
fi
if [ -s "$PGDATA/PG_VERSION" ]; then exec "$@"; fi

user="${POSTGRES_USER:-postgres}"
authentication="${POSTGRES_HOST_AUTH_METHOD:-scram-sha-256}"
if [ -z "${POSTGRES_PASSWORD:-}" ] && [ "$authentication" != trust ]; then
  echo 'the database is new, and neither POSTGRES_PASSWORD nor POSTGRES_HOST_AUTH_METHOD=trust is set' >&2
  exit 1
fi
mkdir -p "$PGDATA"
chmod 700 "$PGDATA" 2> /dev/null || true # not ours where a volume is mounted there
initdb --username="$user" --pwfile=<(printf '%s\n' "${POSTGRES_PASSWORD:-}") ${POSTGRES_INITDB_ARGS:-}
printf '\nhost all all all %s\n' "$authentication" >> "$PGDATA/pg_hba.conf"

pg_ctl --wait --options="-c listen_addresses=''" start
database="${POSTGRES_DB:-$user}"
query() { psql -v ON_ERROR_STOP=1 --no-password --username="$user" "$@"; }
[ "$database" = postgres ] || query --dbname=postgres -v name="$database" <<< 'CREATE DATABASE :"name"'
for file in /docker-entrypoint-initdb.d/*; do
  case "$file" in
    *.sh) . "$file" ;;
    *.sql) query --dbname="$database" --file="$file" ;;
  esac
done
pg_ctl --wait --mode=fast stop
exec "$@"
