/**
 * Admissions that come from another device than they were given to, and devices that admissions are
 * given to. The rule is `src/domain/sale/device-binding.ts`; here it is applied, and logged.
 *
 * Guarantee: no I/O: checking costs one SHA-256, and only in sales that tell devices apart. A line
 * of the log names the sale and the admission's id, and neither a token, a device nor an address.
 * An isolate logs each admission once for each foreign device.
 */
import { BoundedMap } from "../domain/bounded-map.ts";
import { REPLAYS_REMEMBERED_MAX } from "../domain/limits.ts";
import {
  deviceOf,
  replayOf,
  seenOf,
  ticketDeviceOf,
  type DeviceFacts,
  type Replay,
} from "../domain/sale/device-binding.ts";
import type { Sale } from "../domain/sale/sale.ts";
import { log } from "../platform/log.ts";
import type { Admission } from "../tokens/admissions.ts";
import type { Ticket } from "../tokens/tickets.ts";
import type { Caller } from "./gate-context.ts";

const logged = new BoundedMap<true>(REPLAYS_REMEMBERED_MAX);

function factsOf({ device, userAgent, address }: Caller): DeviceFacts {
  return { id: device, userAgent, address };
}

export function replayBy(
  { now }: { readonly now: number },
  sale: Sale,
  admission: Admission,
  caller: Caller,
): Replay {
  const replay = replayOf(sale.replay, admission.device, factsOf(caller));
  if (replay === "own" || admission.expiresAt_ms <= now) return replay;
  const { id } = admission;
  const foreign = `${sale.id}/${id}/${deviceOf(sale.replay, factsOf(caller)) ?? ""}`;
  if (logged.get(foreign) === undefined) {
    logged.set(foreign, true);
    const { handling } = sale.replay;
    log.warn("replays", "admission_replayed", { sale: sale.id, admission: id, handling });
  }
  return replay;
}

export type DeviceNeeded = { readonly kind: "device_required" };

interface Asking {
  readonly sale: Sale;
  readonly caller: Caller;
}

/** The device that the room binds the admission to; null for none in particular. */
export function deviceFor({ sale, caller }: Asking): string | null {
  return deviceOf(sale.replay, factsOf(caller));
}

/** By the id of a device that was seen lately: a poll costs no digest. */
const ticketDevices = new BoundedMap<string>(REPLAYS_REMEMBERED_MAX);

/** The device that a ticket is bound to; null for none in particular. */
export function ticketDeviceFor({ sale, caller }: Asking): string | null {
  const { device: id } = caller;
  if (id === null || sale.replay.handling === "allow") return null;
  const device = ticketDevices.get(id) ?? ticketDeviceOf(sale.replay, id);
  if (device !== null) ticketDevices.set(id, device);
  return device;
}

/** Whether a ticket came from another device than it was given to, and the sale refuses it. */
export function isForeignTicket(asking: Asking, { device }: Pick<Ticket, "device">): boolean {
  if (asking.sale.replay.handling !== "refuse" || device === null) return false;
  return ticketDeviceFor(asking) !== device;
}

/** What tells the asking device apart from others, for the merchant's counters. */
export function deviceSeen({ caller }: Asking): string {
  return seenOf(factsOf(caller));
}

/** A sale that refuses foreign devices gives an admission to a device, or not at all. */
export function lacksDevice({ sale, caller }: Asking): boolean {
  return sale.replay.handling === "refuse" && caller.device === null;
}
