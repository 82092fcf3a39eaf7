# Puts another state folder in the state's place. The one before it is kept as "restore/previous", without its env file.
# $1 the folder above them, $2 the new one, below $1; without $2, only what was interrupted is brought to its end.
# A name at a time: whoever dies in between leaves "state.aside", by which the next run knows what to do.
set -eu
cd -- "$1"
[ -d restore ] || exit 0
exec 9<restore
flock -w 20 9 || { echo "Somebody else changes the state just now." >&2; exit 1; }
finish() {
  rm -rf -- restore/previous
  rm -f -- state.aside/.env
  mv -T -- state.aside restore/previous
}
for folder in state state.aside restore/previous; do
  [ ! -L "$folder" ] || { printf '%s is a link; nothing was changed.\n' "$folder" >&2; exit 1; }
done
if [ -d state.aside ]; then
  if [ -d state ]; then finish && echo finished; else mv -T -- state.aside state && echo undone; fi
fi
[ -n "${2:-}" ] || exit 0
[ -d "$2" ] && [ ! -L "$2" ] || { printf '%s is no folder; nothing was changed.\n' "$2" >&2; exit 1; }
if [ -d state ]; then
  mv -T -- state state.aside
  mv -T -- "$2" state
  sync -f -- .
  finish
else
  mv -T -- "$2" state
fi
case $2 in restore/incoming-*) rmdir -- "${2%/*}" ;; esac
sync -f -- .
