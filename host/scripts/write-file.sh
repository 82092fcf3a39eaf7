# Writes one file atomically. $1 its folder, $2 its name, $3 its path for messages, $4 mode, $5 uid:gid.
# Standard input: the content's length in bytes, a newline, the content.
set -eu
umask 077
shown=$3
fail() { printf '%s was not written and is as it was: %s\n' "$shown" "$1" >&2; exit 1; }
cd -- "$1" || fail "its folder cannot be entered."
read -r size || size=
case $size in '' | *[!0-9]*) fail "its input does not begin with its length." ;; esac
# What an earlier run left that was killed outright.
find . -maxdepth 1 -name ".$2.????????.part" -mmin +60 -delete
# The traps come before the file. It is made by noclobber (so it is ours) as 0600; owner and mode are final before the first byte.
temp=$(mktemp -u "./.$2.XXXXXXXX.part")
trap 'rm -f -- "$temp"' EXIT
trap 'exit 1' HUP INT TERM
# Opened once, and reached by its descriptor from then on: who owns the folder may put a link in the name's place at any time.
set -C
{ command exec 3>"$temp"; } 2>/dev/null || fail "no file can be made beside it."
set +C
opened=/proc/self/fd/3
[ "$(stat -L -c %u:%g "$opened")" = "$5" ] || chown -- "$5" "$opened" || fail "its owner cannot be set to $5."
chmod -- "$4" "$opened"
head -c "$size" >&3 || fail "$(stat -L -c %s "$opened") of $size bytes fitted; see: df -h ${shown%/*}"
# A lost connection looks like the end of the input.
[ "$(stat -L -c %s "$opened")" -eq "$size" ] || fail "$(stat -L -c %s "$opened") of $size bytes arrived."
sync -- "$opened" || fail "it cannot be brought to disk."
[ "$(stat -L -c %d:%i "$opened")" = "$(stat -c %d:%i "$temp")" ] || fail "somebody took its place."
exec 3>&-
mv -fT -- "$temp" "./$2" || fail "it cannot take the name."
trap - EXIT
sync -- .
