/**
 * Tokens on other devices, over HTTP: an admission on a second device is handled as the merchant
 * chose, and combined tokens of two shoppers never give one what belongs to the other.
 */
import { decodeJwt } from "jose";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { PASS_SECRETS, passFor, WITH_PASSES } from "./support/merchant-passes.ts";
import { expectProblem } from "./support/problem-checks.ts";
import {
  acceptedOrder,
  type Answer,
  makeSale,
  orderBody,
  placeOrder,
  PREQUEUE,
  startSluice,
  textOf,
  type Sluice,
  until,
} from "./support/sluice.ts";

const LAPTOP = { "sluice-device": "laptop-0000000000000", "user-agent": "a laptop's browser" };
const PHONE = { "sluice-device": "phone-00000000000000", "user-agent": "a phone's browser" };

type Headers = Readonly<Record<string, string>>;

let sluice: Sluice;
const logged: string[] = [];
beforeAll(async () => {
  const onLog = ({ message }: { readonly message: string }): void => {
    logged.push(message);
  };
  sluice = await startSluice({ ...WITH_PASSES, onLog });
});
afterAll(() => sluice.stop());

const tickets = (sale: string) => `/sales/${sale}/tickets`;
const admissions = (sale: string) => `/sales/${sale}/admissions`;

const join = (sale: string, headers: Headers, body: object = {}) => {
  return sluice.shopper("POST", tickets(sale), { headers, body });
};
const claim = (sale: string, headers: Headers) => {
  return sluice.shopper("POST", admissions(sale), { headers });
};
const setCart = (sale: string, headers: Headers) => {
  const body = { lines: [{ sku: `${sale}-shoe`, quantity: 1 }] };
  return sluice.shopper("PUT", `/sales/${sale}/cart`, { headers, body });
};
const status = (sale: string, headers: Headers) => {
  return sluice.shopper("GET", `/sales/${sale}/status`, { headers });
};

/** A shopper who joined before the start and is called. */
async function calledIn(sale: string, headers: Headers, replay?: object): Promise<string> {
  await makeSale(sluice, sale, { ...PREQUEUE, ...(replay === undefined ? {} : { replay }) });
  const ticket = textOf(await join(sale, headers), "ticket");
  await sluice.merchant("POST", `/sales/${sale}/actions`, { action: "start" });
  await until(
    () => status(sale, { "sluice-ticket": ticket, ...headers }),
    ({ body }) => body["state"] === "called",
  );
  return ticket;
}

const admitted = (answer: Answer) => ({ "sluice-admission": textOf(answer, "admission") });

describe("an admission on a second device", () => {
  test("is refused on every route if the merchant chose so, and its own device continues", async () => {
    const sale = "refuses";
    const ticket = await calledIn(sale, LAPTOP, { handling: "refuse" });
    const own = admitted(await claim(sale, { "sluice-ticket": ticket, ...LAPTOP }));
    expect(decodeJwt(own["sluice-admission"])["dev"]).toMatch(/^[A-Za-z0-9_-]{22}$/);
    const copied = { ...own, ...PHONE };
    const placed = await placeOrder(sluice, { ...own, ...LAPTOP }, "key-1", orderBody(sale));
    const { id, path } = acceptedOrder(placed);
    const answers = [
      await status(sale, copied),
      await setCart(sale, copied),
      await placeOrder(sluice, copied, "key-2", orderBody(sale)),
      await placeOrder(sluice, copied, "key-1", orderBody(sale)),
      await sluice.shopper("DELETE", `${admissions(sale)}/current`, { headers: copied }),
      await status(sale, own),
    ];
    for (const answer of answers) expectProblem(answer, 403, "admission_replayed");
    const look = (headers: Headers) => sluice.shopper("GET", `/orders/${id}`, { headers });
    expect((await look({ ...own, ...LAPTOP })).status).toBe(200);
    expectProblem(await look(copied), 404, "order_not_found");
    expect((await sluice.ask("GET", path)).status).toBe(200);
    expect((await status(sale, { ...own, ...LAPTOP })).body["state"]).toBe("admitted");
  });

  test("a ticket is its device's own: carried to another one it claims nothing", async () => {
    const sale = "bound";
    const ticket = { "sluice-ticket": await calledIn(sale, LAPTOP, { handling: "refuse" }) };
    expect(decodeJwt(ticket["sluice-ticket"])["dev"]).toMatch(/^[A-Za-z0-9_-]{22}$/);
    for (const foreign of [PHONE, { ...PHONE, "user-agent": LAPTOP["user-agent"] }]) {
      expectProblem(await claim(sale, { ...ticket, ...foreign }), 403, "ticket_replayed");
      expectProblem(await status(sale, { ...ticket, ...foreign }), 403, "ticket_replayed");
    }
    const own = admitted(await claim(sale, { ...ticket, ...LAPTOP }));
    expectProblem(await claim(sale, { ...ticket, ...PHONE }), 403, "ticket_replayed");
    expect((await setCart(sale, { ...own, ...LAPTOP })).status).toBe(200);
  });

  test("the newest browser of a device ends the oldest: the same seat and the same holds", async () => {
    const sale = "moves";
    const NEWER = { ...LAPTOP, "user-agent": "the same laptop's browser, updated" };
    const NEWEST = { ...LAPTOP, "user-agent": "and updated once more" };
    const ticket = { "sluice-ticket": await calledIn(sale, LAPTOP, { handling: "refuse" }) };
    const laptop = admitted(await claim(sale, { ...ticket, ...LAPTOP }));
    expect(admitted(await claim(sale, { ...ticket, ...LAPTOP }))).toEqual(laptop);
    expect((await setCart(sale, { ...laptop, ...LAPTOP })).status).toBe(200);
    const updated = admitted(await claim(sale, { ...ticket, ...NEWER }));
    expect(updated).not.toEqual(laptop);
    const [one, other] = [laptop, updated].map((token) => decodeJwt(token["sluice-admission"]));
    expect({ ...other, dev: "", n: 0 }).toEqual({ ...one, dev: "" });
    const held = await setCart(sale, { ...updated, ...NEWER });
    expect(held.body["lines"]).toMatchObject([{ outcome: "already_held" }]);
    const { body } = await sluice.merchant("GET", `/sales/${sale}`);
    const devices = { shared: 1, mostDevices: 2, moves: 0 };
    expect(body).toMatchObject({ active: 1, claimed: 1, ...devices });
    const third = admitted(await claim(sale, { ...ticket, ...NEWEST }));
    const ended = await until(
      () => setCart(sale, { ...laptop, ...LAPTOP }),
      ({ status: code }) => code !== 200,
    );
    expectProblem(ended, 403, "admission_replayed");
    expect((await setCart(sale, { ...updated, ...NEWER })).status).toBe(200);
    expect((await setCart(sale, { ...third, ...NEWEST })).status).toBe(200);
    const after = await sluice.merchant("GET", `/sales/${sale}`);
    expect(after.body).toMatchObject({ active: 1, mostDevices: 3, moves: 1 });
  });

  test("is served and reported once if the merchant chose a report, without token or device in it", async () => {
    const sale = "reports";
    const ticket = await calledIn(sale, LAPTOP, { handling: "report" });
    const own = admitted(await claim(sale, { "sluice-ticket": ticket, ...LAPTOP }));
    for (let times = 0; times < 3; times += 1) {
      expect((await setCart(sale, { ...own, ...PHONE })).status).toBe(200);
    }
    expect((await setCart(sale, { ...own, ...LAPTOP })).status).toBe(200);
    const isReported = (line: string) => line.includes('"admission_replayed","sale":"reports"');
    await until(
      async () => logged,
      (lines) => lines.some(isReported),
    );
    const lines = logged.filter(isReported);
    expect(lines).toHaveLength(1);
    for (const secret of [own["sluice-admission"], "phone-", "laptop-", "browser"]) {
      expect(lines.join()).not.toContain(secret);
    }
  });

  test("is accepted by default, and the token names no device", async () => {
    const sale = "allows";
    const ticket = await calledIn(sale, LAPTOP);
    const own = admitted(await claim(sale, { "sluice-ticket": ticket, ...LAPTOP }));
    expect(decodeJwt(own["sluice-admission"])).not.toHaveProperty("dev");
    expect((await setCart(sale, { ...own, ...PHONE })).status).toBe(200);
    // It is bound to no device, so it stays valid when the merchant starts to refuse.
    const document = (await sluice.merchant("GET", `/sales/${sale}`)).body["sale"];
    const changed = { ...Object(document), replay: { handling: "refuse" } };
    expect((await sluice.merchant("PUT", `/sales/${sale}`, changed)).status).toBe(200);
    const refused = await until(
      () => claim(sale, { "sluice-ticket": ticket }),
      ({ status: code }) => code !== 201,
    );
    expectProblem(refused, 422, "device_required");
    expect((await setCart(sale, { ...own, ...PHONE })).status).toBe(200);
  });

  test("is not issued without a device: joins and claims must send one", async () => {
    const sale = "asks";
    await makeSale(sluice, sale, { replay: { handling: "refuse" } });
    const malformed = ["", "short", "x".repeat(65), "has a space in it", "semi;colon;0000000"];
    for (const device of malformed) {
      const answer = await join(sale, device === "" ? {} : { "sluice-device": device });
      expectProblem(answer, 422, "device_required");
      expect(answer.body["errors"]).toMatchObject([{ path: "Sluice-Device" }]);
    }
    expect((await join(sale, LAPTOP)).status).toBe(201);
  });

  test("with a pass has the same place on both devices, each with an admission of its own", async () => {
    const sale = "passes-move";
    expect(PASS_SECRETS.PASS_KEYS).toContain("merchant");
    await makeSale(sluice, sale, { replay: { handling: "refuse" } });
    const body = { pass: await passFor(sale, { sub: "customer-9", lane: "general" }) };
    const [laptop, phone] = [await join(sale, LAPTOP, body), await join(sale, PHONE, body)];
    const tokens = [admitted(laptop), admitted(phone)] as const;
    expect(decodeJwt(tokens[0]["sluice-admission"]).jti).toBe(
      decodeJwt(tokens[1]["sluice-admission"]).jti,
    );
    expectProblem(await setCart(sale, { ...tokens[0], ...PHONE }), 403, "admission_replayed");
    expect((await setCart(sale, { ...tokens[1], ...PHONE })).status).toBe(200);
  });
});

describe("on the pages", () => {
  const SALE = "paged";
  const shop = `/_sluice/shop/${SALE}`;
  const post = (path: string, headers: Headers) => {
    const form = { "content-type": "application/x-www-form-urlencoded" };
    const origin = sluice.host.gateUrl;
    return sluice.ask("POST", shop + path, { headers: { ...form, origin, ...headers }, raw: "" });
  };
  const cookiesOf = ({ headers }: Answer) => {
    return headers.getSetCookie().map((cookie) => cookie.split(";")[0] ?? "");
  };

  const latest = (cookies: readonly string[]) => {
    return [...new Map(cookies.map((cookie) => [cookie.split("=")[0], cookie])).values()];
  };

  test("a browser gets a device id with its place, and another browser can continue with it", async () => {
    await makeSale(sluice, SALE, { ...PREQUEUE, replay: { handling: "refuse" } });
    const laptop = { "user-agent": "a laptop's browser" };
    const phone = { "user-agent": "a phone's browser" };
    // The page sets the join key; a later cookie replaces one with the same name.
    const given = cookiesOf(await sluice.ask("GET", shop, { headers: laptop }));
    const taken = cookiesOf(await post("/join", { cookie: given.join("; "), ...laptop }));
    const joined = latest([...given, ...taken]);
    expect(joined.join()).toMatch(/__Host-sluice-device=[0-9a-f-]{36}/);
    await sluice.merchant("POST", `/sales/${SALE}/actions`, { action: "start" });
    const enter = (cookies: string[], device: Headers) => {
      return post("/enter", { cookie: cookies.join("; "), ...device });
    };
    const entered = await until(
      () => enter(joined, laptop),
      ({ status: code }) => code === 303,
    );
    const copied = latest([...joined, ...cookiesOf(entered)]);
    const look = (cookies: string[], device: Headers, part = "") => {
      const headers = { cookie: cookies.join("; "), ...device };
      return sluice.ask("GET", shop + part, { headers });
    };
    expect((await look(copied, laptop)).status).toBe(200);
    for (const part of ["", "/wait", "/cart"]) {
      expect((await look(copied, phone, part)).status).toBe(403);
    }
    const moved = cookiesOf(await enter(copied, phone));
    const own = moved.find((cookie) => cookie.startsWith("__Host-sluice-admission"));
    const onPhone = latest([...joined, own ?? ""]);
    expect((await look(onPhone, phone)).status).toBe(200);
    expect((await look(onPhone, laptop)).status).toBe(403);
  });

  test("a sale without device binding sets no device cookie", async () => {
    await makeSale(sluice, "paged-plainly", PREQUEUE);
    const headers = {
      origin: sluice.host.gateUrl,
      "content-type": "application/x-www-form-urlencoded",
    };
    const path = "/_sluice/shop/paged-plainly/join";
    const given = cookiesOf(await sluice.ask("POST", path, { headers, raw: "" }));
    expect(given.filter((cookie) => cookie.includes("device"))).toEqual([]);
  });
});

describe("combined tokens of two shoppers", () => {
  const SALE = "mixed";
  let ann: string;
  let bob: string;
  let anns: { "sluice-admission": string };
  beforeAll(async () => {
    await makeSale(sluice, SALE, PREQUEUE);
    [ann, bob] = [textOf(await join(SALE, {}), "ticket"), textOf(await join(SALE, {}), "ticket")];
    await sluice.merchant("POST", `/sales/${SALE}/actions`, { action: "start" });
    for (const ticket of [ann, bob]) {
      await until(
        () => status(SALE, { "sluice-ticket": ticket }),
        ({ body }) => body["state"] === "called",
      );
    }
  });

  test("a ticket claims for its own subject, with any admission beside it", async () => {
    anns = admitted(await claim(SALE, { "sluice-ticket": ann }));
    const mixed = await claim(SALE, { "sluice-ticket": bob, ...anns });
    const subjects = [ann, bob].map((token) => decodeJwt(token).sub);
    expect(decodeJwt(textOf(mixed, "admission")).sub).toBe(subjects[1]);
    expect(decodeJwt(anns["sluice-admission"]).sub).toBe(subjects[0]);
    expect(subjects[0]).not.toBe(subjects[1]);
  });

  test("an admission holds and orders for its own subject, with any ticket beside it", async () => {
    const mixed = { ...anns, "sluice-ticket": bob };
    const bobs = { ...admitted(await claim(SALE, { "sluice-ticket": bob })), "sluice-ticket": ann };
    expect((await setCart(SALE, mixed)).status).toBe(200);
    const { id, path } = acceptedOrder(await placeOrder(sluice, mixed, "one-key", orderBody(SALE)));
    const look = (headers: Headers) => sluice.shopper("GET", `/orders/${id}`, { headers });
    expect((await look(mixed)).status).toBe(200);
    expectProblem(await look(bobs), 404, "order_not_found");
    // The same key from another shopper makes another order.
    const others = acceptedOrder(await placeOrder(sluice, bobs, "one-key", orderBody(SALE)));
    expect(others.id).not.toBe(id);
    expect(others.path).not.toBe(path);
  });

  test("a token is refused in the place of another kind, and for another sale", async () => {
    const swapped = { "sluice-ticket": anns["sluice-admission"], "sluice-admission": ann };
    expectProblem(await setCart(SALE, swapped), 401, "admission_invalid");
    expectProblem(await claim(SALE, swapped), 401, "ticket_invalid");
    await makeSale(sluice, "mixed-too");
    expectProblem(await setCart("mixed-too", anns), 401, "admission_invalid");
    expectProblem(await claim("mixed-too", { "sluice-ticket": ann }), 401, "ticket_invalid");
    const [head, , signature] = ann.split(".");
    const forged = [head, bob.split(".")[1], signature].join(".");
    expect(decodeJwt(forged).sub).toBe(decodeJwt(bob).sub);
    expectProblem(await claim(SALE, { "sluice-ticket": forged }), 401, "ticket_invalid");
  });
});
