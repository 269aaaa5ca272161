/**
 * Headers that override the path or the method of a request: which the shop is sent, and what is
 * read of them.
 */
import { describe, expect, test } from "vitest";
import {
  isForeignOverride,
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
      "Accept",
    ];
    expect(others.filter((name) => isForeignOverride(name, NONE))).toEqual([]);
  });

  test("a setting with another header, or one that names a host, is refused by name", () => {
    const setting = readObeyed("X-Original-URL, X-Host, Accept");
    expect(setting).toEqual({ kind: "unknown", names: ["X-Host", "Accept"] });
  });
});

describe("of these headers is read", () => {
  test("each value, and a prefix in front of the path", () => {
    const headers: [string, string][] = [
      ["x-original-url", "/a?b=1"],
      ["x-forwarded-prefix", "/drops"],
      ["x-http-method", "Post"],
      ["x-forwarded-host", "other.example"],
      ["accept", "text/html"],
    ];
    expect(overridesIn(headers, "/air", NONE)).toEqual({
      methods: ["POST"],
      paths: ["/a", "/drops/air"],
      isUnread: false,
    });
  });

  test("of a header that was sent twice, the whole and each part", () => {
    const headers: [string, string][] = [["x-original-url", "/a?b, /c"]];
    expect(overridesIn(headers, "/air", NONE).paths).toEqual(["/a", "/a", "/c"]);
  });

  test.each([
    ["a longer value", "/".padEnd(OVERRIDES_LENGTH_MAX + 1, "a")],
    ["more values", ",".repeat(OVERRIDE_VALUES_MAX - 1)],
  ])("nothing of %s, which is in doubt where the shop obeys it", (_, value) => {
    const headers: [string, string][] = [["x-original-url", value]];
    const nothing = { methods: [], paths: [] };
    expect(overridesIn(headers, "/", NONE)).toEqual({ ...nothing, isUnread: false });
    const obeyed = obeying("X-Original-URL");
    expect(overridesIn(headers, "/", obeyed)).toEqual({ ...nothing, isUnread: true });
    const shorter: [string, string][] = [["x-original-url", value.slice(1)]];
    expect(overridesIn(shorter, "/", obeyed)).toMatchObject({ isUnread: false });
  });
});
