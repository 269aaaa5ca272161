/** Which idempotency keys can be guessed: none that is random, and those that people make up. */
import { createHash, randomBytes, randomUUID } from "node:crypto";
import { expect, test } from "vitest";
import { isGuessable } from "../../../src/domain/key-shape.ts";

const EACH = 20_000;

function uuidOfVersion7(): string {
  const bytes = randomBytes(16);
  bytes.writeUIntBE(Date.now(), 0, 6);
  bytes[6] = 0x70 | ((bytes[6] ?? 0) & 0x0f);
  bytes[8] = 0x80 | ((bytes[8] ?? 0) & 0x3f);
  return bytes.toString("hex").replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
}

test.each<[kind: string, make: () => string]>([
  ["UUIDs", () => randomUUID()],
  ["UUIDs in capitals, after a prefix", () => `order-${randomUUID().toUpperCase()}`],
  ["UUIDs of version 7", uuidOfVersion7],
  ["16 bytes in hexadecimal", () => randomBytes(16).toString("hex")],
  ["16 bytes in base64url", () => randomBytes(16).toString("base64url")],
  ["24 bytes in base64", () => randomBytes(24).toString("base64")],
  ["digests", () => `page-${createHash("sha256").update(randomBytes(8)).digest("hex")}`],
])("random %s are taken", (_, make) => {
  const refused = Array.from({ length: EACH }, make).filter(isGuessable);
  expect(refused).toEqual([]);
});

test.each([
  "1",
  "user-1042",
  "order-1042",
  "join-7f3a",
  "k".repeat(128),
  "0".repeat(32),
  "00000000-0000-0000-0000-000000001042",
  "00000000-0000-4000-8000-000000001042",
  "01939c2e-5b00-7000-8000-000000001042",
  "6ba7b810-9dad-11d1-80b4-00c04fd430c8",
  "886313e1-3b8a-5372-9b90-0c9aee199e5d",
  "00000000000000000000000000001042",
  "12345678901234567890123456789012",
  "20261130170501000000000000001042",
  "0123456789abcdef0123456789abcdef",
  "deadbeefdeadbeefdeadbeefdeadbeef",
  "abababababababababababababababab",
  "abcdefghijklmnopqrstuvwxyz",
  "user-1042-order-2026-11-30-checkout-form",
  "Customer_Anna_Order_20261130_0001042",
  "ann@shoppers.example/order/0000000001042",
  "shop.example:customer:1042:order:00001",
  "a1b2c3d4e5f6",
])("%s is guessable", (key) => {
  expect(isGuessable(key)).toBe(true);
});
