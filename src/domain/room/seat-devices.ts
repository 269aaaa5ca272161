/**
 * The devices of a seat: which of its tokens are in force, and on how many devices it was used.
 *
 * A room numbers the tokens that it signs. One admission has one number for all its devices; where
 * the sale refuses foreign devices, one for each. A token is in force while its number is: gates
 * learn the numbers in force from the room's snapshot (`token-standing.ts`).
 *
 * Guarantee: at most `limit` devices have a token in force, and the newest ends the oldest. The
 * same device gets the same number. Bounded: a seat moves `SEAT_MOVES_MAX` times, and counts
 * `SEAT_DEVICES_COUNTED_MAX` devices.
 */
import { z } from "zod";
import { SEAT_DEVICES_COUNTED_MAX, SEAT_MOVES_MAX } from "../limits.ts";

export const seatDevicesSchema = z.object({
  /** In force, the oldest first; a null device is any device. */
  tokens: z.array(z.object({ number: z.int().min(0), device: z.string().nullable() })).readonly(),
  /** Numbers of tokens that a newer device ended. */
  ended: z.array(z.int()).readonly(),
  /** What tells the devices apart that asked for the seat; no more than are counted. */
  seen: z.array(z.string()).readonly(),
});
export type SeatDevices = Readonly<z.infer<typeof seatDevicesSchema>>;

export const NEW_SEAT_DEVICES: SeatDevices = { tokens: [], ended: [], seen: [] };

/** The device that asks for a seat. */
export interface SeatUse {
  /** The device that the token is bound to; null: any (`domain/sale/device-binding.ts`). */
  readonly device: string | null;
  /** What tells it from others, for counting; null when a gate of an earlier release asks. */
  readonly seen: string | null;
}

export const ANY_DEVICE: SeatUse = { device: null, seen: null };

/** The number of a device's token; null when the device has none, or the seat has no numbers. */
export function tokenNumberOf(
  devices: SeatDevices | undefined,
  device: string | null,
): number | null {
  const tokens = devices?.tokens ?? [];
  const own = tokens.find((token) => token.device === device);
  // A token that is good on every device is each device's.
  return (own ?? tokens.find((token) => token.device === null))?.number ?? null;
}

export interface TakenUp {
  readonly devices: SeatDevices;
  /** `too_many_devices`: it has moved so often that it stays where it is. */
  readonly outcome: "has_token" | "new_token" | "too_many_devices";
}

/**
 * A device asks for a seat. Asked again, nothing changes.
 * @param limit how many devices may have a token in force at once, at least 1; null where a token
 *   is good on every device
 * @param next the number of a new token
 */
export function takeUp(
  before: SeatDevices,
  { device, seen }: SeatUse,
  limit: number | null,
  next: number,
): TakenUp {
  const devices = count(before, seen);
  const { tokens, ended } = devices;
  const bound = limit === null ? null : device;
  if (tokens.some((token) => token.device === bound)) return { devices, outcome: "has_token" };
  const free = (limit ?? Number.POSITIVE_INFINITY) - tokens.length;
  const leaving = free > 0 ? [] : tokens.slice(0, 1 - free);
  if (ended.length + leaving.length > SEAT_MOVES_MAX) {
    return { devices, outcome: "too_many_devices" };
  }
  const kept = [...tokens.slice(leaving.length), { number: next, device: bound }];
  const moved = [...ended, ...leaving.map(({ number }) => number)];
  return { devices: { ...devices, tokens: kept, ended: moved }, outcome: "new_token" };
}

function count(devices: SeatDevices, seen: string | null): SeatDevices {
  if (seen === null || devices.seen.includes(seen)) return devices;
  if (devices.seen.length >= SEAT_DEVICES_COUNTED_MAX) return devices;
  return { ...devices, seen: [...devices.seen, seen] };
}
