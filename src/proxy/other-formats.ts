/**
 * Answers to a shopper who waits at a guarded address in formats of other waiting rooms: the page
 * that a merchant brought, and the object that an app knows.
 *
 * Guarantee: where the shopper has something to do, or something is out of reach, Sluice's own page
 * explains it; a merchant's page is shown only to a shopper who need do nothing but wait.
 */
import { cloudflareWaitingRoom } from "../domain/formats/cloudflare-waiting-room.ts";
import type { Sale } from "../domain/sale/sale.ts";
import type { Schedule } from "../domain/sale/schedule.ts";
import type { ShopperState, Standing } from "../domain/room/standing.ts";
import { turnstileMarkup } from "../pages/views/proof.ts";
import { templatedPage, type TemplatedPage } from "../pages/views/templated.ts";

export interface Waiting {
  readonly sale: Sale;
  readonly schedule: Schedule;
  /** Null for a shopper without a place. */
  readonly standing: Standing | null;
  /** What a page loads instead of itself; null for itself. */
  readonly check: string | null;
  /** When to ask again, in whole seconds. */
  readonly retry_s: number;
  readonly now: number;
}

function waitingRoomOf({ sale, schedule, standing, retry_s, now }: Waiting) {
  const retryAfter_s = retry_s;
  // A shopper with a place has brought what it asks for.
  const turnstile = standing === null ? turnstileMarkup(sale) : "";
  return cloudflareWaitingRoom({ sale, schedule, standing, retryAfter_s, turnstile, now });
}

/** Members of an answer to an app. */
export function forApp(waiting: Waiting) {
  return { cfWaitingRoom: waitingRoomOf(waiting) };
}

/** `lapsed` asks for a decision, `ended` and `admitted` for another page. */
const WAITS: ReadonlySet<ShopperState> = new Set([
  "prequeue",
  "queued",
  "called",
  "paused",
  "sold_out",
]);

/** Null where the merchant has no page, or it is not for this. */
export function merchantsPage(waiting: Waiting): TemplatedPage | null {
  const { sale, standing, check, retry_s } = waiting;
  const { template } = sale.waitingPage;
  if (template === undefined || standing === null || !WAITS.has(standing.state)) return null;
  return templatedPage({
    template,
    waitingRoom: waitingRoomOf(waiting),
    title: sale.title,
    message: standing.message,
    position: standing.position,
    nonce: crypto.randomUUID().replaceAll("-", ""),
    refresh_s: retry_s,
    check,
  });
}
