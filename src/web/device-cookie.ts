/**
 * The id by which a device is known: random, kept by a browser in a cookie of this host, or sent by
 * an app as `Sluice-Device`.
 *
 * Guarantee: only sales that tell devices apart give a browser the cookie. It says nothing about
 * its owner. A malformed id counts as none.
 */
import { hostOf } from "../domain/guards/url.ts";
import { DEVICE_COOKIE_S } from "../domain/limits.ts";
import { deviceIdSchema } from "../domain/sale/device-binding.ts";
import type { Sale } from "../domain/sale/sale.ts";
import type { Caller } from "../shopper/gate-context.ts";
import { cookie, cookieIn } from "./cookies.ts";

const NAME = "sluice-device";

export function callerOf({ url, headers }: Request): Caller {
  const carried = headers.get("Sluice-Device") ?? cookieIn(headers, NAME);
  return {
    host: hostOf(url),
    address: headers.get("CF-Connecting-IP"),
    shopperAddress: headers.get("CF-Connecting-IP"),
    userAgent: headers.get("User-Agent") ?? "",
    device: carried === null ? null : (deviceIdSchema.safeParse(carried).data ?? null),
  };
}

/**
 * The caller with a device: in a sale that tells devices apart, one without gets a new id, and one
 * that has one keeps it for as long again, because it must not be lost before its tickets are.
 * @returns its `Set-Cookie` value as well; null in other sales
 */
export function withDevice(
  { replay }: Sale,
  caller: Caller,
): { readonly caller: Caller; readonly given: string | null } {
  if (replay.handling === "allow") return { caller, given: null };
  const device = caller.device ?? crypto.randomUUID();
  return {
    caller: { ...caller, device },
    given: cookie(NAME, device, { maxAge_s: DEVICE_COOKIE_S }),
  };
}
