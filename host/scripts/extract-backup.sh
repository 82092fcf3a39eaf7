# Unpacks the state out of an archive by OpenClaw's own command, in a one-shot container of the gateway's image. $1 the archive's
# path, $2 its digest (sha256, hex), $3 the folder to make and unpack in, $4 the state folder as it was called when the archive was
# made. The state is then $3/state. Ends with 66 where the archive is not there, with 65 where it is another.
set -eu
umask 077
[ -f "$1" ] && [ ! -L "$1" ] || exit 66
# Left by runs that were killed; their containers may still be at work in what is younger.
find "${3%/*}" -mindepth 1 -maxdepth 1 -name 'incoming-*' -mmin +60 -exec rm -rf -- {} +
mkdir -- "$3"
trap 'rm -rf -- "$3"' EXIT
trap 'exit 1' HUP INT TERM
digest=$(sha256sum <"$1")
[ "${digest%% *}" = "$2" ] || exit 65
TMPDIR=$3 node /app/openclaw.mjs backup restore "$1" --target "$3/all" --json >/dev/null 2>/tmp/errors ||
  { tail -c 1000 /tmp/errors >&2; exit 1; }
count=0
for found in "$3"/all/*/payload/posix"$4"; do
  [ ! -d "$found" ] || { state=$found && count=$((count + 1)); }
done
[ "$count" -eq 1 ] || { echo "It holds $count state folders, wanted is one." >&2; exit 1; }
mv -- "$state" "$3/state"
rm -rf -- "$3/all"
chmod 700 -- "$3/state"
sync -f -- "$3"
trap - EXIT
