/**
 * What the origin says of its shopper's admission, by headers of its answer: that it is over, or
 * that it shall last longer. The headers themselves never reach the shopper.
 *
 *   Sluice-Admission-Revoke: 1          the seat is free, the cookie is taken away
 *   Sluice-Admission-Extend: <seconds>  at least so long from now; a new token and a new cookie
 *
 * Guarantee: only an answer to an admitted request counts, and only for the admission it came with;
 * revoking comes before extending. An answer waits for the room, and when the room is silent it
 * goes out all the same: a revoked shopper loses the cookie, an extended one keeps the old time,
 * and the log says so.
 */
import { EXTENSION_MAX_S, EXTENSION_WORTH_MS, SHOPPER_CALL_TIMEOUT_MS } from "../domain/limits.ts";
import { log } from "../platform/log.ts";
import { leave } from "../shopper/waiting.ts";
import { roomOf, type RoomAnswer } from "../platform/objects.ts";
import { withTimeout } from "../platform/with-timeout.ts";
import { admissionCookie, expiredTokenCookie } from "../web/token-cookies.ts";
import type { Holder, OriginDirectives } from "./forward.ts";

const REVOKE = "sluice-admission-revoke";
const EXTEND = "sluice-admission-extend";

/** Cookies to set for it. */
export async function obey(
  directives: OriginDirectives,
  holder: Holder,
): Promise<readonly string[]> {
  if (directives[REVOKE]?.trim() === "1") return revoke(holder);
  const seconds = secondsOf(directives[EXTEND]);
  return seconds === null ? [] : extend(holder, seconds);
}

/** Null for what is no whole number of seconds, from 1 to a day. */
export function secondsOf(text: string | undefined): number | null {
  const seconds = /^\s*\d{1,9}\s*$/.test(text ?? "") ? Number(text) : 0;
  return seconds >= 1 && seconds <= EXTENSION_MAX_S ? seconds : null;
}

async function revoke(holder: Holder): Promise<string[]> {
  const { gate } = holder;
  const sale = holder.sale.id;
  const left = await leave(holder);
  if (left.kind !== "left")
    log.error("origin-directives", "revoke_not_done", { sale, why: left.kind });
  // The newer snapshot names the admission as revoked, so that this gate lets it through no more.
  else gate.waitUntil(gate.snapshots.refresh(sale, gate.now));
  return [expiredTokenCookie("admission", sale), expiredTokenCookie("ticket", sale)];
}

async function extend({ gate, admission: held }: Holder, seconds: number): Promise<string[]> {
  const { id, sale, expiresAt_ms, device } = held.admission;
  if (gate.now + seconds * 1000 - expiresAt_ms < EXTENSION_WORTH_MS) return [];
  const outcome = await withTimeout<RoomAnswer<"extend">>(
    roomOf(gate.env, sale).extend(id, seconds, device),
    SHOPPER_CALL_TIMEOUT_MS,
  );
  if (outcome?.kind !== "admitted") {
    log.error("origin-directives", "extend_not_done", {
      sale,
      why: outcome?.kind ?? "room_unavailable",
    });
    return [];
  }
  return [admissionCookie(sale, outcome.token, outcome.admission.expiresAt_ms, gate.now)];
}
