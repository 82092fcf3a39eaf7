# Says of each folder $2 and following, one a line: empty (or not there), filled, or closed to the caller. Then `owner` and the file $1, where there is one.
set -eu
owner=$1
shift
for path do
  at=$path
  while [ ! -e "$at" ] && [ ! -L "$at" ]; do at=$(dirname -- "$at"); done
  if [ "$at" != "$path" ]; then
    # What cannot be seen below a closed folder may be there.
    if [ -x "$at" ]; then echo empty; else echo closed; fi
  elif [ ! -d "$at" ]; then
    echo filled
  elif [ ! -r "$at" ] || [ ! -x "$at" ]; then
    echo closed
  elif [ -z "$(ls -A -- "$at")" ]; then
    echo empty
  else
    echo filled
  fi
done
if [ -e "$owner" ] || [ -L "$owner" ]; then
  echo owner
  cat -- "$owner"
fi
