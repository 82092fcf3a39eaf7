# Starts sshd as the host phill. Mounted, both optional: /etc/phill/host_key (its private key; else one is made) and
# /etc/phill/authorized_keys (who may log in as claw). Environment: ENGINE_GID, the group that may use the engine, else
# that of the mounted socket; BASE_FOLDER, a mounted folder that is claw's; LOOPBACK_PORT, where sshd listens on loopback
# alone, for a container on the machine's own network.
set -eu
key=/etc/ssh/ssh_host_ed25519_key
if [ -f /etc/phill/host_key ]; then
  install -m 0600 /etc/phill/host_key "$key"
elif [ ! -f "$key" ]; then
  ssh-keygen -q -t ed25519 -N '' -f "$key"
fi
install -d -o claw -g claw -m 0700 /home/claw/.ssh
if [ -f /etc/phill/authorized_keys ]; then
  # Copied, because sshd refuses a file that belongs to the uid of whoever mounted it.
  install -o claw -g claw -m 0600 /etc/phill/authorized_keys /home/claw/.ssh/authorized_keys
fi
socket=/var/run/docker.sock
if [ -z "${ENGINE_GID:-}" ] && [ -S "$socket" ]; then
  ENGINE_GID=$(stat -c %g "$socket")
fi
if [ -n "${ENGINE_GID:-}" ]; then
  getent group "$ENGINE_GID" >/dev/null || groupadd --gid "$ENGINE_GID" engine
  usermod --append --groups "$(getent group "$ENGINE_GID" | cut -d: -f1)" claw
fi
if [ -n "${BASE_FOLDER:-}" ]; then
  chown claw:claw "$BASE_FOLDER"
fi
mkdir -p /run/sshd
exec /usr/sbin/sshd -D -e ${LOOPBACK_PORT:+-p "$LOOPBACK_PORT" -o ListenAddress=127.0.0.1}
