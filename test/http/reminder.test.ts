/**
 * A mail when it is my turn, in the local simulation: left on the page or through the API while
 * waiting, sent once when the turn is called, withdrawn, and refused where it is not offered.
 */
import { fetch } from "undici";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { z } from "zod";
import { expectProblem } from "./support/problem-checks.ts";
import {
  connections,
  makeSale,
  PREQUEUE,
  type Sluice,
  startSluice,
  textOf,
  until,
} from "./support/sluice.ts";

let sluice: Sluice;
beforeAll(async () => {
  sluice = await startSluice();
});
afterAll(() => sluice.stop());

const YOUR_TURN = { checkout: { mail: { yourTurn: true } } };

const listSchema = z.object({
  mails: z.array(z.object({ key: z.string(), subject: z.string(), text: z.string() })),
});

async function mailsTo(address: string): Promise<z.infer<typeof listSchema>["mails"]> {
  const { body } = await sluice.sandbox("GET", `/sandbox/mail?to=${encodeURIComponent(address)}`);
  return listSchema.parse(body).mails;
}

async function join(sale: string) {
  return {
    "sluice-ticket": textOf(await sluice.shopper("POST", `/sales/${sale}/tickets`), "ticket"),
  };
}

function remind(sale: string, headers: Readonly<Record<string, string>>, email: string) {
  return sluice.shopper("PUT", `/sales/${sale}/reminders/current`, { headers, body: { email } });
}

function withdraw(sale: string, headers: Readonly<Record<string, string>>) {
  return sluice.shopper("DELETE", `/sales/${sale}/reminders/current`, { headers });
}

const called = (sale: string, headers: Readonly<Record<string, string>>) => {
  return until(
    () => sluice.shopper("GET", `/sales/${sale}/status`, { headers }),
    ({ body }) => body["state"] === "called",
  );
};

/** A page, with the ticket as a browser carries it. */
function page(path: string, ticket: string, form: Readonly<Record<string, string>> | null = null) {
  const sale = path.split("/")[0] ?? "";
  const cookie = `__Host-sluice-ticket-${sale}=${ticket}`;
  return fetch(`${sluice.host.gateUrl}/_sluice/shop/${path}`, {
    headers: { cookie, origin: sluice.host.gateUrl },
    redirect: "manual",
    dispatcher: connections,
    ...(form === null ? {} : { method: "POST", body: new URLSearchParams(form) }),
  });
}

test("who waits and left an address gets one mail when the turn is called, and can delete it", async () => {
  const sale = "told";
  await makeSale(sluice, sale, { ...PREQUEUE, ...YOUR_TURN });
  const [ann, ben, cid] = [await join(sale), await join(sale), await join(sale)];
  const kept = await remind(sale, ann, "wrong@shoppers.example");
  expect([kept.status, kept.body]).toEqual([200, { email: "wrong@shoppers.example" }]);
  expect((await remind(sale, ann, "ann@shoppers.example")).status).toBe(200);
  expect((await remind(sale, ben, "ben@shoppers.example")).status).toBe(200);
  expect((await withdraw(sale, ben)).status).toBe(204);
  expect((await withdraw(sale, ben)).status).toBe(204);
  expect((await remind(sale, cid, "cid@shoppers.example")).status).toBe(200);

  await sluice.merchant("POST", `/sales/${sale}/actions`, { action: "start" });
  await called(sale, cid);
  const claimed = await sluice.shopper("POST", `/sales/${sale}/admissions`, { headers: cid });
  expect(claimed.status).toBe(201);
  const [mail, ...more] = await until(
    () => mailsTo("ann@shoppers.example"),
    (mails) => mails.length > 0,
    60_000,
  );
  expect(more).toEqual([]);
  expect(mail?.subject).toBe("It is your turn: The sale told");
  expect(mail?.key).toMatch(/^told:turn:tkt_/);
  for (const other of ["wrong", "ben", "cid"]) {
    expect(await mailsTo(`${other}@shoppers.example`)).toEqual([]);
  }
  expectProblem(await remind(sale, ann, "eve@shoppers.example"), 409, "reminder_too_late");

  const link = /http\S+reminder\?\S+/.exec(mail?.text ?? "")?.[0] ?? "";
  const opened = await fetch(link, { dispatcher: connections });
  expect(await opened.text()).toContain("Delete my address");
  const { searchParams } = new URL(link);
  const form = { ticket: searchParams.get("ticket") ?? "", key: searchParams.get("key") ?? "" };
  const stopped = await page(`${sale}/reminder/stop`, "", form);
  expect(await stopped.text()).toContain("Your address is deleted");
});

test("the waiting page leads to a form that keeps, shows masked, changes and deletes the address", async () => {
  const sale = "asked";
  await makeSale(sluice, sale, { ...PREQUEUE, ...YOUR_TURN });
  const ticket = (await join(sale))["sluice-ticket"];
  const waiting = await (await page(`${sale}/wait`, ticket)).text();
  expect(waiting).toContain("Tell me by e-mail when it is my turn");
  expect(await (await page(`${sale}/reminder`, ticket)).text()).toContain('name="email"');

  const refused = await page(`${sale}/reminder`, ticket, { email: "no address" });
  expect(refused.status).toBe(422);
  const again = await refused.text();
  expect(again).toContain("Enter an e-mail address such as you@example.com");
  expect(again).toContain('value="no address"');

  const kept = await page(`${sale}/reminder`, ticket, { email: "dee@shoppers.example" });
  expect([kept.status, kept.headers.get("location")]).toEqual([303, `/_sluice/shop/${sale}/wait`]);
  const cookie = kept.headers.getSetCookie().find((text) => text.includes("reminder")) ?? "";
  const shown = await fetch(`${sluice.host.gateUrl}/_sluice/shop/${sale}/wait`, {
    headers: { cookie: `__Host-sluice-ticket-${sale}=${ticket}; ${cookie.split(";")[0]}` },
    dispatcher: connections,
  });
  const text = await shown.text();
  expect(text).toContain("We write to d…@shoppers.example when it is your turn.");
  expect(text).not.toContain("dee@shoppers.example");

  const guarded = { withdraw: "yes", to: "/checkout" };
  const deleted = await page(`${sale}/reminder`, ticket, guarded);
  expect([deleted.status, deleted.headers.get("location")]).toEqual([303, "/checkout"]);
});

describe("an address is refused", () => {
  test("where the sale does not offer the mail, without a ticket, and when it is none", async () => {
    await makeSale(sluice, "silent", PREQUEUE);
    const silent = await join("silent");
    expectProblem(await remind("silent", silent, "a@shoppers.example"), 409, "reminders_off");
    expect((await withdraw("silent", silent)).status).toBe(204);
    const { "sluice-ticket": ticket } = silent;
    expect(await (await page("silent/wait", ticket)).text()).not.toContain("Tell me by e-mail");

    await makeSale(sluice, "picky", { ...PREQUEUE, ...YOUR_TURN });
    expectProblem(await remind("picky", {}, "a@shoppers.example"), 401, "ticket_required");
    expectProblem(await remind("picky", silent, "a@shoppers.example"), 401, "ticket_invalid");
    expectProblem(await withdraw("picky", {}), 401, "ticket_required");
    const picky = await join("picky");
    const bad = await remind("picky", picky, "no address");
    expectProblem(bad, 422, "invalid_request");
    expect(bad.body["errors"]).toMatchObject([{ path: "email" }]);
  });

  test("while the deployment sends no mails", async () => {
    const other = await startSluice({ variables: { gate: { MAIL_BACKEND: "off" } } });
    try {
      await makeSale(other, "off", { ...PREQUEUE, ...YOUR_TURN });
      const joined = await other.shopper("POST", "/sales/off/tickets");
      const headers = { "sluice-ticket": textOf(joined, "ticket") };
      const body = { email: "a@shoppers.example" };
      const refused = await other.shopper("PUT", "/sales/off/reminders/current", { headers, body });
      expect(refused.status).toBe(409);
      expectProblem(refused, 409, "reminders_off");
    } finally {
      await other.stop();
    }
  });
});
