/** Whether a text is an OpenSSH public key, whole: by a single one that is not, ssh-keygen refuses the whole list that it stands in. */

/** FIPS 186-5: y² = x³ - 3x + b modulo p. */
const curves = {
  nistp256: {
    bytes: 32,
    p: 2n ** 256n - 2n ** 224n + 2n ** 192n + 2n ** 96n - 1n,
    b: 0x5ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604bn,
  },
  nistp384: {
    bytes: 48,
    p: 2n ** 384n - 2n ** 128n - 2n ** 96n + 2n ** 32n - 1n,
    b: 0xb3312fa7e23ee7e4988e056be3f82d19181d9c6efe8141120314088f5013875ac656398d8a2ed19d2a85c8edd3ec2aefn,
  },
  nistp521: {
    bytes: 66,
    p: 2n ** 521n - 1n,
    b: 0x51953eb9618e1c9a1f929a21a0b68540eea2da725b99b315f3b8b489918ef109e156193951ec7e937b1652c0bd3bb1bf073573df883d2c34f1ef451fd46b503f00n,
  },
} as const;

/** @param text type and base64, as `ssh-keygen` writes them, without a comment. */
export function isPublicKey(text: string): boolean {
  const [type = "", base64 = "", ...more] = text.split(" ");
  const blob = Buffer.from(base64, "base64");
  const fields = fieldsOf(blob);
  if (more.length > 0 || blob.toString("base64") !== base64 || fields === undefined) return false;
  const [named, ...rest] = fields;
  if (named?.toString() !== type) return false;
  // A key on a token names in addition what it is for.
  if (type.startsWith("sk-") && (rest.pop()?.length ?? 0) === 0) return false;
  const [first, second] = rest;
  if (/^(?:sk-)?ssh-ed25519/.test(type)) return rest.length === 1 && first?.length === 32;
  const curve = /^(?:sk-)?ecdsa-sha2-(nistp\d+)/.exec(type)?.[1];
  return rest.length === 2 && second !== undefined && first?.toString() === curve && isPoint(curve, second);
}

/** Each follows its length; undefined where the last is cut short. */
function fieldsOf(blob: Buffer): Buffer[] | undefined {
  const fields: Buffer[] = [];
  for (let at = 0; at < blob.length; ) {
    if (at + 4 > blob.length) return undefined;
    const end = at + 4 + blob.readUInt32BE(at);
    if (end > blob.length) return undefined;
    fields.push(blob.subarray(at + 4, end));
    at = end;
  }
  return fields;
}

function isPoint(name: string | undefined, point: Buffer): boolean {
  const curve = curves[name as keyof typeof curves];
  if (curve === undefined || point.length !== 1 + 2 * curve.bytes || point[0] !== 4) return false;
  const [x, y] = [point.subarray(1, 1 + curve.bytes), point.subarray(1 + curve.bytes)].map((half) =>
    BigInt(`0x${half.toString("hex")}`),
  ) as [bigint, bigint];
  const { p, b } = curve;
  return x < p && y < p && (y * y - (x * x * x - 3n * x + b)) % p === 0n;
}
