# Prints what one file is, as one line of JSON. $1 its folder, $2 its name, $3 its path for messages, $4 "digest" or "".
set -eu
cd -- "$1"
if [ ! -e "./$2" ] && [ ! -L "./$2" ]; then
  echo '{"kind":"absent"}'
elif [ -L "./$2" ] || [ ! -f "./$2" ]; then
  echo '{"kind":"other"}'
else
  sha256=null
  if [ "$4" = digest ]; then
    sha256=$(sha256sum <"./$2")
    sha256="\"${sha256%% *}\""
  fi
  stat -c "{\"kind\":\"file\",\"mode\":\"%a\",\"uid\":%u,\"gid\":%g,\"size\":%s,\"mtime\":%.3Y,\"ctime\":%.3Z,\"sha256\":$sha256}" "./$2"
fi
