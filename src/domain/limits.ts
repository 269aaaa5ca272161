/**
 * Every limit of Sluice in one place, unit last in the name.
 *
 * Guarantee: the relations between limits asserted at the end of this file hold, or nothing starts.
 * Limits that a merchant chooses per sale are in the sale document (`sale/sale.ts`); these bound
 * them.
 */

/** Request bodies of shoppers and merchants; a sale document of 100 items fits. */
export const BODY_BYTES_MAX = 16 * 1024;
/** A merchant's waiting page: a Mustache template. Every isolate that renders it caches it. */
export const TEMPLATE_BYTES_MAX = 32 * 1024;
export const TEMPLATE_DEPTH_MAX = 16;
export const TEMPLATE_FAULTS_MAX = 20;
export const TEMPLATES_REMEMBERED_MAX = 50;
/** A sale document: as large as other bodies, plus a template with every character escaped. */
export const SALE_BODY_BYTES_MAX = 80 * 1024;
/** A Queue-it token is used at once, so it need not live longer than a slow page takes to load. */
export const QUEUE_IT_TOKEN_SECONDS_MIN = 10;
export const QUEUE_IT_TOKEN_SECONDS_MAX = 3600;
/** A day: the maximum lifetime of a connector's cookie. */
export const QUEUE_IT_COOKIE_MINUTES_MAX = 24 * 60;
/** A longer `Sluice-Ticket` or `Sluice-Admission` is invalid. */
export const TOKEN_LENGTH_MAX = 2048;
/** An event from the payment provider; these are larger than shoppers' requests. */
export const WEBHOOK_BODY_BYTES_MAX = 256 * 1024;
/** An event with an older signature may be a replay. */
export const WEBHOOK_TOLERANCE_S = 300;
export const IDEMPOTENCY_KEY_LENGTH_MAX = 128;
export const IDENTIFIER_LENGTH_MAX = 64;
export const TEXT_LENGTH_MAX = 200;
export const EMAIL_LENGTH_MAX = 254;
export const MESSAGE_LENGTH_MAX = 500;

export const ITEMS_PER_SALE_MAX = 100;
export const LANES_PER_SALE_MAX = 8;
export const GUARDS_PER_SALE_MAX = 50;
export const GUARD_PATH_LENGTH_MAX = 1024;
/** The address to return to after the line; a longer one is replaced by the sale's page. */
export const RETURN_PATH_LENGTH_MAX = 2048;
export const GUARD_EXCEPTIONS_MAX = 50;
export const GUARD_METHODS_MAX = 20;
export const BYPASS_ADDRESSES_MAX = 100;
export const BYPASS_TOKENS_MAX = 20;
export const BYPASS_HEALTH_CHECKS_MAX = 20;
/** A longer `Sluice-Bypass` is invalid. */
export const BYPASS_TOKEN_LENGTH_MAX = 256;
/** Ended admissions whose tokens have not expired, as listed in a snapshot. */
export const REVOKED_KEPT_MAX = 500;
/** The maximum lifetime of an admission, however often an origin extends it. */
export const ADMISSION_LIFE_MAX_MS = 24 * 60 * 60 * 1000;
/** The maximum extension that one response of an origin may request. */
export const EXTENSION_MAX_S = 24 * 60 * 60;
/** An extension that gains less than this is skipped, so that not every response costs a write. */
export const EXTENSION_WORTH_MS = 10 * 1000;
/** Sales whose guards are published, until a day after their end: one page of a KV list. */
export const GUARDING_SALES_MAX = 1000;
/** An isolate refreshes its guard index this often, and serves the known one meanwhile. */
export const GUARDS_FRESH_MS = 10 * 1000;
/** How long after its end a sale's guards are kept; changing `endsAt` publishes them again. */
export const GUARDS_KEPT_S = 24 * 60 * 60;
export const LINES_PER_CART_MAX = 20;
export const QUANTITY_PER_LINE_MAX = 1000;
export const UNITS_PER_MOVEMENT_MAX = 10_000_000;
export const PRICE_MINOR_MAX = 1_000_000_000;
export const SHOPPERS_EXPECTED_MAX = 10_000_000;

/** The number of booths follows from the expected joins a second, up to this many. */
export const BOOTHS_PER_LANE_MAX = 64;
export const JOINS_PER_BOOTH_PER_SECOND = 500;
/** PassDesks of a sale; fixed, because a subject must always lead to the same desk. */
export const PASS_DESKS_PER_SALE = 64;
/** With a longer `sub` a ticket would exceed `TOKEN_LENGTH_MAX`. */
export const PASS_SUBJECT_LENGTH_MAX = 200;
/** Longer than any line lasts; the place itself does not expire. */
export const TICKET_COOKIE_S = 7 * 24 * 60 * 60;
/** Kept this long after the admission expires, so that a late repeated order finds its answer. */
export const ADMISSION_COOKIE_EXTRA_S = 24 * 60 * 60;
/** The id of a device that admissions are bound to; one made for a browser has 122 random bits. */
export const DEVICE_ID_LENGTH_MIN = 16;
export const DEVICE_ID_LENGTH_MAX = 64;
export const DEVICE_COOKIE_S = 7 * 24 * 60 * 60;
/** Uses on another device that an isolate remembers, so that each is logged once. */
export const REPLAYS_REMEMBERED_MAX = 5000;
/** A proof of work or Turnstile token: Turnstile's have up to 2,048 characters, ours about half. */
export const PROOF_LENGTH_MAX = 2048;
/** Rounds of PBKDF2 for each tried number: the platform's maximum. */
export const ALTCHA_COST_MAX = 100_000;
/** Numbers a shopper may have to try: even at the lowest cost some seconds of work. */
export const ALTCHA_NUMBER_MAX = 1_000_000;
export const ALTCHA_EXPIRY_MIN_S = 30;
export const ALTCHA_EXPIRY_MAX_S = 3600;
export const TURNSTILE_HOSTNAMES_MAX = 10;
/** One call to siteverify; without an answer it is repeated once with the same idempotency key. */
export const TURNSTILE_TIMEOUT_MS = 2000;
export const TURNSTILE_TRIES_MAX = 2;
export const TURNSTILE_ANSWER_BYTES_MAX = 16 * 1024;
/** How long a browser keeps the pass of a merchant's link, to join with and to join again. */
export const PASS_COOKIE_S = 24 * 60 * 60;
/** How long it keeps the refusal of a pass, so that a reloaded page shows it again. */
export const PASS_REFUSAL_COOKIE_S = 10 * 60;
/** A booth writes its high-water mark once per this many places: a crash skips at most as many. */
export const BOOTH_BLOCK_PLACES = 256;
/**
 * A repeated join returns the same place while its booth remembers it: the most recent joins, two
 * minutes of them at the planned rate. About 200 bytes each.
 */
export const JOINS_REMEMBERED_MAX = 60_000;
/** Concurrent joins of an isolate that take their places in one call of a booth. */
export const PLACES_PER_JOIN_MAX = 64;
/** Joins of an isolate that wait for the next call of a booth; further ones call it directly. */
export const JOINS_GATHERED_MAX = 1000;
/** A join that waited this long calls directly. Locally a call takes 2 to 30 ms under load. */
export const JOIN_GROUP_WAIT_MS = 2000;
/** Concurrent holds of an isolate that go to their SkuStock in one call. */
export const HOLDS_PER_CALL_MAX = 64;
/** Holds of an isolate that wait for the next call of a SkuStock; further ones call it directly. */
export const HOLDS_GATHERED_MAX = 1000;
export const HOLD_GROUP_WAIT_MS = 2000;
/** Admissions whose seats are checked in one call of a room. */
export const SEATS_PER_CALL_MAX = 64;
export const SEATS_GATHERED_MAX = 1000;
/** A cart waits at most two seconds for its seat: to be batched, and for the answer. */
export const SEAT_GROUP_WAIT_MS = 500;
export const SEAT_CALL_TIMEOUT_MS = 1500;
/**
 * The time-out of a shopper's write to a room, a booth or a desk. A late answer does no harm: a
 * place whose answer was lost is never claimed, and a repeated claim gets the same admission.
 * Locally the slowest joins of a crowd took 1.8 s.
 */
export const SHOPPER_CALL_TIMEOUT_MS = 5000;
/** This long after it took a block a booth sets its mark exactly; an eviction comes later. */
export const BOOTH_SETTLE_MS = 2000;
/** Cohorts close once a second; the room ticks as often. */
export const TICK_MS = 1000;
/** A booth that does not answer a close in time delays only the cohort of its own lane. */
export const BOOTH_ANSWER_TIMEOUT_MS = 2000;

/** How long a snapshot is served from memory, then from the location's cache, then by the room. */
export const SNAPSHOT_FRESH_MS = 1000;
/** While the room does not answer, its last snapshot is served (marked stale) for this long. */
export const SNAPSHOT_STALE_MAX_MS = 5 * 60 * 1000;
/** How long an isolate uses a sale document without reading KV, unless the snapshot is newer. */
export const SALE_FRESH_MS = 30 * 1000;

/** The caches of an isolate. Past these limits a request costs another read, and still succeeds. */
export const SALES_REMEMBERED_MAX = 500;
export const MANIFESTS_REMEMBERED_MAX = 5000;
export const RANKS_REMEMBERED_MAX = 20_000;
/** Half a kB each, with the token. */
export const ADMISSIONS_REMEMBERED_MAX = 10_000;
/** Places in all cached draws; past this the cache is emptied. A place takes 11 bytes of hashes. */
export const DRAWN_PLACES_MAX = 4_000_000;
/** At least some kB each. Half an hour of cohorts that close every second. */
export const DRAWS_REMEMBERED_MAX = 2000;

export const POLL_AFTER_MIN_S = 2;
export const POLL_AFTER_MAX_S = 60;
/** When all seats are taken, a called shopper claims again after this. */
export const CLAIM_RETRY_S = 2;
/** Kept turns counted per tick's calls; further turns are kept too, but not counted. */
export const KEPT_RANKS_PER_BATCH_MAX = 50;

/** A SkuStock reports its levels to its rooms at most this often. */
export const LEVEL_REPORT_INTERVAL_MS = 1000;
export const LEDGER_PAGE_ROWS_MAX = 1000;
export const ORDERS_PAGE_ROWS_MAX = 200;
export const DEAD_LETTERS_PAGE_ROWS_MAX = 200;
/** Dead letters that one request replays; as many as fit into one batch of a queue. */
export const DEAD_LETTERS_REPLAYED_MAX = 100;

/** One call to a backend. The lease of a consumer must cover two of them (asserted below). */
export const PAYMENT_TIMEOUT_MS = 5000;
/** One statement of the order book in D1, which normally takes milliseconds. */
export const ORDER_BOOK_TIMEOUT_MS = 5000;
/** A lease outlasts every call made under it (prepare and authorize are two). */
export const LEASE_MS = 20_000;
/** An order without progress for this long is queued again by its own alarm. */
export const PROGRESS_WATCHDOG_MS = 30_000;
/** Each time without progress doubles the wait before it is queued again, up to this. */
export const PROGRESS_WATCHDOG_MAX_MS = 10 * 60 * 1000;
/** Providers forget idempotency keys after 24 h; retries with the same key stop before that. */
export const SAME_KEY_RETRY_MAX_MS = 23 * 60 * 60 * 1000;
/** Payment steps are retried with exponential back-off between these two. */
export const STEP_RETRY_MIN_S = 1;
export const STEP_RETRY_MAX_S = 300;
/** Jitter: a postponed step waits up to a quarter longer, bounded by these two. */
export const SPREAD_MIN_MS = 500;
export const SPREAD_MAX_MS = 30_000;
/** While the shopper completes an action at their bank, the payment is looked up this often. */
export const ACTION_LOOK_MAX_S = 15;
/** An order that waits for the shopper (3-D Secure) is declined after this. */
export const ACTION_REQUIRED_MAX_MS = 15 * 60 * 1000;
/** An answer of a shop's own payment or order server; real answers are much smaller. */
export const BACKEND_ANSWER_BYTES_MAX = 16 * 1024;
export const BACKEND_ID_LENGTH_MAX = 255;
export const BACKEND_REASON_LENGTH_MAX = 64;
export const BACKEND_URL_LENGTH_MAX = 2048;
/** A longer `Retry-After` is cut to this, because an order must not wait for a day. */
export const BACKEND_RETRY_AFTER_MAX_S = 600;
/** The lengths of a shared secret that Standard Webhooks allows. */
export const BACKEND_SECRET_BYTES_MIN = 24;
export const BACKEND_SECRET_BYTES_MAX = 64;
/** Concurrent calls to one backend; both together leave one of the platform's six connections. */
export const PAYMENT_CALLS_AT_ONCE = 3;
export const ORDER_CALLS_AT_ONCE = 2;
/** Messages of a batch of the orders queue, handled concurrently; as many may wait for a slot. */
export const MESSAGES_AT_ONCE = 10;
/** A step that waited longer for a free slot is put off, because the backend is slow or hangs. */
export const SLOT_WAIT_MAX_MS = 5000;
/** Steps taken for one queue message before it is retried, so that other orders get their turn. */
export const STEPS_PER_MESSAGE_MAX = 12;
/** Ended orders an admission remembers, so that a late `beginOrder` of one is recognized. */
export const ORDERS_ENDED_KEPT = 8;
/** After this the alarm resumes a placing that was interrupted. */
export const PLACING_RETRY_MS = 5000;
/** Units owned by an order for this long are audited: the SkuStock asks the Order. */
export const ORDERED_AUDIT_MS = 60 * 60 * 1000;
/** An order that no provider settles for days repeats its states; the oldest lines are dropped. */
export const ORDER_HISTORY_ENTRIES_MAX = 500;
export const OUTBOX_RETRY_MIN_MS = 500;
export const OUTBOX_RETRY_MAX_MS = 60_000;

/** A live room reads the breakers from KV this often, and waits this long for them. */
export const PIPELINE_LOOK_INTERVAL_MS = 5000;
export const PIPELINE_LOOK_TIMEOUT_MS = 250;
/** KV may show a change a minute late; an older reading is ignored. */
export const PIPELINE_READING_MAX_MS = 2 * 60 * 1000;

/** One call to a merchant's Redis; no shopper's request waits for it. */
export const REDIS_TIMEOUT_MS = 3000;
export const REDIS_KEY_LENGTH_MAX = 200;
/** Allotments and returns in the lifetime of a SKU, because their ids are never deleted. */
export const TRANSFERS_PER_SKU_MAX = 1000;
/** After this the alarm resumes a transfer whose runner has died. */
export const TRANSFER_WATCH_MS = 10_000;
/** A call without an answer is retried with exponential back-off between these two. */
export const REDIS_RETRY_MIN_MS = 1000;
export const REDIS_RETRY_MAX_MS = 60_000;
/** About the number of entries in the mirrored stream; twice as many event ids are remembered. */
export const REDIS_STREAM_ENTRIES_MAX = 100_000;

/** Events that a room sends in one call: the maximum of a queue's batch. */
export const EVENTS_PER_SEND_MAX = 100;
/** The time-out of sending to a queue; the room's tick continues without it. */
export const QUEUE_SEND_TIMEOUT_MS = 1000;
export const EVENTS_PAGE_ROWS_MAX = 200;
/**
 * As long as Stripe keeps its events, and longer than a message can be in flight: queues keep one
 * for 4 days, or up to 14 if so configured, and a dead-letter queue as long again.
 */
export const EVENTS_KEPT_MS = 30 * 24 * 60 * 60 * 1000;
/** Events that one statement deletes, with up to 20 deliveries each: a fraction of a second. */
export const RETENTION_ROWS_MAX = 500;
/** Rounds of one run. Every 5 min that is half a million events a day: more than 10 GB can hold. */
export const RETENTION_ROUNDS_MAX = 4;

export const WEBHOOK_ENDPOINTS_MAX = 20;
export const WEBHOOK_URL_LENGTH_MAX = 2048;
export const WEBHOOK_TYPES_MAX = 30;
/** One try, from the first look-up of its address to the status of its answer. */
export const WEBHOOK_TIMEOUT_MS = 10_000;
/** The lease of a try: no second try is made meanwhile; after it the try counts as lost. */
export const WEBHOOK_LEASE_MS = 30_000;
/** Concurrent tries of one batch: each uses one connection, and D1 needs one too. */
export const WEBHOOK_CALLS_AT_ONCE = 4;
/** The longest delay of a queue message; a longer `Retry-After` is cut to it. */
export const WEBHOOK_WAIT_MAX_S = 24 * 60 * 60;
/** Tries stored with a delivery; it has ten, and ten more with each replay. */
export const WEBHOOK_ATTEMPTS_KEPT = 20;
/** How long the old and the new secret both sign after a rotation. */
export const WEBHOOK_ROTATION_OVERLAP_MS = 24 * 60 * 60 * 1000;
/** Events that one call replays; the answer contains the number remaining. */
export const WEBHOOK_REPLAY_EVENTS_MAX = 200;
export const WEBHOOK_DELIVERIES_PAGE_ROWS_MAX = 200;
/** A delivery overdue for this long has lost its message; a sweep queues up to this many again. */
export const WEBHOOK_OVERDUE_MS = 2 * 60 * 1000;
export const WEBHOOK_SWEEP_ROWS_MAX = 1000;
/** One DNS query, to check that a host name has public addresses only. */
export const DNS_TIMEOUT_MS = 2000;
export const DNS_ANSWERS_MAX = 100;

export const ADMIN_TOKEN_LENGTH_MIN = 32;

function assertRelation(holds: boolean, relation: string): void {
  if (!holds) throw new Error(`limits.ts: ${relation} does not hold`);
}
assertRelation(
  SALE_BODY_BYTES_MAX >= BODY_BYTES_MAX + 2 * TEMPLATE_BYTES_MAX,
  "SALE_BODY_BYTES_MAX >= BODY_BYTES_MAX + 2 * TEMPLATE_BYTES_MAX",
);
assertRelation(LEASE_MS > 2 * PAYMENT_TIMEOUT_MS, "LEASE_MS > 2 * PAYMENT_TIMEOUT_MS");
assertRelation(
  LEASE_MS > ORDER_BOOK_TIMEOUT_MS + PAYMENT_TIMEOUT_MS,
  "LEASE_MS > ORDER_BOOK_TIMEOUT_MS + PAYMENT_TIMEOUT_MS",
);
assertRelation(PAYMENT_CALLS_AT_ONCE + ORDER_CALLS_AT_ONCE < 6, "calls at once < 6 connections");
assertRelation(PROGRESS_WATCHDOG_MS > LEASE_MS, "PROGRESS_WATCHDOG_MS > LEASE_MS");
assertRelation(PLACES_PER_JOIN_MAX <= BOOTH_BLOCK_PLACES, "a join's places <= a booth's block");
assertRelation(JOIN_GROUP_WAIT_MS < SHOPPER_CALL_TIMEOUT_MS, "a group's wait < a call's time-out");
assertRelation(HOLD_GROUP_WAIT_MS < SHOPPER_CALL_TIMEOUT_MS, "holds wait < a call's time-out");
assertRelation(SEAT_GROUP_WAIT_MS < SEAT_CALL_TIMEOUT_MS, "seats wait < a call's time-out");
assertRelation(
  TURNSTILE_TRIES_MAX * TURNSTILE_TIMEOUT_MS < SHOPPER_CALL_TIMEOUT_MS,
  "siteverify's tries < a call's time-out",
);
assertRelation(SNAPSHOT_STALE_MAX_MS > SNAPSHOT_FRESH_MS, "stale age > fresh age");
// Two calls: by the script's hash, and with its text if Redis does not know the hash yet.
assertRelation(TRANSFER_WATCH_MS > 2 * REDIS_TIMEOUT_MS, "transfer watch > 2 * REDIS_TIMEOUT_MS");
assertRelation(WEBHOOK_LEASE_MS > 2 * WEBHOOK_TIMEOUT_MS, "webhook lease > 2 * a try's time-out");
assertRelation(2 * DNS_TIMEOUT_MS < WEBHOOK_TIMEOUT_MS, "two look-ups < a try's time-out");
assertRelation(WEBHOOK_CALLS_AT_ONCE < 6, "webhook calls at once < 6 connections");
assertRelation(PIPELINE_LOOK_TIMEOUT_MS < TICK_MS, "PIPELINE_LOOK_TIMEOUT_MS < TICK_MS");
assertRelation(
  PIPELINE_READING_MAX_MS > 2 * PIPELINE_LOOK_INTERVAL_MS,
  "PIPELINE_READING_MAX_MS > 2 * PIPELINE_LOOK_INTERVAL_MS",
);
