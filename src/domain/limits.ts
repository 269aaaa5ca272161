/**
 * Every limit of Sluice in one place, unit last in the name.
 *
 * Guarantee: the relations between limits asserted at the end of this file hold, or nothing starts.
 * Limits a merchant chooses per sale live in the sale document (`sale.ts`); these bound them.
 */

/** Request bodies of shoppers and merchants; a sale document of 100 items fits. */
export const BODY_BYTES_MAX = 16 * 1024;
/** A merchant's waiting page: a Mustache template. Every isolate that shows it keeps it. */
export const TEMPLATE_BYTES_MAX = 32 * 1024;
export const TEMPLATE_DEPTH_MAX = 16;
export const TEMPLATE_FAULTS_MAX = 20;
export const TEMPLATES_REMEMBERED_MAX = 50;
/** A sale document: as large as other bodies, and a template whose every character is escaped. */
export const SALE_BODY_BYTES_MAX = 80 * 1024;
/** A Queue-it token is used at once, so it needs to live no longer than a slow page takes. */
export const QUEUE_IT_TOKEN_SECONDS_MIN = 10;
export const QUEUE_IT_TOKEN_SECONDS_MAX = 3600;
/** A day, as long as a connector's cookie is kept at most. */
export const QUEUE_IT_COOKIE_MINUTES_MAX = 24 * 60;
/** A `Sluice-Ticket` or `Sluice-Admission` longer than this is not one of ours. */
export const TOKEN_LENGTH_MAX = 2048;
/** An event of the payment provider; theirs are larger than anything a shopper sends. */
export const WEBHOOK_BODY_BYTES_MAX = 256 * 1024;
/** An event signed longer ago may be a recorded one. */
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
/** An address to come back to after the line; a longer one leads to the sale instead. */
export const RETURN_PATH_LENGTH_MAX = 2048;
export const GUARD_EXCEPTIONS_MAX = 50;
export const GUARD_METHODS_MAX = 20;
export const BYPASS_ADDRESSES_MAX = 100;
export const BYPASS_TOKENS_MAX = 20;
export const BYPASS_HEALTH_CHECKS_MAX = 20;
/** A `Sluice-Bypass` longer than this is no token of anybody's. */
export const BYPASS_TOKEN_LENGTH_MAX = 256;
/** Ended admissions whose tokens are still in time, as a snapshot names them. */
export const REVOKED_KEPT_MAX = 500;
/** However often an origin extends it, an admission ends so long after it was given. */
export const ADMISSION_LIFE_MAX_MS = 24 * 60 * 60 * 1000;
/** The most that one answer of an origin may ask for. */
export const EXTENSION_MAX_S = 24 * 60 * 60;
/** An admission that would gain less than this is not extended: not every answer costs a write. */
export const EXTENSION_WORTH_MS = 10 * 1000;
/** Sales with guards that have not long ended: one page of a list of keys. */
export const GUARDING_SALES_MAX = 1000;
/** An isolate looks this often which sales guard what; meanwhile it goes by what it knows. */
export const GUARDS_FRESH_MS = 10 * 1000;
/** How long after its end a sale's guards are kept; a later `endsAt` publishes them anew. */
export const GUARDS_KEPT_S = 24 * 60 * 60;
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
/** Longer than any sale's line; the place itself has no expiry. */
export const TICKET_COOKIE_S = 7 * 24 * 60 * 60;
/** So much longer than it lets anybody in: an order sent again late still finds its answer. */
export const ADMISSION_COOKIE_EXTRA_S = 24 * 60 * 60;
/** The id of a device that admissions are given to; a browser's has 122 random bits. */
export const DEVICE_ID_LENGTH_MIN = 16;
export const DEVICE_ID_LENGTH_MAX = 64;
export const DEVICE_COOKIE_S = 7 * 24 * 60 * 60;
/** An isolate remembers what it has said of a foreign device, so that each is logged once. */
export const REPLAYS_REMEMBERED_MAX = 5000;
/** A proof of being human: Turnstile's tokens have up to so many characters, ours about half. */
export const PROOF_LENGTH_MAX = 2048;
/** Rounds of PBKDF2 a try: the platform's own bound. */
export const ALTCHA_COST_MAX = 100_000;
/** Numbers a shopper may have to try: at the smallest cost still some seconds of work. */
export const ALTCHA_NUMBER_MAX = 1_000_000;
export const ALTCHA_EXPIRY_MIN_S = 30;
export const ALTCHA_EXPIRY_MAX_S = 3600;
export const TURNSTILE_HOSTNAMES_MAX = 10;
/** One call to siteverify; what it did not answer is asked once more with the same key. */
export const TURNSTILE_TIMEOUT_MS = 2000;
export const TURNSTILE_TRIES_MAX = 2;
export const TURNSTILE_ANSWER_BYTES_MAX = 16 * 1024;
/** How long a browser keeps the pass of a merchant's link, for joining and joining again. */
export const PASS_COOKIE_S = 24 * 60 * 60;
/** How long it keeps that a pass was refused, so that a reloaded page says so again. */
export const PASS_REFUSAL_COOKIE_S = 10 * 60;
/** A booth writes its high-water mark once per this many places; a crash skips at most as many. */
export const BOOTH_BLOCK_PLACES = 256;
/**
 * Whoever repeats a join finds their place while the booth remembers it: the last so many, two
 * minutes of joins at the planned rate. Some 200 bytes each.
 */
export const JOINS_REMEMBERED_MAX = 60_000;
/** Joins that meet in an isolate take their places in one call, up to so many. */
export const PLACES_PER_JOIN_MAX = 64;
/** So many joins of an isolate wait for the next call of a booth; more call it by themselves. */
export const JOINS_GATHERED_MAX = 1000;
/** Whoever waits longer for another's call makes it. Locally a call takes 2 to 30 ms under load. */
export const JOIN_GROUP_WAIT_MS = 2000;
/** Holds that meet in an isolate reach their SkuStock in one call, up to so many. */
export const HOLDS_PER_CALL_MAX = 64;
/** So many holds of an isolate wait for the next call of a SkuStock; more call by themselves. */
export const HOLDS_GATHERED_MAX = 1000;
export const HOLD_GROUP_WAIT_MS = 2000;
/** Admissions whose seats a room is asked after in one call, up to so many. */
export const SEATS_PER_CALL_MAX = 64;
export const SEATS_GATHERED_MAX = 1000;
/** A cart waits two seconds in all for its seat: so long to gather, and so long for an answer. */
export const SEAT_GROUP_WAIT_MS = 500;
export const SEAT_CALL_TIMEOUT_MS = 1500;
/**
 * A room, a booth or a desk that does not answer a shopper's write within this counts as gone. A
 * late answer does no harm: a place nobody was told of is a dead rank, and a claim asked again gets
 * the same admission. Locally the slowest joins of a crowd took 1.8 s.
 */
export const SHOPPER_CALL_TIMEOUT_MS = 5000;
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

/** What an isolate remembers; one sale more costs a read of its room, and is answered as well. */
export const SALES_REMEMBERED_MAX = 500;
export const MANIFESTS_REMEMBERED_MAX = 5000;
export const RANKS_REMEMBERED_MAX = 20_000;
/** Half a kB each, with the token. */
export const ADMISSIONS_REMEMBERED_MAX = 10_000;
/** Past so many places in all the draws are forgotten: each place's share of the hashes is 11 B. */
export const DRAWN_PLACES_MAX = 4_000_000;
/** Some kB each at least. Half an hour of cohorts that close every second. */
export const DRAWS_REMEMBERED_MAX = 2000;

export const POLL_AFTER_MIN_S = 2;
export const POLL_AFTER_MAX_S = 60;
/** When all seats are taken, a called shopper asks again after this. */
export const CLAIM_RETRY_S = 2;
/** Shoppers of one tick's calls whose kept turns are counted; others are kept and not counted. */
export const KEPT_RANKS_PER_BATCH_MAX = 50;

/** A SkuStock reports its levels to its rooms at most this often. */
export const LEVEL_REPORT_INTERVAL_MS = 1000;
export const LEDGER_PAGE_ROWS_MAX = 1000;
export const ORDERS_PAGE_ROWS_MAX = 200;
export const DEAD_LETTERS_PAGE_ROWS_MAX = 200;
/** By one request to replay all; as many messages fit into one batch of a queue. */
export const DEAD_LETTERS_REPLAYED_MAX = 100;

/** One call to a backend. Also the unit of the consumer's lease and of the hold-time rule below. */
export const PAYMENT_TIMEOUT_MS = 5000;
/** One statement of the order book in D1, which takes milliseconds when it answers at all. */
export const ORDER_BOOK_TIMEOUT_MS = 5000;
/** A lease outlives every call made under it (prepare and authorize are two). */
export const LEASE_MS = 20_000;
/** An order without progress for this long is queued again by its own alarm. */
export const PROGRESS_WATCHDOG_MS = 30_000;
/** Queued again in vain, it waits twice as long for the next time, up to this. */
export const PROGRESS_WATCHDOG_MAX_MS = 10 * 60 * 1000;
/** Providers forget idempotency keys after 24 h; same-key retries stop well before. */
export const SAME_KEY_RETRY_MAX_MS = 23 * 60 * 60 * 1000;
/** Payment steps are tried with growing delay between these two. */
export const STEP_RETRY_MIN_S = 1;
export const STEP_RETRY_MAX_S = 300;
/** What is put off waits a quarter longer at most, and within these, so that a herd disperses. */
export const SPREAD_MIN_MS = 500;
export const SPREAD_MAX_MS = 30_000;
/** While the shopper is at their bank the payment is looked up this often at least. */
export const ACTION_LOOK_MAX_S = 15;
/** An order waiting for the shopper (3-D Secure) is given up after this. */
export const ACTION_REQUIRED_MAX_MS = 15 * 60 * 1000;
/** What a shop's own payment or order server may answer; its answers are a few words. */
export const BACKEND_ANSWER_BYTES_MAX = 16 * 1024;
export const BACKEND_ID_LENGTH_MAX = 255;
export const BACKEND_REASON_LENGTH_MAX = 64;
export const BACKEND_URL_LENGTH_MAX = 2048;
/** A backend that asks for a longer wait is mistaken: an order must not sleep for a day. */
export const BACKEND_RETRY_AFTER_MAX_S = 600;
/** The lengths that Standard Webhooks allows a shared secret. */
export const BACKEND_SECRET_BYTES_MIN = 24;
export const BACKEND_SECRET_BYTES_MAX = 64;
/** Calls to one backend at a time; with both, one less than the platform's six connections. */
export const PAYMENT_CALLS_AT_ONCE = 3;
export const ORDER_CALLS_AT_ONCE = 2;
/** A batch of the orders queue, all of it worked on at once; nobody waits in vain for a slot. */
export const MESSAGES_AT_ONCE = 10;
/** A step that waited longer for a free slot is put off: the backend is slow or hangs. */
export const SLOT_WAIT_MAX_MS = 5000;
/** How many steps one queue message may take before it lets others pass. */
export const STEPS_PER_MESSAGE_MAX = 12;
/** An admission remembers as many of its ended orders, should their begins come late. */
export const ORDERS_ENDED_KEPT = 8;
/** A placing that was cut off is taken up again by the alarm after this. */
export const PLACING_RETRY_MS = 5000;
/** Units owned by an order for this long are audited: the SkuStock asks the Order. */
export const ORDERED_AUDIT_MS = 60 * 60 * 1000;
/** An order that no provider settles for days goes in circles; of its history the oldest goes. */
export const ORDER_HISTORY_ENTRIES_MAX = 500;
export const OUTBOX_RETRY_MIN_MS = 500;
export const OUTBOX_RETRY_MAX_MS = 60_000;

/** A live room looks at the breakers in KV this often, and waits this long for them. */
export const PIPELINE_LOOK_INTERVAL_MS = 5000;
export const PIPELINE_LOOK_TIMEOUT_MS = 250;
/** KV may show a change a minute late; what was read longer ago than this says nothing any more. */
export const PIPELINE_READING_MAX_MS = 2 * 60 * 1000;

/** One call to a merchant's Redis; nothing of a sale waits for it. */
export const REDIS_TIMEOUT_MS = 3000;
export const REDIS_KEY_LENGTH_MAX = 200;
/** Allotments and returns of one SKU, ever: their ids are kept for good. */
export const TRANSFERS_PER_SKU_MAX = 1000;
/** A transfer whose runner has died is taken up again after this. */
export const TRANSFER_WATCH_MS = 10_000;
/** What Redis did not answer is asked again with growing delay between these two. */
export const REDIS_RETRY_MIN_MS = 1000;
export const REDIS_RETRY_MAX_MS = 60_000;
/** The mirrored stream keeps about as many entries, and knows twice as many event ids. */
export const REDIS_STREAM_ENTRIES_MAX = 100_000;

/** What a room sends of its events in one call; a queue takes a hundred. */
export const EVENTS_PER_SEND_MAX = 100;
/** A room ticks on without a queue that takes longer. */
export const QUEUE_SEND_TIMEOUT_MS = 1000;
export const EVENTS_PAGE_ROWS_MAX = 200;
/**
 * As long as Stripe keeps its events, and longer than a message is on its way: queues keep one for
 * 4 days, or 14 where they are told to, and a dead-letter queue as long again.
 */
export const EVENTS_KEPT_MS = 30 * 24 * 60 * 60 * 1000;
/** A statement deletes so many events and up to 20 deliveries of each: parts of a second. */
export const RETENTION_ROWS_MAX = 500;
/** By one run. Every five minutes that is half a million a day, more than 10 GB hold in 30 days. */
export const RETENTION_ROUNDS_MAX = 4;

export const WEBHOOK_ENDPOINTS_MAX = 20;
export const WEBHOOK_URL_LENGTH_MAX = 2048;
export const WEBHOOK_TYPES_MAX = 30;
/** One try, from the first look-up of its address to the status of its answer. */
export const WEBHOOK_TIMEOUT_MS = 10_000;
/** While a try is under way nobody else makes one; after this it counts as lost. */
export const WEBHOOK_LEASE_MS = 30_000;
/** Tries of one batch at a time: each has one connection out, and D1 needs one too. */
export const WEBHOOK_CALLS_AT_ONCE = 4;
/** A queue delays a message no longer, and a shop that asks for more is asked sooner. */
export const WEBHOOK_WAIT_MAX_S = 24 * 60 * 60;
/** Tries that a delivery remembers; it has ten, and as many again with each replay. */
export const WEBHOOK_ATTEMPTS_KEPT = 20;
/** Both secrets sign for so long after a rotation. */
export const WEBHOOK_ROTATION_OVERLAP_MS = 24 * 60 * 60 * 1000;
/** Events that one call replays; the answer says how many are left. */
export const WEBHOOK_REPLAY_EVENTS_MAX = 200;
export const WEBHOOK_DELIVERIES_PAGE_ROWS_MAX = 200;
/** A delivery so long overdue has lost its message, and a sweep queues so many again. */
export const WEBHOOK_OVERDUE_MS = 2 * 60 * 1000;
export const WEBHOOK_SWEEP_ROWS_MAX = 1000;
/** One question to the resolver that is asked whether a name is public. */
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
// Two calls: by the script's hash, and with its text where Redis does not know it yet.
assertRelation(TRANSFER_WATCH_MS > 2 * REDIS_TIMEOUT_MS, "transfer watch > 2 * REDIS_TIMEOUT_MS");
assertRelation(WEBHOOK_LEASE_MS > 2 * WEBHOOK_TIMEOUT_MS, "webhook lease > 2 * a try's time-out");
assertRelation(2 * DNS_TIMEOUT_MS < WEBHOOK_TIMEOUT_MS, "two look-ups < a try's time-out");
assertRelation(WEBHOOK_CALLS_AT_ONCE < 6, "webhook calls at once < 6 connections");
assertRelation(PIPELINE_LOOK_TIMEOUT_MS < TICK_MS, "PIPELINE_LOOK_TIMEOUT_MS < TICK_MS");
assertRelation(
  PIPELINE_READING_MAX_MS > 2 * PIPELINE_LOOK_INTERVAL_MS,
  "PIPELINE_READING_MAX_MS > 2 * PIPELINE_LOOK_INTERVAL_MS",
);
