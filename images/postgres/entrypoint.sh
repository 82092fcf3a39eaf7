#!/bin/bash
# Brings the data directory up once, then becomes PostgreSQL. Arguments go to the server, for example `-c work_mem=8MB`.
set -euo pipefail

volume=/var/lib/postgresql/data
export PGDATA=$volume/15
password=${POSTGRES_PASSWORD_FILE:-/run/secrets/postgres_password}

# Root's part: the volume's owner, and the password, which may be readable for root only.
# It travels on descriptor 3, never in the environment or in an argument.
if [ "$(id -u)" = 0 ]; then
  install -d -o postgres -g postgres -m 0700 "$volume"
  install -d -o postgres -g postgres -m 2775 /var/run/postgresql
  if [ ! -d "$PGDATA" ]; then
    [ -s "$password" ] || { echo "The password file $password is missing or empty." >&2; exit 78; }
    exec 3<"$password"
  fi
  exec setpriv --reuid=postgres --regid=postgres --init-groups "$0" "$@"
fi

if [ ! -d "$PGDATA" ]; then
  if [ ! -e /proc/self/fd/3 ]; then
    [ -s "$password" ] || { echo "The password file $password is missing or empty." >&2; exit 78; }
    exec 3<"$password"
  fi
  # Made beside its place and renamed, so that an interrupted start leaves no half cluster.
  rm -rf "$PGDATA.new"
  initdb --pgdata="$PGDATA.new" --username=postgres --encoding=UTF8 --locale=C.UTF-8 --data-checksums \
    --auth-local=peer --auth-host=scram-sha-256 --pwfile=<(cat <&3)
  echo "host all all all scram-sha-256" >> "$PGDATA.new/pg_hba.conf"
  mv "$PGDATA.new" "$PGDATA"
fi

# pg_cron runs its jobs as background workers, because a connection of its own would need a password.
exec 3<&-
exec postgres -D "$PGDATA" \
  -c listen_addresses='*' \
  -c password_encryption=scram-sha-256 \
  -c shared_preload_libraries=pg_cron \
  -c cron.database_name=postgres \
  -c cron.use_background_workers=on \
  "$@"
