/**
 * Headers that override the path or the method of a request: which the shop is sent, and what is
 * read of them.
 */
import { describe, expect, test } from "vitest";
import {
  foreignOverrides,
  isGates,
  noteHeaders,
  OVERRIDE_VALUES_MAX,
  OVERRIDES_LENGTH_MAX,
  overridesIn,
  readObeyed,
  type ObeyedOverrides,
} from "../../../src/domain/guards/override-headers.ts";

function obeying(text: string): ObeyedOverrides {
  const setting = readObeyed(text);
  if (setting.kind === "unknown") throw new Error(setting.names.join());
  return setting.obeyed;
}

const NONE = obeying("");

const isForeignOverride = (name: string, obeyed: ObeyedOverrides): boolean => {
  return foreignOverrides(noteHeaders([name]), obeyed).includes(name);
};

type Pairs = [string, string][];

function read(headers: Pairs, path: string, obeyed: ObeyedOverrides) {
  const values = new Map(headers);
  const valueOf = (name: string): string | null => values.get(name) ?? null;
  return overridesIn(noteHeaders(values.keys()), valueOf, path, obeyed);
}

test("one look at the names finds what is the gate's, what overrides, and the scheme", () => {
  const ours = ["sluice-admission", "sluice_replay", "sluice.x", "sluice-"];
  const others = ["sluice", "sluicex", "sluice1-a", "slu", "s", "x", "", "accept", "xy-host"];
  const overriding = ["x-original-url", "x_host"];
  const protocols = ["x-forwarded-proto", "x_forwarded.proto"];
  const noted = noteHeaders([...others, ...ours, ...overriding, ...protocols]);
  expect(noted.ours).toEqual(ours);
  expect(noted.overriding.map(([header]) => header)).toEqual(overriding);
  expect(noted.protocols).toEqual(protocols);
  expect(others.filter(isGates)).toEqual([]);
});

describe("the shop is not sent", () => {
  test.each([
    "X-Original-URL",
    "x-rewrite-url",
    "X_Original_URL",
    "X.Rewrite.URL",
    "X-HTTP-Method-Override",
    "X-HTTP-Method",
    "X_Method-Override",
    "X-Forwarded-Prefix",
    "X-Forwarded-Path",
    "X-Forwarded-Uri",
    "X-Original-URI",
    "X-Script-Name",
    "X-Host",
    "X-Forwarded-Host",
    "X-HTTP-Host-Override",
    "X-ARR-Original-URL",
    "X-Matched-Path",
    "SCRIPT_NAME",
    "Script-Name",
    "path_info",
    "Request-Uri",
    "Forwarded",
  ])("%s, unless it obeys it", (name) => {
    expect(isForeignOverride(name, NONE)).toBe(true);
  });

  test("what it obeys passes in every spelling, and all else passes as ever", () => {
    const obeyed = obeying(" X-Original-URL ,x_http_method, ");
    expect(isForeignOverride("x-original-url", obeyed)).toBe(false);
    expect(isForeignOverride("X_Original_URL", obeyed)).toBe(false);
    expect(isForeignOverride("X-HTTP-Method", obeyed)).toBe(false);
    expect(isForeignOverride("X-Rewrite-URL", obeyed)).toBe(true);
    const others = [
      "X-Requested-With",
      "X-Forwarded-For",
      "X-Originally",
      "Original-URL",
      "Host",
      "Sec-CH-UA",
      "Accept",
    ];
    expect(others.filter((name) => isForeignOverride(name, NONE))).toEqual([]);
  });

  test("a setting with another header, or one that names a host, is refused by name", () => {
    const setting = readObeyed("X-Original-URL, X-Host, Forwarded, Accept");
    expect(setting).toEqual({ kind: "unknown", names: ["X-Host", "Forwarded", "Accept"] });
  });
});

describe("of these headers is read", () => {
  test("each value, and a prefix in front of the path", () => {
    const headers: Pairs = [
      ["x-original-url", "/a?b=1"],
      ["x-forwarded-prefix", "/drops"],
      ["x-http-method", "Post"],
      ["x-forwarded-host", "other.example"],
      ["accept", "text/html"],
    ];
    expect(read(headers, "/air", NONE)).toEqual({
      methods: ["POST"],
      paths: ["/a", "/drops/air"],
      isUnread: false,
    });
  });

  test("of a header that was sent twice, the whole and each part", () => {
    const headers: Pairs = [["x-original-url", "/a?b, /c"]];
    expect(read(headers, "/air", NONE).paths).toEqual(["/a", "/a", "/c"]);
  });

  test.each([
    ["a longer value", "/".padEnd(OVERRIDES_LENGTH_MAX + 1, "a")],
    ["more values", ",".repeat(OVERRIDE_VALUES_MAX - 1)],
  ])("nothing of %s, which is in doubt where the shop obeys it", (_, value) => {
    const headers: Pairs = [["x-original-url", value]];
    const nothing = { methods: [], paths: [] };
    expect(read(headers, "/", NONE)).toEqual({ ...nothing, isUnread: false });
    const obeyed = obeying("X-Original-URL");
    expect(read(headers, "/", obeyed)).toEqual({ ...nothing, isUnread: true });
    const shorter: Pairs = [["x-original-url", value.slice(1)]];
    expect(read(shorter, "/", obeyed)).toMatchObject({ isUnread: false });
  });
});
