/**
 * Every limit of Sluice in one place, unit last in the name.
 *
 * Guarantee: the relations between limits asserted at the end of this file hold, or nothing starts.
 * Limits a merchant chooses per sale live in the sale document (`sale.ts`); these bound them.
 */

/** Request bodies of shoppers and merchants; a sale document of 100 items fits. */
export const BODY_BYTES_MAX = 16 * 1024;
/** A `Sluice-Ticket` or `Sluice-Admission` longer than this is not one of ours. */
export const TOKEN_LENGTH_MAX = 2048;
export const IDEMPOTENCY_KEY_LENGTH_MAX = 128;
export const IDENTIFIER_LENGTH_MAX = 64;
export const TEXT_LENGTH_MAX = 200;
export const EMAIL_LENGTH_MAX = 254;
export const MESSAGE_LENGTH_MAX = 500;

export const ITEMS_PER_SALE_MAX = 100;
export const LANES_PER_SALE_MAX = 8;
export const GUARDS_PER_SALE_MAX = 50;
export const LINES_PER_CART_MAX = 20;
export const QUANTITY_PER_LINE_MAX = 1000;
export const UNITS_PER_MOVEMENT_MAX = 10_000_000;
export const PRICE_MINOR_MAX = 1_000_000_000;
export const SHOPPERS_EXPECTED_MAX = 10_000_000;

/** A room is asked by gates once a second each; a booth by its share of the joins. */
export const BOOTHS_PER_LANE_MAX = 64;
export const JOINS_PER_BOOTH_PER_SECOND = 500;
/** Desks that remember subjects of passes; fixed, because a subject must find its desk again. */
export const PASS_DESKS_PER_SALE = 64;
/** A longer `sub` would make a ticket that is longer than a ticket may be. */
export const PASS_SUBJECT_LENGTH_MAX = 200;
/** A booth writes its high-water mark once per this many places; a crash skips at most as many. */
export const BOOTH_BLOCK_PLACES = 256;
/** So long after a block was taken the mark is set to what was handed out; evictions are later. */
export const BOOTH_SETTLE_MS = 2000;
/** Cohorts close once a second; the room ticks as often. */
export const TICK_MS = 1000;
/** A booth that does not answer a close within this delays only its own lane's cohort. */
export const BOOTH_ANSWER_TIMEOUT_MS = 2000;

/** A snapshot is served this long from memory, then from the location's cache, then by the room. */
export const SNAPSHOT_FRESH_MS = 1000;
/** With the room gone, the last snapshot is shown (marked stale) for this long. */
export const SNAPSHOT_STALE_MAX_MS = 5 * 60 * 1000;
/** A gate isolate looks at KV for the sale document this often, or when the snapshot is newer. */
export const SALE_FRESH_MS = 30 * 1000;

export const POLL_AFTER_MIN_S = 2;
export const POLL_AFTER_MAX_S = 60;
/** When all seats are taken, a called shopper asks again after this. */
export const CLAIM_RETRY_S = 2;

/** A SkuStock reports its levels to its rooms at most this often. */
export const LEVEL_REPORT_INTERVAL_MS = 1000;
export const LEDGER_PAGE_ROWS_MAX = 1000;
export const ORDERS_PAGE_ROWS_MAX = 200;

/** One call to a backend. Also the unit of the consumer's lease and of the hold-time rule below. */
export const PAYMENT_TIMEOUT_MS = 5000;
/** A lease outlives every call made under it (prepare and authorize are two). */
export const LEASE_MS = 20_000;
/** An order without progress for this long is queued again by its own alarm. */
export const PROGRESS_WATCHDOG_MS = 30_000;
/** Providers forget idempotency keys after 24 h; same-key retries stop well before. */
export const SAME_KEY_RETRY_MAX_MS = 23 * 60 * 60 * 1000;
/** Payment steps are tried with growing delay between these two. */
export const STEP_RETRY_MIN_S = 1;
export const STEP_RETRY_MAX_S = 300;
/** An order waiting for the shopper (3-D Secure) is given up after this. */
export const ACTION_REQUIRED_MAX_MS = 15 * 60 * 1000;
/** How many steps one queue message may take before it lets others pass. */
export const STEPS_PER_MESSAGE_MAX = 12;
/** A placing that was cut off is taken up again by the alarm after this. */
export const PLACING_RETRY_MS = 5000;
export const OUTBOX_RETRY_MIN_MS = 500;
export const OUTBOX_RETRY_MAX_MS = 60_000;

export const ADMIN_TOKEN_LENGTH_MIN = 32;

function assertRelation(holds: boolean, relation: string): void {
  if (!holds) throw new Error(`limits.ts: ${relation} does not hold`);
}
assertRelation(LEASE_MS > 2 * PAYMENT_TIMEOUT_MS, "LEASE_MS > 2 * PAYMENT_TIMEOUT_MS");
assertRelation(PROGRESS_WATCHDOG_MS > LEASE_MS, "PROGRESS_WATCHDOG_MS > LEASE_MS");
assertRelation(SNAPSHOT_STALE_MAX_MS > SNAPSHOT_FRESH_MS, "stale age > fresh age");
