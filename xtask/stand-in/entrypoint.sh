#!/bin/bash
# Begins as the entry points of the public images do, as far as compose/compose.yaml asks it of them.
set -eu

case "${1:-postgres}" in
server) exec minio "$@" ;;
postgres) ;;
*) exec "$@" ;;
esac

as_postgres() { setpriv --reuid=postgres --regid=postgres --clear-groups "$@"; }

if [ ! -s "$PGDATA/PG_VERSION" ]; then
  install -d -o postgres -g postgres -m 700 "$PGDATA"
  as_postgres initdb --username=postgres --pwfile="$POSTGRES_PASSWORD_FILE" --auth-host=scram-sha-256 \
    --auth-local=trust --encoding=UTF8 --locale=C
  echo "host all all all scram-sha-256" >>"$PGDATA/pg_hba.conf"
  as_postgres pg_ctl --wait -o "-c listen_addresses='' -k /tmp" start
  as_postgres createdb --host=/tmp --username=postgres "$POSTGRES_DB"
  as_postgres pg_ctl --wait --mode=fast stop
fi
exec setpriv --reuid=postgres --regid=postgres --clear-groups postgres -c listen_addresses='*' -k /tmp
