/**
 * A merchant's link with a pass to a sale's pages: that it asks before anything changes, what a
 * valid pass opens, how each bad one is refused, and that the pass stays in no page and no address.
 */
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { claimsOf } from "../../simulation/drill/fairness.ts";
import type { PassRefusal } from "../../src/domain/line/pass-places.ts";
import { codeOfVisit } from "../../src/web/discount-cookie.ts";
import { passText } from "../../src/pages/parts/pass-text.ts";
import {
  inSeconds,
  MEMBERS,
  PASS_SECRETS,
  passFor,
  WITH_PASSES,
} from "./support/merchant-passes.ts";
import {
  auditOf,
  makeSale,
  NOT_OPEN,
  PREQUEUE,
  type Sluice,
  startSluice,
} from "./support/sluice.ts";

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

type Sent = Readonly<Record<string, string>>;

/** A browser that keeps cookies and follows no redirects. */
class Device {
  readonly #cookies = new Map<string, string>();

  async #ask(path: string, init: RequestInit, more: Sent): Promise<Page> {
    const url = `${sluice.host.gateUrl}/_sluice/shop/${path}`;
    const cookie = [...this.#cookies].map(([name, value]) => `${name}=${value}`).join("; ");
    const headers = { cookie, origin: new URL(url).origin, ...more };
    const response = await fetch(url, { redirect: "manual", headers, ...init });
    for (const line of response.headers.getSetCookie()) {
      const [name = "", value = ""] = (line.split(";")[0] ?? "").split("=");
      if (value === "") this.#cookies.delete(name);
      else this.#cookies.set(name, value);
    }
    return { status: response.status, headers: response.headers, text: await response.text() };
  }

  open(path: string, headers: Sent = {}): Promise<Page> {
    return this.#ask(path, {}, headers);
  }

  send(path: string, fields: Sent = {}, headers: Sent = {}): Promise<Page> {
    return this.#ask(path, { method: "POST", body: new URLSearchParams(fields) }, headers);
  }

  /** Sets the cookie of a pass, as its link would have done while it was valid. */
  carryPass(pass: string): void {
    this.#cookies.set(`__Host-sluice-pass-${SALE}`, pass);
  }

  cookie(kind: "pass" | "ticket" | "admission" | "code", sale = SALE): string | undefined {
    return this.#cookies.get(`__Host-sluice-${kind}-${sale}`);
  }
}

const linkOf = (pass: string, sale = SALE): string => `${sale}?pass=${encodeURIComponent(pass)}`;

/** The field of the link's page: the key of the join. */
function keyIn({ text }: Page): Record<string, string> {
  return { key: /name="key" value="([^"]+)"/.exec(text)?.[1] ?? "" };
}

/** Presses the button of the link's page. */
async function use(device: Device, pass: string, sale = SALE): Promise<Page> {
  return device.send(linkOf(pass, sale), keyIn(await device.open(linkOf(pass, sale))));
}

async function used(pass: string, sale = SALE): Promise<Device> {
  const device = new Device();
  await use(device, pass, sale);
  return device;
}

/** A shopper who waits in the general line. */
async function inLine(): Promise<Device> {
  const device = new Device();
  await device.open(SALE);
  await device.send(`${SALE}/join`);
  return device;
}

describe("a link with a valid pass", () => {
  test("asks whether to use it, sets no cookie and takes no place, wherever it was followed", async () => {
    const before = await auditOf(sluice, SALE);
    const pass = await passFor(SALE, { sub: "ann", code: "thanks-ann" });
    const cross = { "sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate" };
    for (const headers of [{}, cross, { "sec-fetch-site": "same-origin" }]) {
      const page = await new Device().open(linkOf(pass), headers);
      expect([page.status, page.headers.getSetCookie()]).toEqual([200, []]);
      expect(page.headers.get("referrer-policy")).toBe("strict-origin");
      expect(page.headers.get("cache-control")).toContain("no-store");
      expect(page.text).toContain("Use this pass?");
      expect(page.text).toContain("the lane <strong>members</strong>");
      expect(page.text).toContain("discount code");
      expect(page.text).toContain("Everybody who uses this link");
      expect(page.text).not.toContain(pass);
    }
    expect(await auditOf(sluice, SALE)).toEqual(before);
  });

  test("needs one press of its button for a first visit", async () => {
    const pass = await passFor(SALE, { sub: "fay", code: "thanks-fay" });
    const device = new Device();
    const joined = await use(device, pass);
    expect([joined.status, joined.headers.get("location")]).toEqual([
      303,
      `/_sluice/shop/${SALE}/wait`,
    ]);
    const lines = joined.headers.getSetCookie();
    const [named, ...attributes] = lines[0]?.split("; ") ?? [];
    expect(named).toBe(`__Host-sluice-pass-${SALE}=${pass}`);
    expect(new Set(attributes)).toEqual(
      new Set(["Path=/", "Secure", "HttpOnly", "SameSite=Lax", "Max-Age=86400"]),
    );
    const claims = claimsOf(device.cookie("ticket") ?? "");
    expect(claims).toMatchObject({ lane: "members", sub: "pass:fay" });
    const waiting = await device.open(`${SALE}/wait`);
    expect(waiting.text).toContain("Your lane: <strong>members</strong>");
    expect((await device.open(SALE)).text).toContain("You are already in line.");
    const cookie = `__Host-sluice-code-${SALE}=${device.cookie("code")}`;
    expect(codeOfVisit(new Headers({ cookie }), SALE)).toBe("THANKS-FAY");
    expect(codeOfVisit(new Headers({ cookie: `${cookie}<b>` }), SALE)).toBeNull();
    expect(codeOfVisit(new Headers(), SALE)).toBeNull();
  });

  test("is used by its own page's form alone", async () => {
    const pass = await passFor(SALE, { sub: "gus" });
    const device = new Device();
    const key = keyIn(await device.open(linkOf(pass)));
    for (const origin of ["https://evil.example", "null"]) {
      const refused = await device.send(linkOf(pass), key, { origin });
      expect([refused.status, refused.headers.getSetCookie()]).toEqual([403, []]);
    }
    expect((await device.send(linkOf(pass), {})).status).toBe(422);
    expect((await device.send(linkOf(pass), { key: "1" })).status).toBe(422);
    expect((await device.send(SALE, key)).headers.get("location")).toBe(`/_sluice/shop/${SALE}`);
    expect([device.cookie("pass"), device.cookie("ticket")]).toEqual([undefined, undefined]);
  });

  test("says what a shopper in line would give up, and takes it only when it is used", async () => {
    const device = await inLine();
    const ticket = device.cookie("ticket");
    const pass = await passFor(SALE, { sub: "bob" });
    const page = await device.open(linkOf(pass));
    expect(page.text).toContain("you give up that place");
    expect(page.text).toContain(`href="/_sluice/shop/${SALE}/wait"`);
    await device.send(`${SALE}/join`);
    expect(device.cookie("ticket")).toBe(ticket);
    await device.send(linkOf(pass), keyIn(page));
    expect(claimsOf(device.cookie("ticket") ?? "")?.sub).toBe("pass:bob");
    const other = await device.open(linkOf(await passFor(SALE, { sub: "cid" })));
    expect(other.text).toContain("you give up that place");
    expect(claimsOf(device.cookie("ticket") ?? "")?.sub).toBe("pass:bob");
  });

  test("is not asked about again by the shopper whose place it is", async () => {
    const sub = "hal";
    const device = await used(await passFor(SALE, { sub }));
    const ticket = device.cookie("ticket");
    const again = await passFor(SALE, { sub, code: "again" });
    const page = await device.open(linkOf(again));
    expect([page.status, page.headers.get("location")]).toEqual([303, `/_sluice/shop/${SALE}`]);
    expect([device.cookie("pass"), device.cookie("code")]).toEqual([again, "AGAIN"]);
    await device.send(`${SALE}/join`);
    expect(device.cookie("ticket")).toBe(ticket);
  });

  test("without a subject keeps a place of its lane, and is one join however often it is sent", async () => {
    const pass = await passFor(SALE);
    const device = new Device();
    const page = await device.open(linkOf(pass));
    expect(page.text).not.toContain("Everybody who uses this link");
    await device.send(linkOf(pass), keyIn(page));
    const ticket = device.cookie("ticket");
    const repeated = new Device();
    await repeated.send(linkOf(pass), keyIn(page));
    expect(repeated.cookie("ticket")).toBe(ticket);
    const next = await passFor(SALE, { exp: inSeconds(500) });
    expect((await device.open(linkOf(next))).text).toContain("keep your place");
    await use(device, next);
    expect(device.cookie("ticket")).toBe(ticket);
  });

  test("lets in at once while nobody waits, on every device into the same seat", async () => {
    const sale = "linked-open";
    await makeSale(sluice, sale, MEMBERS);
    const pass = await passFor(sale, { sub: "ann" });
    const devices = [new Device(), new Device()];
    for (const device of devices) {
      expect((await device.open(linkOf(pass, sale))).text).toContain("Go in with this pass");
      const joined = await use(device, pass, sale);
      expect(joined.headers.get("location")).toBe(`/_sluice/shop/${sale}`);
      expect((await device.open(sale)).text).toContain("Add to cart");
    }
    const [one, two] = devices.map((device) => device.cookie("admission", sale));
    expect(one).toBe(two);
    expect(await auditOf(sluice, sale)).toMatchObject({ claimed: 1, active: 1 });

    const stranger = await passFor(sale, { sub: "mallory", code: "mallory" });
    const [ann = new Device()] = devices;
    expect((await ann.open(linkOf(stranger, sale))).text).toContain("you stay there");
    expect(ann.cookie("admission", sale)).toBe(one);
    const stays = await use(ann, stranger, sale);
    expect(stays.headers.get("location")).toBe(`/_sluice/shop/${sale}`);
    expect([ann.cookie("admission", sale), ann.cookie("code", sale)]).toEqual([one, "MALLORY"]);
    expect(await auditOf(sluice, sale)).toMatchObject({ claimed: 1, active: 1 });
  });

  test("before the opening is kept for the join", async () => {
    const sale = "linked-early";
    await makeSale(sluice, sale, { ...NOT_OPEN, ...MEMBERS });
    const pass = await passFor(sale, { sub: "ann" });
    const device = await used(pass, sale);
    expect(device.cookie("pass", sale)).toBe(pass);
    expect((await device.open(sale)).status).toBe(200);
  });

  test("of a sale that is over shows that it is over", async () => {
    const device = new Device();
    const page = await device.open(linkOf(await passFor("linked-over"), "linked-over"));
    expect([page.status, page.headers.getSetCookie()]).toEqual([303, []]);
    expect((await device.open("linked-over")).text).toContain("This sale has ended");
  });

  test("to a sale that does not exist sets no cookie", async () => {
    const device = new Device();
    const page = await device.open(`nothing?pass=${await passFor("nothing")}`);
    expect([page.status, page.headers.getSetCookie()]).toEqual([404, []]);
    expect(page.headers.get("referrer-policy")).toBe("strict-origin");
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
    const [device, pass] = [new Device(), await make()];
    for (let look = 0; look < 2; look += 1) {
      const page = await device.open(linkOf(pass));
      expect(page.status).toBe(403);
      expect(page.text).toContain(passText(reason).heading);
      expect(page.text).toContain(`pass_invalid, ${reason}`);
    }
    expect(device.cookie("pass")).toBeUndefined();
    const key = { key: crypto.randomUUID() };
    expect((await device.send(linkOf(pass), key)).status).toBe(403);
    expect([device.cookie("pass"), device.cookie("ticket")]).toEqual([undefined, undefined]);
    expect((await device.send(`${SALE}/join`, { general: "yes" })).status).toBe(303);
    expect(claimsOf(device.cookie("ticket") ?? "")).toMatchObject({ lane: "general" });
  },
);

test("a link whose pass has expired does not change an existing place", async () => {
  const device = await used(await passFor(SALE, { sub: "dan" }));
  const ticket = device.cookie("ticket");
  const page = await device.open(linkOf(await passFor(SALE, { exp: inSeconds(-1) })));
  expect([page.status, page.text.includes("See your place")]).toEqual([403, true]);
  expect(page.text).not.toContain("Join the general line");
  expect((await device.open(`${SALE}/wait`)).text).toContain("Your lane: <strong>members</strong>");
  expect(device.cookie("ticket")).toBe(ticket);
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
    const device = await used(link.searchParams.get("pass") ?? "");
    expect(claimsOf(device.cookie("ticket") ?? "")).toMatchObject({ sub: "pass:eve" });
    expect(link.pathname).toBe(`/_sluice/shop/${SALE}`);
    expect(print().split(".")).toHaveLength(3);
    const withCode = new URL(print("--url", sluice.host.gateUrl, "--code", "thanks-eve"));
    const shopper = await used(withCode.searchParams.get("pass") ?? "");
    expect(shopper.cookie("code")).toBe("THANKS-EVE");
    expect(() => print("--url", "shop.example")).toThrow("--url must be an http or https address");
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
