import assert from "node:assert/strict";
import { fingerprint, parseEffective, parseScan } from "../../host/diagnose.ts";
import {
  bounded,
  connectionName,
  controlCommand,
  forwardSpec,
  knownHostsLine,
  remoteCommand,
  type SshSettings,
  sshCommand,
  sshLine,
  sshOptions,
} from "../../host/ssh-options.ts";

const phill: SshSettings = { kind: "ssh", address: "phill", user: "claw", port: 22, hostKey: "ssh-ed25519 AAAAC3Nz" };
const files = { knownHosts: "/c/0.known_hosts", controlPath: "/c/0" };

const options =
  "-o StrictHostKeyChecking=yes -o UserKnownHostsFile=/c/0.known_hosts -o GlobalKnownHostsFile=/dev/null -o KnownHostsCommand=none " +
  "-o HostKeyAlias=[phill]:22 -o HostKeyAlgorithms=ssh-ed25519 -o VerifyHostKeyDNS=no -o NoHostAuthenticationForLocalhost=no " +
  "-o CheckHostIP=no -o UpdateHostKeys=no -o BatchMode=yes -o ConnectTimeout=10 -o ConnectionAttempts=1 -o ServerAliveInterval=5 " +
  "-o ServerAliveCountMax=3 -o ControlMaster=auto -o ControlPath=/c/0 -o ControlPersist=300 -o ClearAllForwardings=yes " +
  "-o ForwardAgent=no -o ForwardX11=no -o PermitLocalCommand=no -o RemoteCommand=none -o RequestTTY=no -o LogLevel=ERROR";

describe("sshOptions", () => {
  it("pins the key, asks nothing, and shares one connection", () => {
    assert.equal(sshOptions(phill, files).join(" "), options);
  });

  it("uses the identity file alone where one is set", () => {
    const args = sshOptions({ ...phill, identityFile: "~/.ssh/phill" }, files);
    assert.deepEqual(args.slice(-4), ["-o", "IdentitiesOnly=yes", "-o", "IdentityFile=~/.ssh/phill"]);
  });

  it("asks an RSA host for its SHA-2 signatures, never the retired SHA-1", () => {
    const args = sshOptions({ ...phill, hostKey: "ssh-rsa AAAAB3Nz" }, files);
    assert.ok(args.includes("HostKeyAlgorithms=rsa-sha2-512,rsa-sha2-256"));
  });

  it("quotes a path with a space and keeps ssh from expanding a percent sign", () => {
    const args = sshOptions(phill, { knownHosts: "/a b/k", controlPath: "/100%/s" });
    assert.ok(args.includes('UserKnownHostsFile="/a b/k"'));
    assert.ok(args.includes("ControlPath=/100%%/s"));
  });
});

describe("sshCommand", () => {
  it("gives the host one quoted word, under an empty environment", () => {
    const argv = sshCommand(phill, files, ["echo", "it's", "$HOME"]);
    const remote = `env -i "PATH=$PATH" "HOME=$HOME" LANG=C.UTF-8 echo 'it'\\''s' '$HOME'`;
    assert.deepEqual(argv, ["ssh", ...options.split(" "), "-p", "22", "-l", "claw", "--", "phill", remote]);
    assert.equal(remoteCommand(["echo", "it's", "$HOME"]), remote);
  });
});

describe("bounded", () => {
  it("gives the host a second more than the caller waits, in whole seconds", () => {
    assert.equal(bounded(["id", "-u"], 1500).join(" "), "timeout --kill-after=5 3 id -u");
  });
});

describe("sshLine", () => {
  it("is one literal line whose text does not depend on who runs it", () => {
    const quoted = options
      .replace("HostKeyAlias=[phill]:22", "'HostKeyAlias=[phill]:22'")
      .replaceAll(/-o ([A-Z]\w*=[^ ]+)/g, "-o '$1'");
    assert.equal(
      sshLine(phill, files, ["id", "-u"]),
      'env -i "PATH=$PATH" "HOME=$HOME" LANG=C.UTF-8 ${SSH_AUTH_SOCK:+"SSH_AUTH_SOCK=$SSH_AUTH_SOCK"} ssh ' +
        `${quoted} -p 22 -l claw -- phill 'env -i "PATH=$PATH" "HOME=$HOME" LANG=C.UTF-8 id -u'`,
    );
  });
});

describe("The shared connection", () => {
  it("is asked through its socket alone", () => {
    const argv = controlCommand(phill, files, ["-O", "forward", "-L", forwardSpec(4000, 18789)]);
    assert.equal(argv.join(" "), "ssh -F none -o ControlPath=/c/0 -O forward -L 127.0.0.1:4000:127.0.0.1:18789 -- phill");
  });

  it("has another name as soon as the pin, the user, the port, the address or the key file differs", () => {
    const others = [
      { hostKey: "ssh-ed25519 AAAAC3Ny" },
      { user: "eve" },
      { port: 23 },
      { address: "phil" },
      { identityFile: "/k" },
    ];
    const names = others.map((other) => connectionName({ ...phill, ...other }));
    assert.equal(new Set([connectionName(phill), ...names]).size, others.length + 1);
  });
});

describe("knownHostsLine", () => {
  it("holds one key, under address and port", () => {
    assert.equal(knownHostsLine({ ...phill, port: 2222 }), "[phill]:2222 ssh-ed25519 AAAAC3Nz\n");
  });
});

describe("What the probes answered", () => {
  it("names the address behind an alias", () => {
    assert.deepEqual(parseEffective("user claw\nhostname 10.0.0.7\nport 22\nproxycommand none\n"), {
      address: "10.0.0.7",
      port: 22,
    });
  });

  it("is not told of a host behind a jump host", () => {
    assert.equal(parseEffective("hostname 10.0.0.7\nport 22\nproxyjump bastion\n"), null);
  });

  it("is not told where ssh said nothing", () => {
    assert.equal(parseEffective(""), null);
  });

  it("gives the keys of a scan without its comments", () => {
    assert.deepEqual(parseScan("# h:22 SSH-2.0\n[h]:22 ssh-ed25519 AAAA\n[h]:22 ssh-rsa BBBB\n"), [
      "ssh-ed25519 AAAA",
      "ssh-rsa BBBB",
    ]);
  });

  it("gives the fingerprint that ssh-keygen shows", () => {
    const key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl";
    assert.equal(fingerprint(key), "SHA256:+DiY3wvvV6TuJJhbpZisF/zLDA0zPMSvHdkr4UvCOqU");
  });
});
