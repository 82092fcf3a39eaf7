# Prints the HMAC-SHA256 of one file. $1 its folder, $2 its name, $3 its path for messages. Standard input: the key in hex, 16 to 64 bytes.
# printf is the shell's own, so neither key nor content is ever in an argv.
set -eu
cd -- "$1"
read -r key || [ -n "$key" ]
case $key in *[!0-9a-f]*) echo 'The key is not lower-case hex.' >&2; exit 1 ;; esac
if [ "${#key}" -lt 32 ] || [ "${#key}" -gt 128 ] || [ $((${#key} % 2)) -ne 0 ]; then
  echo "The key has ${#key} hex digits, wanted an even number from 32 to 128." >&2
  exit 1
fi
exec 3<"./$2"
while [ "${#key}" -lt 128 ]; do key=${key}00; done
inner= outer=
while [ -n "$key" ]; do
  rest=${key#??}
  byte=$((0x${key%"$rest"}))
  inner=$inner$(printf '\\%03o' $((byte ^ 0x36)))
  outer=$outer$(printf '\\%03o' $((byte ^ 0x5c)))
  key=$rest
done
# A read that fails adds a byte, so that the result can only be wrong, never that of a part.
hash=$({ printf "$inner"; cat <&3 || printf x; } | sha256sum)
hash=${hash%% *}
while [ -n "$hash" ]; do
  rest=${hash#??}
  outer=$outer$(printf '\\%03o' $((0x${hash%"$rest"})))
  hash=$rest
done
hash=$(printf "$outer" | sha256sum)
echo "${hash%% *}"
