/**
 * The id by which a device is known: random, kept by a browser in a cookie of this host, or sent by
 * an app as `Sluice-Device`.
 *
 * Guarantee: only sales that tell devices apart give a browser the cookie. It says nothing about
 * its owner. A malformed id counts as none.
 */
import { hostOf } from "../domain/guards/guard.ts";
import { DEVICE_COOKIE_S } from "../domain/limits.ts";
import { deviceIdSchema } from "../domain/sale/device-binding.ts";
import type { Sale } from "../domain/sale/sale.ts";
import type { Caller } from "../shopper/visit.ts";
import { cookie, cookieIn } from "./cookies.ts";

const NAME = "sluice-device";

/** What a request says of where it comes from. */
export function callerOf({ url, headers }: Request): Caller {
  const carried = headers.get("Sluice-Device") ?? cookieIn(headers, NAME);
  return {
    host: hostOf(url),
    address: headers.get("CF-Connecting-IP"),
    userAgent: headers.get("User-Agent") ?? "",
    device: carried === null ? null : (deviceIdSchema.safeParse(carried).data ?? null),
  };
}

export function newDevice(): { readonly id: string; readonly cookie: string } {
  const id = crypto.randomUUID();
  return { id, cookie: cookie(NAME, id, { maxAge_s: DEVICE_COOKIE_S }) };
}

export interface CallerKnown {
  readonly caller: Caller;
  /** That the browser is to keep, so that it is known again. */
  readonly cookies: readonly string[];
}

/** Whoever asks; in a sale that tells devices apart, by a device that is given one if need be. */
export function callerKnown({ replay }: Sale, request: Request): CallerKnown {
  const caller = callerOf(request);
  if (replay.handling === "allow" || caller.device !== null) return { caller, cookies: [] };
  const { id, cookie } = newDevice();
  return { caller: { ...caller, device: id }, cookies: [cookie] };
}
