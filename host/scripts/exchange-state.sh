# Puts another state folder in the state's place. The one before it is kept as restore/previous, without its env file.
# $1 the folder above them; $2 its path for messages; $3 the new one, below $1; $4 "check": only whether that can be done. Without
# $3, what was interrupted is brought to its end, and the last word says how. A name at a time: whoever dies in between leaves state.next or state.aside, by
# which the next run knows how far it was.
set -eu
cd -- "$1"
shown=$2 ready=${3:-} only=${4:-}
fail() { printf '%s\n' "$1" >&2; exit 1; }
[ -d restore ] || exit 0
exec 9<restore
flock -w 20 9 || fail "Somebody else changes the state just now."
for folder in state state.next state.aside restore restore/previous "$ready"; do
  [ -n "$folder" ] || continue
  [ ! -L "$folder" ] || fail "$shown/$folder is a link; nothing was changed."
  # A rename across file systems is a copy, which can end half-way.
  [ ! -d "$folder" ] || [ "$(stat -c %d -- "$folder")" = "$(stat -c %d .)" ] || fail "$shown/$folder lies on another file system; nothing was changed."
done
# The state that was there before becomes the previous one, and only then the one before that goes.
retire() {
  # Of a run that was killed here; without a previous one it is the only copy.
  [ ! -d restore/previous ] || { rm -rf -- restore/older && mv -T -- restore/previous restore/older; }
  rm -rf -- state.aside/.env
  find state.aside -mindepth 1 -maxdepth 1 -name '..env.????????.part' -delete
  mv -T -- state.aside restore/previous
  rm -rf -- restore/older
}
# Of an exchange that was not made, the new state goes back to where it may have come from.
unstage() {
  [ -d state.next ] || return 0
  if [ -d restore/previous ]; then rm -rf -- state.next; else mv -T -- state.next restore/previous; fi
}
settle() {
  if [ -d state.aside ] && [ -d state.next ]; then
    # What somebody made meanwhile in the state's place is no state unless something is in it.
    [ ! -d state ] || { rm -f -- state/.env state/phillbot.bot && rmdir -- state; } || fail "$shown/state and $shown/state.aside are both there, and only a person can tell which one is wanted; move one of them away."
    mv -T -- state.aside state
    unstage
    how=undone
  elif [ -d state.aside ] && [ -d state ]; then
    retire
    how=finished
  elif [ -d state.aside ]; then
    mv -T -- state.aside state
    how=undone
  elif [ -d state.next ] && [ ! -d state ]; then
    mv -T -- state.next state
    how=finished
  elif [ -d state.next ]; then
    unstage
    how=undone
  fi
}
how=
[ "$only" = check ] || settle
[ -z "$how" ] || printf '%s\n' "$how"
[ -n "$ready" ] || exit 0
[ -d "$ready" ] || fail "$shown/$ready is no folder; nothing was changed."
[ "$only" != check ] || exit 0
mv -T -- "$ready" state.next
[ ! -d state ] || mv -T -- state state.aside
mv -T -- state.next state
sync -f -- .
[ ! -d state.aside ] || retire
case $ready in restore/incoming-*) rmdir -- "${ready%/*}" ;; esac
sync -f -- .
