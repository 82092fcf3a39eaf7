# Ends with 1 where the folder $2, or one between it and the folder $1 that it lies below, is a link.
set -eu
case $2 in "$1"/?*) ;; *) printf '%s does not lie below %s.\n' "$2" "$1" >&2; exit 1 ;; esac
at=$2
while [ "$at" != "$1" ]; do
  if [ -L "$at" ]; then
    printf '%s is a link, and a sync deletes what is no document where it leads: nothing was synced. Take it away, then make the folder anew: rm %s && npx deck up\n' "$at" "$at" >&2
    exit 1
  fi
  at=${at%/*}
done
