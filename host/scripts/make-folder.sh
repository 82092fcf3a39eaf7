# Makes one folder, or gives an existing one its owner and mode. $1 its parent, $2 its name, $3 its path for messages, $4 mode,
# $5 uid:gid, $6 "keep": an existing one keeps both.
set -eu
umask 077
cd -- "$1"
if [ -L "./$2" ] || { [ -e "./$2" ] && [ ! -d "./$2" ]; }; then
  printf '%s\n' "$3 exists and is not a folder." >&2
  exit 1
fi
[ "${6:-}" = keep ] && [ -d "./$2" ] && exit 0
[ -d "./$2" ] || mkdir -- "./$2"
[ "$(stat -c %u:%g "./$2")" = "$5" ] || chown -- "$5" "./$2"
[ "$(stat -c %a "./$2")" = "$4" ] || chmod -- "$4" "./$2"
