/**
 * Admissions that come from another device than they were given to, and devices that admissions are
 * given to. The rule is `src/domain/sale/device-binding.ts`; here it is applied, and logged.
 *
 * Guarantee: nothing is asked of anybody, so a use costs one digest, and only in sales that tell
 * devices apart. A line of the log names the sale and the admission's id, and neither a token, a
 * device nor an address. An isolate logs each admission once for each foreign device.
 */
import { BoundedMap } from "../domain/bounded-map.ts";
import { REPLAYS_REMEMBERED_MAX } from "../domain/limits.ts";
import {
  deviceOf,
  replayOf,
  type DeviceFacts,
  type Replay,
} from "../domain/sale/device-binding.ts";
import type { Sale } from "../domain/sale/sale.ts";
import { log } from "../platform/log.ts";
import type { Admission } from "../tokens/admissions.ts";
import type { Caller, GateContext } from "./visit.ts";

const told = new BoundedMap<true>(REPLAYS_REMEMBERED_MAX);

function factsOf({ device, userAgent, address }: Caller): DeviceFacts {
  return { id: device, userAgent, address };
}

export function replayBy(
  { now }: Pick<GateContext, "now">,
  sale: Sale,
  admission: Admission,
  caller: Caller,
): Replay {
  const replay = replayOf(sale.replay, admission.device, factsOf(caller));
  if (replay === "own" || admission.expiresAt_ms <= now) return replay;
  const { id } = admission;
  const foreign = `${sale.id}/${id}/${deviceOf(sale.replay, factsOf(caller)) ?? ""}`;
  if (told.get(foreign) === undefined) {
    told.set(foreign, true);
    const { handling } = sale.replay;
    log.warn("replays", "admission_replayed", { sale: sale.id, admission: id, handling });
  }
  return replay;
}

export type DeviceNeeded = { readonly kind: "device_required" };

/** Whose admission the room is to sign; null for nobody's in particular. */
export function deviceFor(sale: Sale, caller: Caller): string | null {
  return deviceOf(sale.replay, factsOf(caller));
}

/** A sale that refuses foreign devices gives an admission to a device, or not at all. */
export function lacksDevice({ replay }: Sale, { device }: Caller): boolean {
  return replay.handling === "refuse" && device === null;
}
