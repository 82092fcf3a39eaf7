# Makes one archive of the gateway's state by OpenClaw's own command, in a one-shot container of the gateway's image, and prints
# its digest and size, and what the state says of which bot it is (`-`: nothing). $1 its name, $2 the folder for it, $3 the state
# folder, $4 the file there that says so. Ends with 66 where there is nothing to keep.
set -eu
umask 077
# Left by a run that was killed; of one that still works nothing is an hour old.
find "$2" -mindepth 1 -maxdepth 1 -name '.partial-*' -mmin +60 -exec rm -rf -- {} +
# Whoever writes an env file and is killed leaves its secrets under this name; nobody writes one while this runs.
find "$3" -mindepth 1 -maxdepth 1 -name '..env.????????.part' -delete
found=$(find "$3" -mindepth 1 -maxdepth 1 ! -name .env ! -name "$4") || exit 1
[ -n "$found" ] || exit 66
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
# A project that the bot works on may have an env file of its own.
! grep -q "^[^/]*/payload/posix$3/\.env$" "$temp/list" || { echo "The gateway's env file would be in it." >&2; exit 1; }
digest=$(sha256sum <"$temp/$1")
size=$(stat -c %s "$temp/$1")
# The bot may write there what it likes.
bot=$(head -c 64 -- "$3/$4" 2>/dev/null | grep -x '[0-9a-f]\{64\}') || bot=-
sync -- "$temp/$1"
mv -- "$temp/$1" "$2/$1"
sync -- "$2"
printf '%s %s %s\n' "${digest%% *}" "$size" "$bot"
