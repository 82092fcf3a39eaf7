import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { isGuessable } from "../../model/guessable.ts";
import { telegramToken } from "../checks/exposureTokens.ts";

describe("isGuessable", () => {
  for (const value of [
    "",
    "summer-2026",
    "correct-horse-battery-staple",
    "CorrectHorseBatteryStaple2026",
    // In two pieces: whole, it would be an exposure of this file's own.
    ["postgres://postgres", "postgres@localhost:5432/postgres"].join(":"),
    "a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1",
    "1234567890123456789012345678",
    "abcdefghijklmnopqrstuvwxyz0123456789",
    "Passwort-der-Datenbank-von-2026-Nummer-1",
    ".".repeat(60),
  ]) {
    it(`is true of ${value || "nothing"}`, () => assert.ok(isGuessable(value)));
  }

  for (const [title, make] of [
    ["a token of a known shape", telegramToken],
    ["a random key in base64", () => randomBytes(32).toString("base64")],
    ["a random password of 24 characters", () => randomBytes(18).toString("base64url")],
    ["a random key in hex", () => randomBytes(32).toString("hex")],
    ["an address with a random password", () => `postgres://bot:${randomBytes(24).toString("base64url")}@db.example.org`],
  ] as const) {
    it(`is false of ${title}, but for one in many`, () => {
      const taken = Array.from({ length: 300 }, make).filter((value) => isGuessable(value));
      assert.ok(taken.length < 20, String(taken.length));
    });
  }
});
