# Unpacks the state out of an archive by OpenClaw's own command. $1 the archive's path, $2 its digest (sha256, hex), $3 the folder
# to unpack in, $4 the state folder as it was called when the archive was made. The state is then $3/incoming/state.
# Ends with 66 where the archive is not there, with 65 where it is another.
set -eu
umask 077
[ -f "$1" ] && [ ! -L "$1" ] || exit 66
rm -rf -- "$3/incoming"
mkdir -- "$3/incoming"
digest=$(sha256sum <"$1")
[ "${digest%% *}" = "$2" ] || exit 65
TMPDIR=$3/incoming node /app/openclaw.mjs backup restore "$1" --target "$3/incoming/all" --json >/dev/null 2>/tmp/errors ||
  { tail -c 1000 /tmp/errors >&2; exit 1; }
set -- "$3" "$3"/incoming/all/*/payload/posix"$4"
[ "$#" -eq 2 ] && [ -d "$2" ] || { echo "It holds no state folder, or more than one." >&2; exit 1; }
mv -- "$2" "$1/incoming/state"
rm -rf -- "$1/incoming/all"
chmod 700 -- "$1/incoming/state"
sync -f -- "$1"
