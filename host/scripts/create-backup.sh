# Makes one archive of the gateway's state by OpenClaw's own command, in a one-shot container of the gateway's image, and prints
# its digest and size. $1 its name, $2 the folder for it, $3 the state folder. Ends with 66 where there is nothing to keep.
set -eu
umask 077
# Left by a run that was killed; of one that still works nothing is an hour old.
find "$2" -mindepth 1 -maxdepth 1 -name '.partial-*' -mmin +60 -exec rm -rf -- {} +
[ -n "$(find "$3" -mindepth 1 ! -name .env -print -quit)" ] || exit 66
temp="$2/.partial-$1"
mkdir -- "$temp"
trap 'rm -rf -- "$temp"' EXIT
trap 'exit 1' HUP INT TERM
TMPDIR=$temp node /app/openclaw.mjs backup create --output "$temp/$1" --verify --json >"$temp/answer.json" 2>"$temp/errors" ||
  { tail -c 1000 "$temp/errors" >&2; exit 1; }
# Its exit code alone says little: what it did must be what was asked for.
node -e 'const { verified, assets } = JSON.parse(require("fs").readFileSync(process.argv[1], "utf8")); process.exit(verified === true && assets.some(({ kind, sourcePath }) => kind === "state" && sourcePath === process.argv[2]) ? 0 : 1)' "$temp/answer.json" "$3" ||
  { echo "OpenClaw does not say that it has kept and verified the state." >&2; exit 1; }
tar -tzf "$temp/$1" >"$temp/list"
! grep -q '/\.env$' "$temp/list" || { echo "The env file would be in it." >&2; exit 1; }
digest=$(sha256sum <"$temp/$1")
size=$(stat -c %s "$temp/$1")
sync -- "$temp/$1"
mv -- "$temp/$1" "$2/$1"
sync -- "$2"
printf '%s %s\n' "${digest%% *}" "$size"
