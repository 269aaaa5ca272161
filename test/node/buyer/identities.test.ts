/**
 * Keyed hashes of addresses: one for each key, the same for every spelling of a mailbox, and of no
 * use without the key.
 */
import { expect, test } from "vitest";
import { buyerHashOf, identitiesOf } from "../../../src/domain/buyer/identities.ts";
import { digestOf } from "../../../src/encoding/json.ts";

const ANN = { email: "Ann+Drop@Shoppers.Example" };

test("a mailbox has one hash under each key, however it is spelt", () => {
  const hashes = identitiesOf(ANN, ["new", "old"]);
  expect(hashes).toEqual(identitiesOf({ email: "ann@shoppers.example" }, ["new", "old"]));
  expect(new Set(hashes).size).toBe(2);
  expect(identitiesOf(ANN, ["old"])).toEqual([hashes[1]]);
  expect(identitiesOf({ email: "ben@shoppers.example" }, ["new"])).not.toContain(hashes[0]);
  expect(buyerHashOf(hashes)).toBe(hashes[0]);
});

test("nobody without the key can compute it, and digests of a release before are no hashes", () => {
  const unkeyed = digestOf(["email", "ann@shoppers.example"]);
  expect(identitiesOf(ANN, ["key"])[0]).not.toContain(unkeyed.slice(0, 40));
  expect(buyerHashOf([unkeyed])).toBeNull();
});
