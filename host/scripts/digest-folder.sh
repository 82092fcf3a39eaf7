# Lists every file below the folder $1 in sha256sum format, sorted by the bytes of its path. $2 "readable": for every uid.
set -eu
LC_ALL=C
export LC_ALL
cd -- "$1"
file=0 folder=0
if [ "${2:-}" = readable ]; then
  file=444 folder=555
fi
# What must not be there has a digest that no file has. The folder itself is called `.`.
find . ! \( -type f -perm -$file \) ! \( -type d -perm -$folder \) -printf '0000000000000000000000000000000000000000000000000000000000000000  %P\n' |
  sed 's/  $/  ./'
# Where find fails, a name that no file has makes the last command fail, whose exit code is the pipe's.
{ find . -type f -perm -$file -printf '%P\0' || printf '\0'; } | sort -z | xargs -0 -r sha256sum --
