/**
 * Buyers with receipts: somebody from the line who buys a shoe, and the receipt of the order.
 */
import { fetch } from "undici";
import { z } from "zod";
import {
  acceptedOrder,
  connections,
  finalOrder,
  makeSale,
  orderBody,
  placeOrder,
  PREQUEUE,
  type Sluice,
  textOf,
  until,
} from "./sluice.ts";

export interface Bought {
  readonly order: string;
  /** Path and query of the order's status, with its key. */
  readonly path: string;
}

/** A line that many join before the sale starts; everybody is called, one after the other. */
export async function saleWithLine(sluice: Sluice, sale: string): Promise<string[]> {
  const admission = { method: "lottery", ratePerMinute: 6000, maxActive: 100, overcall: 5 };
  const fairness = { revealAfterSeconds: 0 };
  await makeSale(sluice, sale, { ...PREQUEUE, admission, expectedShoppers: 20_000, fairness });
  const joined = await Promise.all(
    Array.from({ length: 8 }, () => sluice.shopper("POST", `/sales/${sale}/tickets`)),
  );
  await sluice.merchant("POST", `/sales/${sale}/actions`, { action: "start" });
  return joined.map((answer) => textOf(answer, "ticket"));
}

export async function claim(sluice: Sluice, sale: string, ticket: string): Promise<string> {
  const headers = { "sluice-ticket": ticket };
  const claimed = await until(
    () => sluice.shopper("POST", `/sales/${sale}/admissions`, { headers }),
    ({ status }) => status === 201,
  );
  return textOf(claimed, "admission");
}

/** Places an order, without waiting for its end. */
export async function order(sluice: Sluice, sale: string, admission: string, change = {}) {
  const body = orderBody(sale, { expectedTotal: 12_900, ...change });
  const placed = await placeOrder(sluice, { "sluice-admission": admission }, "one", body);
  if (placed.status !== 202) throw new Error(`${placed.status} ${JSON.stringify(placed.body)}`);
  return placed;
}

export async function buy(sluice: Sluice, sale: string, admission: string): Promise<Bought> {
  const placed = await order(sluice, sale, admission);
  const { body } = await finalOrder(sluice, placed);
  if (body["state"] !== "confirmed") throw new Error(JSON.stringify(body));
  const { id, path } = acceptedOrder(placed);
  return { order: id, path };
}

/** The receipt's address. */
export function receiptPath({ path }: Pick<Bought, "path">): string {
  return path.replace("?", "/receipt?");
}

/** The receipt as it is downloaded. */
export async function download(sluice: Sluice, bought: Pick<Bought, "path">) {
  const url = `${sluice.host.gateUrl}${receiptPath(bought)}`;
  const answer = await fetch(url, { dispatcher: connections });
  return { status: answer.status, headers: answer.headers, text: await answer.text() };
}

const withReceipt = z.object({ receipt: z.string() });

export async function receiptOf(sluice: Sluice, bought: Pick<Bought, "path">): Promise<string> {
  const headers = { accept: "application/json" };
  const { body } = await sluice.ask("GET", receiptPath(bought), { headers });
  return withReceipt.parse(body).receipt;
}
