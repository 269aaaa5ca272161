/**
 * What requests cost, counted in calls of objects, stores and counters (`counting-worker.ts`), and
 * the dearest of each route.
 *
 * Guarantee: no time is measured. The ceiling holds for everybody but merchants, whose reads of all
 * sales may cost more.
 */
import { z } from "zod";
import { parseJson } from "../../src/encoding/json.ts";
import type { Input } from "./input.ts";
import { WIDE_ITEMS } from "./names.ts";
import type { Route } from "./routes.ts";
import type { Answered } from "./send.ts";

/** Calls before the answer, by kind. */
export interface Cost {
  readonly objects: number;
  readonly store: number;
  readonly database: number;
  readonly counters: number;
  readonly queues: number;
}

/** A cart asks the stock of each item at most twice: to hold, and to give back what was held. */
export const COST_MAX: Cost = {
  objects: 2 * WIDE_ITEMS + 6,
  store: 16,
  database: 4,
  counters: 8,
  queues: 4,
};

const KINDS = ["objects", "store", "database", "counters", "queues"] as const;

function kindOf(binding: string): (typeof KINDS)[number] | null {
  if (binding === "CONFIG") return "store";
  if (binding === "ORDER_BOOK") return "database";
  if (binding.endsWith("_QUEUE")) return "queues";
  if (/_BY_[A-Z_]+$/.test(binding)) return "counters";
  return binding === "ASSETS" ? null : "objects";
}

const headersSchema = z.object({ "x-fuzz-cost": z.string() });
const callsSchema = z.record(z.string(), z.int());

/** Null for an answer that says nothing of it. */
export function costOf({ headers }: Answered): Cost | null {
  const named = headersSchema.safeParse(parseJson(headers));
  if (!named.success) return null;
  const calls = callsSchema.parse(parseJson(named.data["x-fuzz-cost"]));
  const cost = { objects: 0, store: 0, database: 0, counters: 0, queues: 0 };
  for (const [binding, count] of Object.entries(calls)) {
    const kind = kindOf(binding);
    if (kind !== null) cost[kind] += count;
  }
  return cost;
}

export function isMerchants({ request }: Pick<Input, "request">): boolean {
  return request.kind === "http" && request.target.startsWith("/_sluice/admin/");
}

/** Which of them is above the ceiling; null for none. */
export function tooDear(cost: Cost): string | null {
  const kind = KINDS.find((one) => cost[one] > COST_MAX[one]);
  return kind === undefined ? null : `${cost[kind]} calls of ${kind}, at most ${COST_MAX[kind]}`;
}

/** The dearest request of a route. */
export interface Dearest {
  readonly cost: Cost;
  readonly number: number;
}

/** Keeps the dearer one. */
export function noteCost(dearest: Map<string, Dearest>, route: string, one: Dearest): void {
  const known = dearest.get(route);
  const isDearer = known === undefined || sumOfCost(one.cost) > sumOfCost(known.cost);
  if (isDearer) dearest.set(route, one);
}

function sumOfCost(cost: Cost): number {
  return KINDS.reduce((sum, kind) => sum + cost[kind], 0);
}

/** The route that a request is for, as in the OpenAPI document; a page by its first parts. */
export function routeOf({ request }: Input, routes: readonly Route[]): string {
  if (request.kind === "raw") return "raw";
  const [path = ""] = request.target.split("?");
  if (!path.startsWith("/_sluice")) return "the shop";
  const rest = path.slice("/_sluice".length);
  const known = routes.find((route) => {
    const pattern = route.path.replaceAll(/\{\w+\}/g, "[^/]+").replaceAll(".", "\\.");
    return route.method === request.method && new RegExp(`^${pattern}$`).test(rest);
  });
  if (known !== undefined) return known.name;
  const [page = "", , part = ""] = rest.slice(1).split("/");
  const isPage = page === "shop" && /^[a-z]*$/.test(part);
  return isPage ? `${request.method} page ${part}`.trimEnd() : "others";
}
