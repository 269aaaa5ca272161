/**
 * What the origin says of its shopper's admission, by headers of its answer: that it is over, or
 * that it shall last longer. The headers themselves never reach the shopper.
 *
 *   Sluice-Admission-Revoke: 1          the seat is free, the cookie is taken away
 *   Sluice-Admission-Extend: <seconds>  at least so long from now; a new token and a new cookie
 *
 * Guarantee: only an answer to an admitted request counts, and only for the admission it came with;
 * revoking comes before extending. An answer waits for the room's word on it, and if there is none
 * it goes out all the same: a revoked shopper loses the cookie, an extended one keeps the old time,
 * and the log says so.
 */
import { EXTENSION_MAX_S, EXTENSION_WORTH_MS, SHOPPER_CALL_TIMEOUT_MS } from "../domain/limits.ts";
import type { Caller, GateContext } from "../shopper/visit.ts";
import { leave } from "../shopper/waiting.ts";
import { roomOf, type RoomAnswer } from "../platform/objects.ts";
import { withTimeout } from "../platform/with-timeout.ts";
import type { Admission } from "../tokens/admissions.ts";
import { admissionCookie, expiredTokenCookie } from "../web/token-cookies.ts";
import type { OriginDirectives } from "./forward.ts";

const REVOKE = "sluice-admission-revoke";
const EXTEND = "sluice-admission-extend";

export interface Holder {
  /** Whoever asked with it. */
  readonly caller: Caller;
  readonly token: string;
  readonly admission: Admission;
}

/** Cookies to set for it. */
export async function obey(
  context: GateContext,
  word: OriginDirectives,
  holder: Holder,
): Promise<readonly string[]> {
  if (word[REVOKE]?.trim() === "1") return revoke(context, holder);
  const seconds = secondsOf(word[EXTEND]);
  return seconds === null ? [] : extend(context, holder, seconds);
}

/** Null for what is no whole number of seconds, from 1 to a day. */
export function secondsOf(text: string | undefined): number | null {
  const seconds = /^\s*\d{1,9}\s*$/.test(text ?? "") ? Number(text) : 0;
  return seconds >= 1 && seconds <= EXTENSION_MAX_S ? seconds : null;
}

async function revoke(
  context: GateContext,
  { token, admission, caller }: Holder,
): Promise<string[]> {
  const { sale } = admission;
  const left = await leave(context, sale, { ticket: null, admission: token, caller });
  if (left.kind !== "left") tell("revoke_not_done", sale, left.kind);
  else context.waitUntil(context.snapshots.refresh(sale, context.now));
  return [expiredTokenCookie("admission", sale), expiredTokenCookie("ticket", sale)];
}

async function extend(
  context: GateContext,
  { admission }: Holder,
  seconds: number,
): Promise<string[]> {
  const { id, sale, expiresAt_ms, device } = admission;
  if (context.now + seconds * 1000 - expiresAt_ms < EXTENSION_WORTH_MS) return [];
  const outcome = await withTimeout<RoomAnswer<"extend">>(
    roomOf(context.env, sale).extend(id, seconds, device),
    SHOPPER_CALL_TIMEOUT_MS,
  );
  if (outcome?.kind !== "admitted") {
    tell("extend_not_done", sale, outcome?.kind ?? "room_unavailable");
    return [];
  }
  return [admissionCookie(sale, outcome.token, outcome.admission.expiresAt_ms, context.now)];
}

function tell(event: string, sale: string, why: string): void {
  console.error(JSON.stringify({ at: "origin-word", event, sale, why }));
}
