/**
 * A shop's program, written against nothing but the generated types: makes a sale, waits in its
 * line, holds a pair of shoes, orders it and follows the order to its end, which it prints.
 *
 * Compiled and run by `openapi-client.test.ts`, in a folder in which `openapi.ts` was generated.
 */
import { setTimeout as wait } from "node:timers/promises";
import createClient from "openapi-fetch";
import type { paths } from "./openapi.ts";

const [gate = "", adminToken = ""] = process.argv.slice(2);
const { GET, POST, PUT } = createClient<paths>({ baseUrl: `${gate}/_sluice` });

const merchant = { Authorization: `Bearer ${adminToken}` };
const sale = "typed";
const path = { sale };
const lines = [{ sku: "typed-shoe", quantity: 1 }];

interface Result<Data, Problem> {
  readonly data?: Data;
  readonly error?: Problem;
}

/** The document of a success; any problem ends the program. */
function documentOf<Data>({ data, error }: Result<Data, { readonly code: string }>): Data {
  if (data === undefined) throw new Error(error?.code);
  return data;
}

async function makeSale(): Promise<void> {
  const hour_ms = 3_600_000;
  const at = (hours: number) => new Date(Date.now() + hours * hour_ms).toISOString();
  const schedule = { opensAt: at(-1), startsAt: at(1), endsAt: at(2) };
  const items = [{ sku: "typed-shoe", name: "A shoe", price: 12_900, stock: 10 }];
  const body = { id: sale, title: "Typed", currency: "EUR", ...schedule, items };
  documentOf(await PUT("/admin/v1/sales/{sale}", { headers: merchant, params: { path }, body }));
}

async function startSale(): Promise<void> {
  const body = { action: "start" } as const;
  const asked = { headers: merchant, params: { path }, body };
  documentOf(await POST("/admin/v1/sales/{sale}/actions", asked));
}

async function joinLine(): Promise<string> {
  const key = { "Idempotency-Key": crypto.randomUUID() };
  const asked = { params: { path, header: key }, body: {} };
  const joined = documentOf(await POST("/v1/sales/{sale}/tickets", asked));
  if (!("ticket" in joined)) throw new Error("let in before the sale has started");
  return joined.ticket;
}

/** Waits as long as the line says, and claims the turn. */
async function takeTurn(ticket: string): Promise<string> {
  const carried = { headers: { "Sluice-Ticket": ticket }, params: { path } };
  for (;;) {
    const { state, pollAfter_s } = documentOf(await GET("/v1/sales/{sale}/status", carried));
    if (state === "called") {
      const { data, error } = await POST("/v1/sales/{sale}/admissions", carried);
      if (data !== undefined) return data.admission;
      if (error.code !== "not_called") throw new Error(error.code);
    }
    await wait(pollAfter_s * 1000);
  }
}

async function order(admission: string) {
  const headers = { "Sluice-Admission": admission };
  const held = await PUT("/v1/sales/{sale}/cart", { headers, params: { path }, body: { lines } });
  if (documentOf(held).lines[0]?.outcome !== "held") throw new Error("the shoe is not held");
  const asked = { headers, params: { path }, body: { lines } };
  const { amounts } = documentOf(await POST("/v1/sales/{sale}/quotes", asked));
  const buyer = { email: "ann@shoppers.example" };
  const body = {
    sale,
    lines,
    expectedTotal: amounts.total,
    buyer,
    payment: { method: "pm_card_visa" },
  };
  const header = { "Idempotency-Key": crypto.randomUUID() };
  return documentOf(await POST("/v1/orders", { headers, params: { header }, body }));
}

async function follow({ order: { id }, statusUrl }: Awaited<ReturnType<typeof order>>) {
  const key = new URL(statusUrl).searchParams.get("key") ?? "";
  for (;;) {
    const asked = { params: { path: { id }, query: { key } } };
    const read = documentOf(await GET("/v1/orders/{id}", asked));
    if (read.final) return read;
    await wait(100);
  }
}

await makeSale();
const ticket = await joinLine();
await startSale();
const { state, total, currency } = await follow(await order(await takeTurn(ticket)));
process.stdout.write(JSON.stringify({ state, total, currency }));
