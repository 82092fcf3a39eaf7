# Proves that an archive is the one on record, and whole by OpenClaw's own command, in a one-shot container of the gateway's image.
# $1 its folder, $2 its name, $3 its digest (sha256, hex). Ends with 66 where it is not there, with 65 where it is another, with 1
# where OpenClaw does not accept it.
set -eu
umask 077
[ -f "$1/$2" ] && [ ! -L "$1/$2" ] || exit 66
digest=$(sha256sum <"$1/$2")
[ "${digest%% *}" = "$3" ] || exit 65
# It unpacks the databases, for which memory is too small.
temp=$(mktemp -d "$1/.partial-verify-XXXXXX")
trap 'rm -rf -- "$temp"' EXIT
trap 'exit 1' HUP INT TERM
TMPDIR=$temp node /app/openclaw.mjs backup verify "$1/$2" --json >"$temp/answer.json" 2>"$temp/errors" ||
  { tail -c 1000 "$temp/errors" >&2; exit 1; }
