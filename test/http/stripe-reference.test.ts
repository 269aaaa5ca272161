/**
 * `docs/stripe.md` and the Stripe adapter say the same: every parameter of every request, and the
 * outcome of every refusal. The adapter calls a server of this test through the official SDK.
 */
import { readFileSync } from "node:fs";
import { createServer, type IncomingMessage, type Server } from "node:http";
import Stripe from "stripe";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { z } from "zod";
import { stripePayments } from "../../queues/backends/stripe.ts";
import { PAYMENT_TIMEOUT_MS } from "../../src/domain/limits.ts";
import type { PaymentBackend } from "../../src/domain/order/payment-backend.ts";
import { paidOrder } from "../node/support/paid-order.ts";

const PAGE = readFileSync(new URL("../../docs/stripe.md", import.meta.url), "utf8");
const API_VERSION = new Stripe("sk_test_x").getApiField("version");

interface Recorded {
  readonly call: string;
  readonly parameters: readonly string[];
  readonly headers: IncomingMessage["headers"];
}

let server: Server;
let stripe: PaymentBackend;
let recorded: Recorded[] = [];
let answers: (readonly [status: number, body: object])[] = [];

beforeAll(async () => {
  server = createServer((request, response) => {
    let body = "";
    request.on("data", (chunk: Buffer) => (body += chunk.toString()));
    request.on("end", () => {
      recorded.push(record(request, body));
      const [status, answer] = answers.shift() ?? [500, {}];
      response.writeHead(status, { "content-type": "application/json" });
      response.end(JSON.stringify(answer));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = z.object({ port: z.int() }).parse(server.address());
  const baseUrl = `http://127.0.0.1:${port}`;
  stripe = stripePayments({ apiKey: "sk_test_x", baseUrl, timeout_ms: PAYMENT_TIMEOUT_MS });
});

afterAll(() => {
  server.closeAllConnections();
  server.close();
});

beforeEach(() => {
  recorded = [];
  answers = [];
});

/** A list is `name[]` on the page, whatever its places are called in the form. */
function record({ method = "", url = "", headers }: IncomingMessage, body: string): Recorded {
  const { pathname, searchParams } = new URL(url, "http://stripe.test");
  const parameters = [...new URLSearchParams(body).keys(), ...searchParams.keys()];
  return {
    call: `${method} ${pathname.replace("pi_1", "{id}")}`,
    parameters: parameters.map((name) => name.replace(/\[\d+\]$/, "[]")),
    headers,
  };
}

/** The cells of the table under a heading; none where the section has no table. */
function tableUnder(heading: string): string[][] {
  const start = PAGE.indexOf(`${heading}\n`);
  if (start < 0) throw new Error(`docs/stripe.md has no section ${heading}`);
  const section = PAGE.slice(start + heading.length).split(/^#{2,3} /m)[0] ?? "";
  const rows = section.split("\n").filter((line) => line.startsWith("|"));
  return rows.slice(2).map((row) => {
    return row
      .split("|")
      .slice(1, -1)
      .map((cell) => cell.trim());
  });
}

const CALLS = [...PAGE.matchAll(/^### `((?:GET|POST) [^`]+)`$/gm)].map((match) => match[1] ?? "");
const key = "ord_1:step:1";
const paymentId = "pi_1";
const returnUrl = "https://shop.example/o";
const money = { amount: 12_900, currency: "EUR" };
const INTENT = { object: "payment_intent", id: "pi_1", status: "requires_payment_method" };
const REFUND = { object: "refund", id: "re_1", amount: 1, status: "succeeded", metadata: {} };
const LIST = { object: "list", data: [REFUND], has_more: false };
const DISPUTES = { object: "list", data: [], has_more: false };
const ADDRESS = { line1: "1", line2: "2", city: "c", region: "r", postalCode: "3", country: "CH" };

/** Every operation with as little as possible, then with as much as possible. */
async function makeEveryCall(): Promise<void> {
  const shipping = { name: "Ann", phone: "+41 31 000 00 00", address: ADDRESS };
  const full = paidOrder("o1", { shipping, statementSuffix: "AIR", methods: ["card"] });
  const least = paidOrder("o1", { email: "änn@shop.example" });
  for (const order of [least, full]) {
    answers.push([200, INTENT]);
    await stripe.prepare({ order, money, key });
  }
  for (const method of ["pm_1", "ctoken_1"]) {
    answers.push([200, INTENT]);
    await stripe.authorize({ paymentId, method, returnUrl, key });
  }
  answers.push([200, INTENT], [200, INTENT], [200, INTENT], [200, REFUND], [200, REFUND]);
  await stripe.capture({ paymentId, money, key });
  await stripe.void({ paymentId, key });
  await stripe.lookup({ paymentId });
  await stripe.refund({ paymentId, key });
  await stripe.refundPart({ paymentId, refundId: "rf_1", money, key });
  answers.push([200, { ...LIST, has_more: true }], [200, LIST], [200, DISPUTES]);
  await stripe.settlement({ paymentId, currency: "EUR" });
}

describe("every request", () => {
  beforeEach(makeEveryCall);

  test("has a section of the page, and every section a request", () => {
    expect(CALLS.toSorted()).toEqual([...new Set(recorded.map(({ call }) => call))].toSorted());
  });

  test.each(CALLS)("%s has exactly the parameters that the page lists", (call) => {
    const rows = tableUnder(`### \`${call}\``);
    const listed = rows.map(([name = ""]) => name.replaceAll("`", ""));
    const always = rows.filter(([, sent]) => sent === "always");
    const made = recorded.filter((each) => each.call === call);
    const sent = new Set(made.flatMap(({ parameters }) => parameters));
    expect(listed.toSorted()).toEqual([...sent].toSorted());
    const inEvery = [...sent].filter((name) => {
      return made.every(({ parameters }) => parameters.includes(name));
    });
    const isOnlyOne = made.length === 1 ? [...sent] : inEvery;
    expect(always.map(([name = ""]) => name.replaceAll("`", "")).toSorted()).toEqual(
      isOnlyOne.toSorted(),
    );
  });

  test.each(CALLS)("%s names for each parameter where Stripe documents it", (call) => {
    for (const [name, , what, source = ""] of tableUnder(`### \`${call}\``)) {
      expect([name, what]).not.toContain("");
      expect(source).toMatch(/^\[[^\]]+\]\(https:\/\/docs\.stripe\.com\/[\w/#.-]+\)$/);
    }
  });

  test("has the pinned API version, and a key where it changes something", () => {
    expect(PAGE).toContain(`\`${API_VERSION}\``);
    for (const { call, headers } of recorded) {
      const { "stripe-version": version, "idempotency-key": sent } = headers;
      const expected = call.startsWith("POST") ? key : undefined;
      expect({ call, version, sent }).toEqual({ call, version: API_VERSION, sent: expected });
    }
  });
});

const REFUSALS = tableUnder("## Refusals").map((cells) => {
  const [status = "", code, param, paying, afterwards] = cells.map((cell) => {
    const text = cell.replaceAll("`", "");
    return text === "–" ? undefined : text;
  });
  return { status: Number(status), code, param, paying, afterwards };
});

function inWords(outcome: {
  readonly kind: string;
  readonly code?: string;
  readonly reason?: string;
}) {
  const { kind, code, reason = "" } = outcome;
  if (kind === "misconfigured") return `${kind} ${code}`;
  return kind === "declined" ? `${kind} ${reason}` : kind;
}

describe("every refusal", () => {
  const answer = ({ status, code, param }: (typeof REFUSALS)[number]) => {
    const type = status === 402 ? "card_error" : "invalid_request_error";
    answers.push([status, { error: { type, code, param, message: "no" } }]);
  };

  test("is a row of the page", () => expect(REFUSALS.length).toBeGreaterThan(20));

  test.each(REFUSALS.filter(({ paying }) => paying !== undefined))(
    "$status $code of $param is $paying while paying",
    async (refusal) => {
      answer(refusal);
      const prepared = await stripe.prepare({ order: paidOrder(), money, key });
      expect(inWords(prepared)).toBe(refusal.paying);
      answer(refusal);
      // Spent details may have paid by an earlier call, so the payment is looked up: it has not.
      const unpaid = { object: "payment_intent", id: paymentId, status: "requires_payment_method" };
      const isLookedUp = refusal.paying?.endsWith("payment_details_expired") === true;
      if (isLookedUp) answers.push([200, unpaid]);
      const authorized = stripe.authorize({ paymentId, method: "ctoken_1", returnUrl, key });
      expect(inWords(await authorized)).toBe(refusal.paying);
    },
  );

  test.each(REFUSALS)("$status $code of $param is $afterwards afterwards", async (refusal) => {
    for (const operation of ["capture", "void", "refund"] as const) {
      answer(refusal);
      const outcome = await stripe[operation]({ paymentId, money, key });
      expect([operation, inWords(outcome)]).toEqual([operation, refusal.afterwards]);
    }
  });
});
