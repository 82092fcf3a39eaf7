# Adds to a file that is only ever added to. $1 its path, $2 the length in bytes that it must have until then.
# Standard input: the content's length in bytes, a newline, the content. Ends with 75 where somebody else added to it.
set -eu
fail() { printf '%s was not added to and is as it was: %s\n' "$path" "$1" >&2; exit 1; }
path=$1
read -r size || size=
case $size in '' | *[!0-9]*) fail "its input does not begin with its length." ;; esac
mkdir -p -m 755 -- "${path%/*}" || fail "its folder cannot be made."
[ ! -L "$path" ] || fail "it is a link."
umask 077
# Whole before the first byte is added: a lost connection looks like the end of the input.
temp=$(mktemp)
trap 'rm -f -- "$temp"' EXIT
trap 'exit 1' HUP INT TERM
head -c "$size" >"$temp" || fail "its content does not fit into ${temp%/*}."
[ "$(stat -c %s "$temp")" -eq "$size" ] || fail "$(stat -c %s "$temp") of $size bytes arrived."
{ command exec 9>>"$path"; } 2>/dev/null || fail "it cannot be opened."
flock -w 20 9 || fail "somebody else holds it."
[ "$(stat -L -c %s /proc/self/fd/9)" -eq "$2" ] || exit 75
cat -- "$temp" >&9 || { truncate -s "$2" -- "$path"; fail "see: df -h ${path%/*}"; }
sync -- /proc/self/fd/9 || { printf '%s was added to, but cannot be brought to disk.\n' "$path" >&2; exit 1; }
