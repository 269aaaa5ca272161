/**
 * A WebSocket of an admitted shopper to the shop. The gate stands between its two halves and passes
 * their messages on, because a connection outlives the request that opened it: it ends with the
 * admission, and not when one of the two likes.
 *
 * Guarantee: within `SOCKET_LOOK_MS` of the instant at which the gate learns that the admission was
 * given back or has moved to another device, or at its `exp` unless the shop has extended it, both
 * halves get close code 1008, and no message passes any more, whether or not they answer the close.
 * A half that closes or fails closes the other, with its code where a code may be sent. No object
 * is called but the room, once at each `exp`.
 *
 * Weak: the platform gives no backpressure, so what one half sends faster than the other takes it
 * is held in memory. Each message costs the gate some microseconds of processor time.
 */
import { SHOPPER_CALL_TIMEOUT_MS } from "../domain/limits.ts";
import { tokenStandingIn } from "../domain/room/token-standing.ts";
import { roomOf } from "../platform/objects.ts";
import { withTimeout } from "../platform/with-timeout.ts";
import type { Holder } from "./forward.ts";

const SOCKET_LOOK_MS = 2000;
/** Policy violation (RFC 6455, section 7.4.1). */
const ADMISSION_OVER = 1008;
const FAILED = 1011;

/** @returns the half for the shopper's client */
export function guardedSocket(shop: WebSocket, holder: Holder): WebSocket {
  const { 0: client, 1: shopper } = new WebSocketPair();
  const halves = [shop, shopper] as const;
  let isOpen = true;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const end = (code: number, reason: string): void => {
    if (!isOpen) return;
    isOpen = false;
    clearTimeout(timer);
    for (const half of halves) close(half, code, reason);
  };
  for (const [from, to] of [halves, [shopper, shop] as const]) {
    from.binaryType = "arraybuffer";
    from.addEventListener("message", ({ data }) => {
      if (isOpen) send(to, data, end);
    });
    from.addEventListener("close", ({ code, reason }) => end(code, reason));
    from.addEventListener("error", () => end(FAILED, "connection failed"));
    from.accept();
  }
  let until_ms = holder.admission.admission.expiresAt_ms;
  const look = async (): Promise<void> => {
    const now = Date.now();
    if (now >= until_ms) until_ms = await extendedUntil(holder);
    if (now >= until_ms) return end(ADMISSION_OVER, "admission expired");
    if (await isOver(holder, now)) return end(ADMISSION_OVER, "admission over");
    if (isOpen) watch();
  };
  const watch = (): void => {
    const wait_ms = Math.min(Math.max(until_ms - Date.now(), 0), SOCKET_LOOK_MS);
    timer = setTimeout(() => void look().catch(() => end(FAILED, "gate failed")), wait_ms);
  };
  watch();
  return client;
}

function send(
  to: WebSocket,
  data: string | ArrayBuffer | Blob,
  end: (code: number, reason: string) => void,
): void {
  try {
    if (!(data instanceof Blob)) to.send(data);
  } catch {
    end(FAILED, "connection failed");
  }
}

/** Codes below 1000 and those of RFC 6455 for what never was sent cannot be sent. */
function close(half: WebSocket, code: number, reason: string): void {
  const mayBeSent =
    (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 4999 && code !== 1015);
  try {
    half.close(mayBeSent ? code : 1000, reason);
  } catch {
    // It is closed already.
  }
}

/** By the isolate's snapshot, as for every request. */
async function isOver({ gate, sale, admission }: Holder, now: number): Promise<boolean> {
  const seen = await gate.snapshots.cachedSnapshot(sale.id, now, gate.waitUntil);
  return seen !== null && tokenStandingIn(seen.snapshot, admission.admission) !== "in_force";
}

/** When the admission ends now that its token has; 0 when it has ended, or the room is silent. */
async function extendedUntil({ gate, sale, admission }: Holder): Promise<number> {
  const { id } = admission.admission;
  const room = roomOf(gate.env, sale.id);
  const seat = await withTimeout(room.seat(id), SHOPPER_CALL_TIMEOUT_MS);
  return seat?.standing === "active" ? (seat.expiresAt_ms ?? 0) : 0;
}
