/**
 * Device binding: which device an admission was issued to, and what happens on other devices.
 */
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { networkBlockOf } from "../../../src/domain/network.ts";
import {
  deviceIdSchema,
  deviceOf,
  replayOf,
  replaySchema,
  type DeviceFacts,
} from "../../../src/domain/sale/device-binding.ts";

const facts: fc.Arbitrary<DeviceFacts> = fc.record({
  id: fc.option(fc.constantFrom("device-one-00000000", "device-two-00000000")),
  userAgent: fc.constantFrom("", "a browser", "another"),
  address: fc.option(fc.constantFrom("192.0.2.1", "192.0.2.9", "198.51.100.1", "2001:db8::1")),
});
const rules = fc.record({
  handling: fc.constantFrom("allow", "report", "refuse"),
  address: fc.boolean(),
});

/** The rule, written a second time. */
function isSame(withNetwork: boolean, one: DeviceFacts, other: DeviceFacts): boolean {
  const network = ({ address }: DeviceFacts) => (address === null ? "" : networkBlockOf(address));
  const own = one.id !== null && one.id === other.id && one.userAgent === other.userAgent;
  return own && (!withNetwork || network(one) === network(other));
}

test("an admission is accepted on its own device, and reported or refused on others", () => {
  fc.assert(
    fc.property(rules, facts, facts, (rules, given, used) => {
      const bound = deviceOf(rules, given);
      const binds = rules.handling !== "allow" && given.id !== null;
      expect(bound === null).toBe(!binds);
      const elsewhere = rules.handling === "report" ? "reported" : "refused";
      const expected = !binds || isSame(rules.address, given, used) ? "own" : elsewhere;
      expect(replayOf(rules, bound, used)).toBe(expected);
    }),
  );
});

test("the same device has the same digest, in 22 characters", () => {
  const refuse = replaySchema.parse({ handling: "refuse" });
  const device = { id: "device-one-00000000", userAgent: "a browser", address: "192.0.2.1" };
  const digest = deviceOf(refuse, device);
  expect(deviceOf(refuse, { ...device, address: "198.51.100.1" })).toBe(digest);
  expect(digest).toMatch(/^[A-Za-z0-9_-]{22}$/);
  expect(deviceOf({ ...refuse, address: true }, device)).not.toBe(digest);
});

test("rules have defaults, and refuse other values and fields", () => {
  expect(replaySchema.parse({})).toEqual({ handling: "allow", address: false });
  expect(replaySchema.safeParse({ handling: "block" }).success).toBe(false);
  expect(replaySchema.safeParse({ device: true }).success).toBe(false);
});

test.each([
  [16, true],
  [15, false],
  [64, true],
  [65, false],
])("a device id of %s characters is accepted: %s", (length, isAccepted) => {
  expect(deviceIdSchema.safeParse("a".repeat(length)).success).toBe(isAccepted);
  expect(deviceIdSchema.safeParse(`${"a".repeat(length - 1)};`).success).toBe(false);
});
