# Prints the name and size of each archive in the folder $1; nothing where the folder is not there.
set -eu
[ -d "$1" ] || exit 0
cd -- "$1"
for name in *.tar.gz; do
  [ -f "$name" ] && [ ! -L "$name" ] || continue
  stat -c '%n %s' -- "$name"
done
