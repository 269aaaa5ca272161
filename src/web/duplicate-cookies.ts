/**
 * Cookies of the gate that a request carries more than once.
 *
 * A browser that obeys the prefix `__Host-` keeps one cookie of a name, and lets no other host and
 * no page without https set it. An old one may send several: the gate's own, and one that a
 * neighbouring host or an http page planted, before or after it.
 *
 * Guarantee: values that the gate did not sign are passed over, so rubbish shuts nobody out. Of
 * several different values that it did sign none counts, because nothing tells which of them a
 * stranger planted, and an order must not go to the planter. Not for a planted cookie that is the
 * only one: against it there is only the prefix.
 */
import { COOKIE_VALUES_MAX } from "../domain/limits.ts";
import type { GateContext } from "../shopper/gate-context.ts";
import { verifyAdmission } from "../tokens/admissions.ts";
import type { Keys } from "../tokens/secrets.ts";
import { verifyTicket } from "../tokens/tickets.ts";
import { cookiePairs, mayHaveTwo, ownNameOf } from "./cookies.ts";

export interface Verifying {
  readonly keys: Keys;
  readonly issuer: string;
  readonly now: number;
}

export function verifyingOf({ keys, env, now }: GateContext): Verifying {
  return { keys, issuer: env.ISSUER, now };
}

/** The gate's cookies of the header that it carries twice or more: their values by name. */
function duplicatesIn(headers: Headers): ReadonlyMap<string, readonly string[]> | null {
  const header = headers.get("Cookie");
  if (header === null || !mayHaveTwo(header)) return null;
  const values = new Map<string, string[]>();
  let repeated = false;
  for (const pair of cookiePairs(header)) {
    const name = ownNameOf(pair);
    if (name === null) continue;
    const known = values.get(name);
    if (known === undefined) values.set(name, [pair.value]);
    else known.push(pair.value);
    repeated ||= known !== undefined;
  }
  return repeated ? values : null;
}

/**
 * The same request with at most one cookie of each name of the gate. Takes over its body.
 * @param verifying asked for only when a name is repeated; null leaves the request as it is
 */
export async function withSingleCookies(
  request: Request,
  verifying: () => Promise<Verifying | null>,
): Promise<Request> {
  const duplicates = duplicatesIn(request.headers);
  if (duplicates === null) return request;
  const means = await verifying();
  if (means === null) return request;
  const chosen = new Map<string, string | null>();
  for (const [name, values] of duplicates) chosen.set(name, await valueOf(name, values, means));
  const headers = new Headers(request.headers);
  const kept = cookiePairs(headers.get("Cookie") ?? "").flatMap((pair) => {
    const name = ownNameOf(pair);
    if (name === null) return [pair.name === "" ? pair.value : `${pair.name}=${pair.value}`];
    const value = chosen.get(name) ?? null;
    chosen.delete(name);
    return value === null ? [] : [`${pair.name}=${value}`];
  });
  headers.set("Cookie", kept.join("; "));
  return new Request(request, { headers });
}

/** Null when several count, or none does. */
async function valueOf(
  name: string,
  sent: readonly string[],
  means: Verifying,
): Promise<string | null> {
  const values = [...new Set(sent)];
  const [only = null] = values;
  if (values.length === 1) return only;
  // Browsers send those with longer paths first, so what is cut off is a stranger's.
  const tried = values.slice(-COOKIE_VALUES_MAX);
  const signed = await Promise.all(tried.map((value) => isSigned(name, value, means)));
  const ours = tried.filter((_, index) => signed[index]);
  return ours.length === 1 ? (ours[0] ?? null) : null;
}

/** Whether the gate signed it, be it expired; false for cookies that have no signature. */
async function isSigned(
  name: string,
  value: string,
  { keys, issuer, now }: Verifying,
): Promise<boolean> {
  const [, kind, sale] = /^sluice-(ticket|admission)-(.+)$/.exec(name) ?? [];
  if (sale === undefined) return false;
  if (kind === "ticket") return (await verifyTicket(keys, sale, value)).kind === "valid";
  return (await verifyAdmission(keys, issuer, sale, value, now)).kind !== "invalid";
}
