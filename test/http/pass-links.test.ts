/**
 * A merchant's link with a pass to a sale's pages: what a valid pass opens, how each bad one is
 * refused, and that the pass does not stay in addresses.
 */
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { claimsOf } from "../../simulation/drill/fairness.ts";
import type { PassRefusal } from "../../src/domain/line/pass-places.ts";
import { passText } from "../../src/pages/parts/pass-text.ts";
import {
  inSeconds,
  MEMBERS,
  PASS_SECRETS,
  passFor,
  WITH_PASSES,
} from "./support/merchant-passes.ts";
import { auditOf, makeSale, PREQUEUE, type Sluice, startSluice } from "./support/sluice.ts";

const SALE = "linked";

let sluice: Sluice;
beforeAll(async () => {
  sluice = await startSluice(WITH_PASSES);
  await makeSale(sluice, SALE, { ...PREQUEUE, ...MEMBERS });
  await makeSale(sluice, "linked-over", MEMBERS);
  await sluice.merchant("POST", "/sales/linked-over/actions", { action: "end" });
});
afterAll(() => sluice.stop());

interface Page {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
}

/** A browser that keeps cookies and follows no redirects. */
class Device {
  readonly #cookies = new Map<string, string>();

  async #ask(path: string, init: RequestInit): Promise<Page> {
    const url = `${sluice.host.gateUrl}/_sluice/shop/${path}`;
    const cookie = [...this.#cookies].map(([name, value]) => `${name}=${value}`).join("; ");
    const headers = { cookie, origin: new URL(url).origin };
    const response = await fetch(url, { redirect: "manual", headers, ...init });
    for (const line of response.headers.getSetCookie()) {
      const [name = "", value = ""] = (line.split(";")[0] ?? "").split("=");
      if (value === "") this.#cookies.delete(name);
      else this.#cookies.set(name, value);
    }
    return { status: response.status, headers: response.headers, text: await response.text() };
  }

  open(path: string): Promise<Page> {
    return this.#ask(path, {});
  }

  send(path: string, fields: Readonly<Record<string, string>> = {}): Promise<Page> {
    return this.#ask(path, { method: "POST", body: new URLSearchParams(fields) });
  }

  /** Sets the cookie of a pass, as its link would have done while it was valid. */
  carryPass(pass: string): void {
    this.#cookies.set(`__Host-sluice-pass-${SALE}`, pass);
  }

  cookie(kind: "pass" | "ticket" | "admission", sale = SALE): string | undefined {
    return this.#cookies.get(`__Host-sluice-${kind}-${sale}`);
  }
}

async function opened(pass: string, sale = SALE): Promise<Device> {
  const device = new Device();
  await device.open(`${sale}?pass=${encodeURIComponent(pass)}`);
  return device;
}

describe("a link with a valid pass", () => {
  test("moves the pass from the URL into a cookie, and takes no place", async () => {
    const before = await auditOf(sluice, SALE);
    const pass = await passFor(SALE);
    const page = await new Device().open(`${SALE}?pass=${pass}`);
    expect(page.status).toBe(303);
    expect(page.headers.get("location")).toBe(`/_sluice/shop/${SALE}`);
    expect(page.headers.get("referrer-policy")).toBe("no-referrer");
    expect(page.headers.get("cache-control")).toBe("no-store");
    const [cookie = "", ...others] = page.headers.getSetCookie();
    expect(others).toEqual([]);
    const [named, ...attributes] = cookie.split("; ");
    expect(named).toBe(`__Host-sluice-pass-${SALE}=${pass}`);
    expect(new Set(attributes)).toEqual(
      new Set(["Path=/", "Secure", "HttpOnly", "SameSite=Lax", "Max-Age=86400"]),
    );
    expect(await auditOf(sluice, SALE)).toEqual(before);
  });

  test("shows the lane on the storefront, and joining leads into it", async () => {
    const pass = await passFor(SALE, { sub: "ann" });
    const device = await opened(pass);
    const storefront = await device.open(SALE);
    expect(storefront.text).toContain("Your pass is for the lane <strong>members</strong>");
    expect(storefront.text).not.toContain(pass);
    const joined = await device.send(`${SALE}/join`);
    expect([joined.status, joined.headers.get("location")]).toEqual([
      303,
      `/_sluice/shop/${SALE}/wait`,
    ]);
    expect(claimsOf(device.cookie("ticket") ?? "")).toMatchObject({
      lane: "members",
      sub: "pass:ann",
    });
    const waiting = await device.open(`${SALE}/wait`);
    expect(waiting.text).toContain("Your lane: <strong>members</strong>");
    expect((await device.open(SALE)).text).toContain("You are already in line.");
  });

  test("offers its lane to a shopper who waits in the general line, but never another shopper's place", async () => {
    const device = new Device();
    await device.open(SALE);
    await device.send(`${SALE}/join`);
    expect(claimsOf(device.cookie("ticket") ?? "")).toMatchObject({ lane: "general" });
    await device.open(`${SALE}?pass=${await passFor(SALE, { sub: "bob" })}`);
    expect((await device.open(SALE)).text).toContain("You are already in line without this pass.");
    await device.send(`${SALE}/join`);
    expect(claimsOf(device.cookie("ticket") ?? "")?.sub).toBe("pass:bob");
    await device.open(`${SALE}?pass=${await passFor(SALE, { sub: "cid" })}`);
    expect((await device.open(SALE)).text).toContain("You are already in line without this pass.");
    await device.send(`${SALE}/join`);
    expect(claimsOf(device.cookie("ticket") ?? "")?.sub).toBe("pass:cid");
  });

  test("without a subject keeps a place of its lane", async () => {
    const device = await opened(await passFor(SALE));
    await device.send(`${SALE}/join`);
    const ticket = device.cookie("ticket");
    await device.open(`${SALE}?pass=${await passFor(SALE)}`);
    expect((await device.open(SALE)).text).toContain("You are already in line.");
    await device.send(`${SALE}/join`);
    expect(device.cookie("ticket")).toBe(ticket);
  });

  test("lets in at once while nobody waits, on every device into the same seat", async () => {
    const sale = "linked-open";
    await makeSale(sluice, sale, MEMBERS);
    const pass = await passFor(sale, { sub: "ann" });
    const devices = await Promise.all([opened(pass, sale), opened(pass, sale)]);
    for (const device of devices) {
      expect((await device.open(sale)).text).toContain("Go in");
      const joined = await device.send(`${sale}/join`);
      expect(joined.headers.get("location")).toBe(`/_sluice/shop/${sale}`);
      expect((await device.open(sale)).text).toContain("Add to cart");
    }
    const [one, two] = devices.map((device) => device.cookie("admission", sale));
    expect(one).toBe(two);
    expect(await auditOf(sluice, sale)).toMatchObject({ claimed: 1, active: 1 });
  });

  test("of a sale that is over shows that it is over", async () => {
    const device = await opened(await passFor("linked-over"), "linked-over");
    expect((await device.open("linked-over")).text).toContain("This sale has ended");
  });

  test("to a sale that does not exist sets no cookie", async () => {
    const device = new Device();
    const page = await device.open(`nothing?pass=${await passFor("nothing")}`);
    expect([page.status, page.headers.getSetCookie()]).toEqual([404, []]);
    expect(page.headers.get("referrer-policy")).toBe("no-referrer");
  });
});

const BAD: readonly [PassRefusal, () => string | Promise<string>][] = [
  ["malformed", () => ""],
  ["malformed", () => "x; Path=/evil"],
  ["malformed", () => "a".repeat(4000)],
  ["expired", () => passFor(SALE, { exp: inSeconds(-1) })],
  ["not_yet_valid", () => passFor(SALE, { nbf: inSeconds(60) })],
  ["no_expiry", () => passFor(SALE, { exp: undefined })],
  ["other_sale", () => passFor("another-sale")],
  ["unknown_lane", () => passFor(SALE, { lane: "vip" })],
  ["bad_signature", async () => `${(await passFor(SALE)).slice(0, -4)}AAAA`],
];

test.each(BAD)(
  "a link whose pass is refused as %s says so and offers the general line",
  async (...given) => {
    const [reason, make] = given;
    const device = await opened(await make());
    expect(device.cookie("pass")).toBe(reason);
    for (let look = 0; look < 2; look += 1) {
      const page = await device.open(SALE);
      expect(page.status).toBe(403);
      expect(page.text).toContain(passText(reason).heading);
      expect(page.text).toContain(`pass_invalid, ${reason}`);
    }
    expect((await device.send(`${SALE}/join`)).status).toBe(403);
    expect(device.cookie("ticket")).toBeUndefined();
    expect((await device.send(`${SALE}/join`, { general: "yes" })).status).toBe(303);
    expect(device.cookie("pass")).toBeUndefined();
    expect(claimsOf(device.cookie("ticket") ?? "")).toMatchObject({ lane: "general" });
  },
);

test("a link whose pass has expired does not change an existing place", async () => {
  const device = await opened(await passFor(SALE, { sub: "dan" }));
  await device.send(`${SALE}/join`);
  const ticket = device.cookie("ticket");
  const late = await device.open(`${SALE}?pass=${await passFor(SALE, { exp: inSeconds(-1) })}`);
  expect(late.status).toBe(303);
  const page = await device.open(SALE);
  expect([page.status, page.text.includes("See your place")]).toEqual([403, true]);
  expect(page.text).not.toContain("Join the general line");
  expect((await device.open(`${SALE}/wait`)).text).toContain("Your lane: <strong>members</strong>");
  const again = await device.send(`${SALE}/join`, { afresh: "yes" });
  expect([again.status, device.cookie("ticket")]).toEqual([403, ticket]);
});

test("a pass that expires between the link and the join is refused", async () => {
  const device = new Device();
  device.carryPass(await passFor(SALE, { exp: inSeconds(-1) }));
  expect((await device.open(SALE)).text).toContain("This pass has expired");
  const page = await device.send(`${SALE}/join`);
  expect([page.status, page.text.includes("This pass has expired")]).toEqual([403, true]);
  expect([device.cookie("pass"), device.cookie("ticket")]).toEqual(["expired", undefined]);
});

test("`npm run pass --url` prints a link that works", async () => {
  const folder = mkdtempSync(join(tmpdir(), "sluice-pass-"));
  try {
    const secrets = join(folder, "secrets.json");
    writeFileSync(secrets, JSON.stringify(PASS_SECRETS));
    const print = (...args: readonly string[]): string => {
      const given = ["--sale", SALE, "--lane", "members", "--sub", "eve", "--secrets", secrets];
      const program = new URL("../../tools/pass.ts", import.meta.url).pathname;
      return execFileSync(process.execPath, [program, ...given, ...args], { stdio: "pipe" })
        .toString()
        .trim();
    };
    const link = new URL(print("--url", sluice.host.gateUrl));
    expect(link.origin).toBe(new URL(sluice.host.gateUrl).origin);
    const device = await opened(link.searchParams.get("pass") ?? "");
    await device.send(`${SALE}/join`);
    expect(claimsOf(device.cookie("ticket") ?? "")).toMatchObject({ sub: "pass:eve" });
    expect(link.pathname).toBe(`/_sluice/shop/${SALE}`);
    expect(print().split(".")).toHaveLength(3);
    expect(() => print("--url", "shop.example")).toThrow("--url must be an http or https address");
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
