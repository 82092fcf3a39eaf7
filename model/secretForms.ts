/** The forms in which a value may stand in a file or a log: as it is, in JSON, in a URL, in base64, in hex, in UTF-16. */

import type { Secret } from "./secret.ts";

/** A shorter value cannot be told from ordinary text: two or three letters stand in every base64 text. */
export const shortestFindable = 8;

const known = new WeakMap<Secret, readonly string[]>();

/** Each form once; none of an empty value. */
export function formsOf(secret: Secret): readonly string[] {
  const forms = known.get(secret) ?? made(secret.reveal());
  known.set(secret, forms);
  return forms;
}

function made(value: string): readonly string[] {
  if (value === "") return [];
  const json = inJson(value);
  const forms = [value, json, inJson(json), ...urlForms(value)];
  if (value.length >= shortestFindable) {
    const bytes = Buffer.from(value, "utf8");
    forms.push(...base64Forms(bytes), ...base64Forms(Buffer.from(value, "utf16le")));
    forms.push(...hexForms(value));
    // What was encoded once is often encoded again, as a registry's login is within a Kubernetes secret.
    for (const encoded of base64Forms(bytes)) {
      if (!encoded.includes(" ")) forms.push(...base64Forms(Buffer.from(encoded)), ...hexForms(encoded));
    }
    forms.push(...wideForms(value));
  }
  return [...new Set(forms)];
}

function inJson(value: string): string {
  return JSON.stringify(value).slice(1, -1);
}

function hexForms(text: string): string[] {
  const hex = Buffer.from(text, "utf8").toString("hex");
  return [hex, hex.toUpperCase()];
}

/** With all encoded that must be, or only what is not ASCII: the latter is left where the rest was decoded again. */
function urlForms(value: string): string[] {
  const url = encodeURIComponent(value.toWellFormed());
  const partly = value.toWellFormed().replace(/[^\0-\x7f]+/g, encodeURIComponent);
  // A plus that nobody encoded is taken for a blank.
  const upper = [url, url.replaceAll("%20", "+"), partly, value.replaceAll("+", " ")];
  return [...upper, ...upper.map((form) => form.replace(/%[0-9A-F]{2}/g, (code) => code.toLowerCase()))];
}

/**
 * Base64 of a value as it stands within the base64 of a longer text, at each of the three places its first byte can
 * have in a group. The characters that share bits with a neighbour are left out.
 */
function base64Forms(bytes: Buffer): string[] {
  return [0, 1, 2].flatMap((shift) => {
    const encoded = Buffer.concat([Buffer.alloc(shift), bytes])
      .toString("base64")
      .replace(/=+$/, "");
    const from = shift === 0 ? 0 : shift + 1;
    const whole = Math.floor(((shift + bytes.length) * 8) / 6);
    const plain = encoded.slice(from, whole);
    return [plain, plain.replaceAll("+", "-").replaceAll("/", "_"), plain.replaceAll("+", " ")];
  });
}

/** UTF-16 whose bytes were taken for UTF-8, for a value that is not ASCII; of ASCII every second character is NUL, which `viewsOf` sees. */
function wideForms(value: string): string[] {
  if (/^[\0-\x7f]*$/.test(value)) return [];
  const little = Buffer.from(value, "utf16le");
  return [little.toString("utf8"), Buffer.from(little).swap16().toString("utf8")];
}
