/**
 * When a shopper is redirected with a Queue-it token: once, and never in a loop.
 */
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  needsQueueItToken,
  queueIdOf,
  withQueueItToken,
  type QueueItFacts,
} from "../../../src/domain/sale/queue-it.ts";

const NOW = Date.parse("2026-11-27T10:00:00Z");
const queueId = queueIdOf({ sale: "air-one", admission: "tkt_1" });
const other = queueIdOf({ sale: "air-one", admission: "tkt_2" });
const token = (id: string, seconds: number) =>
  `e_a~q_${id}~ts_${NOW / 1000 + seconds}~rt_queue~h_0`;

function needs(change: Partial<QueueItFacts>): boolean {
  const url = "https://shop.example/drops?size=42";
  return needsQueueItToken({ queueId, marked: null, cookies: null, url, now: NOW, ...change });
}

const at = (text: string) => ({ url: `https://shop.example/drops?queueittoken=${text}` });
const connector = (id: string) => ({
  cookies: `a=b; QueueITAccepted-SDFrts345E-V3_a=EventId%3Da%26QueueId%3D${id}%26Hash%3D0`,
});

describe("a token is", () => {
  test.each([
    ["given on the first visit", {}, true],
    ["not given again", { marked: queueId }, false],
    ["given for a second admission", { marked: other }, true],
    ["not given when the connector has accepted the admission", connector(queueId), false],
    ["given when the connector has accepted another admission", connector(other), true],
    ["not given in addition to a fresh one", at(token(queueId, 30)), false],
    ["given in place of an expired one", { marked: queueId, ...at(token(queueId, -1)) }, true],
    ["given in place of another shopper's", { marked: queueId, ...at(token(other, 30)) }, true],
    ["given in place of an empty one", { marked: queueId, ...at("") }, true],
    ["given in place of two", at(`${token(queueId, 30)}&queueittoken=x`), true],
    [
      "not given in place of an expired one when the connector has accepted the admission",
      { ...connector(queueId), ...at(token(queueId, -1)) },
      false,
    ],
  ])("%s", (_case, change, isGiven) => {
    expect(needs(change)).toBe(isGiven);
  });
});

test.each([
  ["https://shop.example/", "https://shop.example/?queueittoken=T"],
  ["https://shop.example/a?b=1&c", "https://shop.example/a?b=1&c&queueittoken=T"],
  ["https://shop.example/a?queueittoken=old&b=%7e", "https://shop.example/a?b=%7e&queueittoken=T"],
  [
    "https://shop.example//x.example/?QueueItToken=o",
    "https://shop.example//x.example/?queueittoken=T",
  ],
  ["https://shop.example/a?b=1#part", "https://shop.example/a?b=1&queueittoken=T"],
])("%s becomes %s", (url, expected) => {
  expect(withQueueItToken(url, "T")).toBe(expected);
});

test("whatever the address and the cookies, a redirected shopper is not redirected again", () => {
  const word = fc.stringMatching(/^[a-zA-Z0-9%~_=.-]{0,20}$/);
  const name = fc.oneof(word, fc.constant("queueittoken"));
  fc.assert(
    fc.property(fc.array(fc.tuple(name, word)), fc.option(word), (query, cookies) => {
      const pieces = query.map(([key, value]) => `${key}=${value}`).join("&");
      const url = withQueueItToken(`https://shop.example/?${pieces}`, token(queueId, 30));
      expect(needs({ url, cookies, marked: null })).toBe(false);
    }),
  );
});
