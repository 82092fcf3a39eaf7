# The lease of a stack. $1 show, take, renew, release or break; $2 its path; $3 the folder of the kernel's own answers (/proc);
# $4 an id (of break: the name that was shown); of take: $5 seconds, $6 the id of a lease whose holder is known to have ended.
# Standard input of take: the claim's length in bytes, a newline, the claim, which is one line.
# Prints how it stands now, its name, seconds left, when it was taken, the time, and on a second line the claim.
# Ends with 75 where it was not done because of how it stands.
set -euf
do=$1 path=$2 kernel=$3 id=${4:-} seconds=${5:-} ended=${6:-}
folder=${path%/*}
nl='
'
fail() { printf '%s is as it was: %s\n' "$path" "$1" >&2; exit 1; }
number() { case $1 in '' | *[!0-9]* | 0?* | ???????????*) return 1 ;; esac; }
word() { case $1 in '' | *[!0-9a-f-]*) return 1 ;; esac; }
# The time since the host was started: unlike the time of day, nobody sets it back.
read -r up _ <"$kernel/uptime" && boot=$(cat "$kernel/sys/kernel/random/boot_id") || fail "the host's clock cannot be read."
up=${up%%.*}
number "$up" && word "$boot" || fail "the host's clock cannot be read."
now=$(date +%s)

look() {
  how=free name=- left=0 since=0 claim= head=
  if [ -L "$path" ] || { [ -e "$path" ] && [ ! -f "$path" ]; }; then fail "it is a link or a folder; see: ls -ld $path"; fi
  [ -e "$path" ] || return 0
  how=torn name=$(sha256sum <"$path") || fail "it cannot be read."
  name=${name%% *}
  [ "$(stat -c %s -- "$path")" -le 4096 ] || return 0
  text=$(cat -- "$path")
  claim=${text#*"$nl"}
  case $claim in "$text" | '' | *"$nl"*) claim=; return 0 ;; esac
  set -- ${text%%"$nl"*}
  [ $# -eq 6 ] && [ "$1" = phillbot-lease/1 ] && word "$2" && word "$3" && number "$4" && number "$5" && number "$6" &&
    [ "$5" -le 3600 ] || { claim=; return 0; }
  # Of another start of the host, it was renewed before that one: at the latest, it ran out so long after it.
  if [ "$3" = "$boot" ] && [ "$4" -le "$up" ]; then left=$(($5 - up + $4)); else left=$(($5 - up)); fi
  how=held name=$2 since=$6
  # What is renewed is renewed for as long as it was taken for.
  [ "$do" = take ] || seconds=$5
  [ "$left" -gt 0 ] || { how=over left=0; }
}
tell() { printf '%s %s %s %s %s\n%s\n' "$how" "$name" "$left" "$since" "$now" "$claim"; }
refuse() { tell; exit 75; }
# Beside it and by a rename: whoever is killed on the way leaves what stood there.
put() { # $1 when it was taken, $2 its claim
  rm -f -- "$path.new"
  trap 'rm -f -- "$path.new"' EXIT
  trap 'exit 1' HUP INT TERM
  line="phillbot-lease/1 $id $boot $up $seconds $1"
  { printf '%s\n%s\n' "$line" "$2" >"$path.new"; } 2>/dev/null &&
    [ "$(stat -c %s -- "$path.new")" -eq $((${#line} + ${#2} + 2)) ] && sync -- "$path.new" && mv -fT -- "$path.new" "$path" ||
    fail "it cannot be written; see: ls -ld $folder; df -h $folder"
}

if [ "$do" = take ]; then
  word "$id" && number "$seconds" || fail "its id or its time is none."
  read -r size || size=
  number "$size" || fail "its input does not begin with its length."
  want=$(head -c "$size")
  # A lost connection looks like the end of the input.
  [ "${#want}" -eq "$size" ] || fail "${#want} of $size bytes arrived."
  mkdir -p -m 755 -- "$folder" || fail "its folder cannot be made."
elif [ ! -d "$folder" ]; then
  look
  [ "$do" = show ] || refuse
  tell
  exit
fi
command -v flock >/dev/null || fail "the host lacks \`flock\` (package util-linux)."
{ command exec 9<"$folder"; } 2>/dev/null || fail "its folder cannot be opened."
flock -w 20 9 || fail "somebody else is at it."
umask 022
look
case $do in
show) ;;
take)
  if [ "$how" = held ] && [ "$name" = "$ended" ]; then how=over; fi
  case $how in free | over) put "$now" "$want" ;; *) refuse ;; esac
  ;;
renew)
  [ "$how" = held ] && [ "$name" = "$id" ] || refuse
  put "$since" "$claim"
  ;;
release | break)
  [ "$how" != free ] && [ "$name" = "$id" ] || refuse
  [ "$do" = break ] || [ "$how" != torn ] || refuse
  rm -f -- "$path" || fail "it cannot be removed."
  ;;
*) fail "nobody knows how to $do it." ;;
esac
look
tell
