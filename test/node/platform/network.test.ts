/**
 * The network of an address: one name for each household, however its addresses are written.
 */
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { networkBlockOf, networkOf } from "../../../src/domain/network.ts";

describe("an address, its network, and the block of that", () => {
  test.each([
    ["192.0.2.77", "192.0.2.77", "192.0.2"],
    ["2001:db8:1:2::9", "2001:db8:1:2", "2001:db8:1"],
    ["2001:0DB8:0001:0002:0:0:0:9", "2001:db8:1:2", "2001:db8:1"],
    ["2001:db8::1", "2001:db8:0:0", "2001:db8:0"],
    ["::1", "0:0:0:0", "0:0:0"],
    ["fe80::1%eth0", "fe80:0:0:0", "fe80:0:0"],
    // IPv4 written as IPv6: mapped, translated (SIIT and NAT64), 6to4.
    ["::ffff:192.0.2.77", "192.0.2.77", "192.0.2"],
    ["::FFFF:c000:024d", "192.0.2.77", "192.0.2"],
    ["0:0:0:0:0:ffff:c000:24d", "192.0.2.77", "192.0.2"],
    ["::ffff:0:192.0.2.77", "192.0.2.77", "192.0.2"],
    ["64:ff9b::192.0.2.77", "192.0.2.77", "192.0.2"],
    ["2002:c000:24d:5::9", "192.0.2.77", "192.0.2"],
    // A hash of Cloudflare's Pseudo IPv4 has no neighbours.
    ["241.7.8.9", "241.7.8.9", "241.7.8.9"],
    // No address: a network of its own.
    ["", "", ""],
    ["unknown", "unknown", "unknown"],
    ["192.0.2.0x4d", "192.0.2.0x4d", "192.0.2.0x4d"],
    ["3221225549", "3221225549", "3221225549"],
  ])("%s is in %s, of %s", (address, network, block) => {
    expect(networkOf(address)).toBe(network);
    expect(networkBlockOf(address)).toBe(block);
  });
});

const group = fc.integer({ min: 0, max: 0xffff });

/** The same address: in capitals, with leading zeros, and with a run of zeros left out. */
function spellingsOf(groups: readonly number[]): readonly string[] {
  const short = groups.map((value) => value.toString(16));
  const run = /(?:^|:)(?:0(?::|$)){2,}/;
  return [
    short.join(":"),
    short.map((text) => text.padStart(4, "0").toUpperCase()).join(":"),
    short.join(":").replace(run, "::"),
  ];
}

test("every spelling of an IPv6 address is in one network: the host's bits do not matter", () => {
  const hosts = fc.array(fc.oneof(fc.constant(0), group), { minLength: 4, maxLength: 4 });
  const site = fc.tuple(fc.integer({ min: 0x2003, max: 0x3fff }), group, group, group);
  fc.assert(
    fc.property(site, hosts, hosts, (site, one, other) => {
      const spellings = [...spellingsOf([...site, ...one]), ...spellingsOf([...site, ...other])];
      expect(new Set(spellings.map(networkOf)).size).toBe(1);
      const [first, second, third, fourth] = site;
      const neighbour = [first, second, third, fourth ^ 1, ...one];
      for (const spelling of spellingsOf(neighbour)) {
        expect(networkOf(spelling)).not.toBe(networkOf(spellings[0] ?? ""));
        expect(networkBlockOf(spelling)).toBe(networkBlockOf(spellings[0] ?? ""));
      }
    }),
  );
});
