/**
 * Every limit of Sluice in one place, unit last in the name.
 *
 * The relations that must hold between them are in `test/node/platform/limits.test.ts`.
 * Limits that a merchant chooses per sale are in the sale document (`sale/sale.ts`); these bound
 * them.
 */

// Requests, tokens and texts

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
/** A longer receipt is invalid; one of a full cart with the longest SKUs is about half as long. */
export const RECEIPT_LENGTH_MAX = 8192;
/** An event from the payment provider; these are larger than shoppers' requests. */
export const WEBHOOK_BODY_BYTES_MAX = 256 * 1024;
/** An event with an older signature may be a replay. */
export const WEBHOOK_TOLERANCE_S = 300;
export const IDEMPOTENCY_KEY_LENGTH_MAX = 128;
export const IDENTIFIER_LENGTH_MAX = 64;
export const TEXT_LENGTH_MAX = 200;
export const EMAIL_LENGTH_MAX = 254;
export const MESSAGE_LENGTH_MAX = 500;

// The sale document and its guards

export const ITEMS_PER_SALE_MAX = 100;
export const LANES_PER_SALE_MAX = 8;
export const GUARDS_PER_SALE_MAX = 50;
export const GUARD_PATH_LENGTH_MAX = 1024;
/** The address to return to after the line; a longer one is replaced by the sale's page. */
export const RETURN_PATH_LENGTH_MAX = 2048;
/** A path that can be spelled in more ways, or in longer ones together, is always guarded. */
export const PATH_SPELLINGS_MAX = 128;
export const PATH_SPELLINGS_LENGTH_MAX = 16 * 1024;
export const GUARD_EXCEPTIONS_MAX = 50;
export const GUARD_METHODS_MAX = 20;
export const BYPASS_ADDRESSES_MAX = 100;
export const BYPASS_TOKENS_MAX = 20;
export const BYPASS_HEALTH_CHECKS_MAX = 20;
/** A longer `Sluice-Bypass` is invalid. */
export const BYPASS_TOKEN_LENGTH_MAX = 256;
/** Ended admissions of an earlier release, whose tokens have no number, in a snapshot's list. */
export const REVOKED_KEPT_MAX = 500;
/** Devices that have a token of one seat in force, where the sale refuses foreign devices. */
export const SEAT_DEVICES_DEFAULT = 2;
export const SEAT_DEVICES_MAX = 10;
/** How often newer devices may end older ones: for one shopper a great many, for a crowd few. */
export const SEAT_MOVES_MAX = 16;
/** Devices of one seat that are told apart for the merchant's counters. */
export const SEAT_DEVICES_COUNTED_MAX = 100;
/** Between the end of a sale and the revelation of its secret, in which the end can be undone. */
export const SECRET_REVEALED_AFTER_DEFAULT_S = 10 * 60;
export const SECRET_REVEALED_AFTER_MAX_S = 24 * 60 * 60;
/**
 * Declined payments of one admission: a shopper with a forgotten card needs two or three, and a
 * list of stolen cards has thousands.
 */
export const DECLINES_PER_ADMISSION_DEFAULT = 5;
export const DECLINES_PER_ADMISSION_MAX = 50;
/** The maximum lifetime of an admission, however often an origin extends it. */
export const ADMISSION_LIFE_MAX_MS = 24 * 60 * 60 * 1000;
/** The maximum extension that one response of an origin may request. */
export const EXTENSION_MAX_S = 24 * 60 * 60;
/** An extension that gains less than this is skipped, so that not every response costs a write. */
export const EXTENSION_WORTH_MS = 10 * 1000;
/** Sales with guards or origins, published until a day after their end: one page of a KV list. */
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
/** All that ISO 3166-1 names, with room to spare. */
export const COUNTRIES_MAX = 260;
/** Of the digest that names what a quote offers. */
export const OFFER_NAME_LENGTH = 22;
export const DELIVERY_OPTIONS_MAX = 20;
export const PAYMENT_METHODS_MAX = 20;
/** Hosts to return to, or origins that may call the API, of one sale. */
export const CHECKOUT_HOSTS_MAX = 20;
/** How long browsers may remember that a page of a listed origin may call the API. */
export const PREFLIGHT_REMEMBERED_S = 10 * 60;
/** Orders whose sale an isolate remembers, for the polls of a shop's own pages. */
export const SALES_OF_ORDERS_REMEMBERED_MAX = 2000;
export const ADDRESS_LINE_LENGTH_MAX = 200;
export const PHONE_LENGTH_MAX = 30;
/** Refunds of one order, by the merchant and at the provider together. */
export const REFUNDS_PER_ORDER_MAX = 50;
/** Pages of a provider's list of refunds that are read, of up to 100 each. */
export const REFUND_PAGES_MAX = 3;
/** A refund that the provider's list does not have this long after a try is tried again. */
export const REFUND_NEW_KEY_MS = 10 * 60 * 1000;
/** The provider tells what became of a pending refund; it is looked for this often as well. */
export const PENDING_REFUND_LOOK_MS = 6 * 60 * 60 * 1000;
/** Then a pending refund is looked for no more, and only the provider's event changes it. */
export const PENDING_REFUND_MAX_MS = 30 * 24 * 60 * 60 * 1000;
export const REFUND_REASON_LENGTH_MAX = 200;

// Discount codes

/** Discount codes. */
export const DISCOUNT_CODE_LENGTH_MIN = 4;
export const DISCOUNT_CODE_LENGTH_MAX = 40;
/** 100 %, in hundredths of a percent. */
export const BASIS_POINTS_MAX = 10_000;
export const DISCOUNT_USES_MAX = 10_000_000;
export const DISCOUNT_CODES_PER_SALE_MAX = 50_000;
/** Codes that one import adds or changes: a fraction of a second of an object's time. */
export const DISCOUNT_IMPORT_ROWS_MAX = 5000;
/** A file of as many rows, each with some SKUs. */
export const DISCOUNT_IMPORT_BYTES_MAX = 2 * 1024 * 1024;
/** Faults of a file that one answer names. */
export const DISCOUNT_IMPORT_FAULTS_MAX = 100;
export const DISCOUNT_CODES_PAGE_ROWS_MAX = 1000;
/** As long as a place: the code of a link is kept while its shopper waits. */
export const DISCOUNT_COOKIE_S = 7 * 24 * 60 * 60;

// The line

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
/** The gate's cookies in a browser, all sales together, with their names. */
export const OWN_COOKIES_LENGTH_MAX = 6 * 1024;
/** Other sales whose end is looked up when a browser is given a cookie. */
export const OLD_SALES_LOOKED_UP_MAX = 8;
/** Values of one cookie that are verified, when a client sends several. */
export const COOKIE_VALUES_MAX = 16;
/** Uses on another device that an isolate remembers, so that each is logged once. */
export const REPLAYS_REMEMBERED_MAX = 5000;
/** A proof of work or Turnstile token: Turnstile's have up to 2,048 characters, ours about half. */
export const PROOF_LENGTH_MAX = 2048;
/** Rounds of PBKDF2 for each tried number: the platform's maximum. */
export const ALTCHA_COST_MAX = 100_000;
/** Numbers a shopper may have to try: even at the lowest cost some seconds of work. */
export const ALTCHA_NUMBER_MAX = 1_000_000;
/** scrypt's memory for each number; the gate computes one for a challenge: 8 ms at the default. */
export const ALTCHA_MEMORY_DEFAULT_KIB = 2048;
export const ALTCHA_MEMORY_MIN_KIB = 16;
export const ALTCHA_MEMORY_MAX_KIB = 16 * 1024;
/** A network that asks for some challenges, or many, has so many times the work, or its square. */
export const ALTCHA_HARDER_BY = 4;
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
/** `maxPlacesPerNetwork`: with one place a count that is one too high would refuse somebody. */
export const NETWORK_PLACES_MIN = 2;
export const NETWORK_PLACES_MAX = 1000;
/** A block (/24, /48) has so many times the places of one network. Cells of 16 bits hold both. */
export const NETWORKS_PER_BLOCK = 10;
/** After the start of a sale, counts of places by network begin again each hour. */
export const NETWORK_PLACES_PERIOD_MS = 60 * 60 * 1000;
/** A booth counts networks in four rows of so many cells: 256 KiB, in chunks of 8 KiB. */
export const NETWORK_CELLS_PER_ROW = 32 * 1024;
export const NETWORK_CELLS_PER_CHUNK = 4 * 1024;
/** Concurrent joins of an isolate that take their places in one call of a booth. */
export const PLACES_PER_JOIN_MAX = 64;
/** Joins of an isolate that wait for the next call of a booth; further ones call it directly. */
export const JOINS_GATHERED_MAX = 1000;
/** A join that waited this long calls directly. Locally a call takes 2 to 30 ms under load. */
export const JOIN_GROUP_WAIT_MS = 2000;
/** How long a page or an answer may show a cart without asking the stock again. */
export const CART_FRESH_MS = 1000;
/** Half a kB each, with a line. */
export const CARTS_REMEMBERED_MAX = 5000;
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
/** From a cohort's signed counts to the round that decides: gates publish them meanwhile. */
export const BEACON_LEAD_MS = 1000;
/** After the round's time; then the draw goes on without it, because a whole line waits. */
export const BEACON_WAIT_MS = 30_000;
/** Every relay is asked at once, at each tick. */
export const BEACON_RELAY_TIMEOUT_MS = 1500;
export const BEACON_RELAYS_MAX = 8;
/** A longer answer of a relay is none. */
export const BEACON_ANSWER_BYTES_MAX = 4096;

// Snapshots

/** How long a snapshot is served from memory, then from the location's cache, then by the room. */
export const SNAPSHOT_FRESH_MS = 1000;
/** An isolate that was quiet for longer reads the room before it lets an admission through. */
export const SNAPSHOT_LATE_MS = 2000;
/** While the room does not answer, its last snapshot is served (marked stale) for this long. */
export const SNAPSHOT_STALE_MAX_MS = 5 * 60 * 1000;
/** How long an isolate uses a sale document without reading KV, unless the snapshot is newer. */
export const SALE_FRESH_MS = 30 * 1000;

// The list of sales, and its mirror in KV

/** What an isolate read of the list is used for this long, when KV does not show a sale. */
export const SALE_LIST_FRESH_MS = 10 * 1000;
/** After the list did not answer, an isolate asks it again. */
export const SALE_LIST_RETRY_MS = 2 * 1000;
/** The list compares KV with what it has this often while a sale may still go on. */
export const MIRROR_CHECK_MS = 5 * 60 * 1000;
/** Sooner, when an isolate lacked something; KV takes up to a minute to show a write. */
export const MIRROR_RECHECK_MS = 60 * 1000;
/** Documents that one pass writes to KV, and rooms it asks; the next pass is a second later. */
export const MIRROR_WRITES_MAX = 40;
/** After this KV shows every write. */
export const KV_SHOWS_WITHIN_MS = 2 * 60 * 1000;

// Readiness

/** Sales that one answer about readiness looks at; each is a read of KV. */
export const READINESS_SALES_MAX = 200;

// Caches

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

// Polls

export const POLL_AFTER_MIN_S = 2;
export const POLL_AFTER_MAX_S = 60;
/** When all seats are taken, a called shopper claims again after this. */
export const CLAIM_RETRY_S = 2;
/** Kept turns counted per tick's calls; further turns are kept too, but not counted. */
export const KEPT_RANKS_PER_BATCH_MAX = 50;

// Stock

/** A SkuStock reports its levels to its rooms at most this often. */
export const LEVEL_REPORT_INTERVAL_MS = 1000;
export const LEDGER_PAGE_ROWS_MAX = 1000;
export const ORDERS_PAGE_ROWS_MAX = 200;
/** Orders that one query of an export reads; as many are in memory at once. */
export const EXPORT_PAGE_ROWS_MAX = 500;
export const DEAD_LETTERS_PAGE_ROWS_MAX = 200;
/** Dead letters that one request replays; as many as fit into one batch of a queue. */
export const DEAD_LETTERS_REPLAYED_MAX = 100;

// Calls of backends, and orders

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
/** A payment that came to nothing this often is not tried again once the order's hold is over. */
export const ATTEMPTS_BEYOND_HOLD_MIN = 3;
/** What a provider's token of a means of payment consists of. */
export const PAYMENT_TOKEN_PATTERN = /^[\x21-\x7e]{1,200}$/;
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
/** What an operator may set for a backend: calls of one batch, of which D1 needs one connection. */
export const BACKEND_CALLS_AT_ONCE_MAX = 4;
/** Calls at once of both backends together; the last connection of the platform's six is D1's. */
export const BACKENDS_CALLS_AT_ONCE_MAX = 5;
/** A lease covers the wait for a slot and two calls of the longest time-out (asserted below). */
export const BACKEND_TIMEOUT_MIN_MS = 500;
export const BACKEND_TIMEOUT_MAX_MS = 7000;
export const BACKEND_CALLS_PER_MINUTE_MAX = 600_000;
/** An isolate asks a backend's object for its limits and its calls this often, while it calls. */
export const BACKEND_PACE_FRESH_MS = 2500;
/** Without an answer of that object by then, an isolate goes by what it knows. */
export const BACKEND_PACE_TIMEOUT_MS = 500;
/** Messages of a batch of the orders queue, handled concurrently; as many may wait for a slot. */
export const MESSAGES_AT_ONCE = 10;
/** A step that waited longer for a free slot is put off, because the backend is slow or hangs. */
export const SLOT_WAIT_MAX_MS = 5000;
/** Steps taken for one queue message before it is retried, so that other orders get their turn. */
export const STEPS_PER_MESSAGE_MAX = 12;
/** Ended orders an admission remembers, so that a late `beginOrder` of one is recognized. */
export const ORDERS_ENDED_KEPT = 8;
/** The room asks the unpaid order of a shopper who is gone again after this, and then rarer. */
export const DEPARTED_ASK_MIN_MS = 5 * 1000;
export const DEPARTED_ASK_MAX_MS = 5 * 60 * 1000;
/** Such orders that one tick asks. */
export const DEPARTED_ASKED_PER_TICK_MAX = 20;
/** After this the alarm resumes a placing that was interrupted. */
export const PLACING_RETRY_MS = 5000;
/** Units owned by an order for this long are audited: the SkuStock asks the Order. */
export const ORDERED_AUDIT_MS = 60 * 60 * 1000;
/** An order that no provider settles for days repeats its states; the oldest lines are dropped. */
export const ORDER_HISTORY_ENTRIES_MAX = 500;
export const OUTBOX_RETRY_MIN_MS = 500;
export const OUTBOX_RETRY_MAX_MS = 60_000;
/** An event that the order book does not have is sent again after this, and then rarer. */
export const BOOK_AWAITED_MIN_MS = 2 * 60 * 1000;
export const BOOK_AWAITED_MAX_MS = 60 * 60 * 1000;
/**
 * Until it is this old. With 14 days in a queue and 14 in its dead-letter queue it is gone before
 * the log forgets it, so it never comes as a new one.
 */
export const EVENT_RETOLD_MAX_MS = 2 * 24 * 60 * 60 * 1000;
/** Orders that hear at once that the book has their events. */
export const BOOK_ANSWERS_AT_ONCE = 6;
/** Rows of a ledger whose orders one request compares or rebuilds: a call and four statements. */
export const BOOK_REBUILT_MAX = 100;
/** The audit says what it can without a book that does not answer in this time. */
export const AUDIT_BOOK_TIMEOUT_MS = 5000;

// Breakers

/** A live room reads the breakers from KV this often, and waits this long for them. */
export const PIPELINE_LOOK_INTERVAL_MS = 5000;
export const PIPELINE_LOOK_TIMEOUT_MS = 250;
/** KV may show a change a minute late; an older reading is ignored. */
export const PIPELINE_READING_MAX_MS = 2 * 60 * 1000;

// A merchant's Redis

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

// Events

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
/** Days from an order's final state until its buyer is erased, unless the sale says otherwise. */
export const RETENTION_DAYS_DEFAULT = 90;
/** Ten years: the longest that commercial law of European countries asks for. */
export const RETENTION_DAYS_MAX = 3650;
/** Orders of a release before whose address one run of the cron hashes: one call of each. */
export const ADDRESSES_HASHED_MAX = 200;
/** Orders of one buyer that one request erases or exports; `next` continues. */
export const BUYER_ORDERS_MAX = 30;
/** Each calls its stocks, its room and its code's object, and a request may make 1,000 calls. */
export const BUYER_ORDERS_AT_ONCE = 6;
/** Sales that one request looks for reminders in: 16 objects each. */
export const BUYER_SALES_MAX = 20;
/** Orders of a release before that one batch completes; D1 limits their SKUs, one text, to 2 MB. */
export const ORDERS_COMPLETED_ROWS_MAX = 500;
/** Rounds of one run. Every 5 min that is 24,000 orders an hour. */
export const ORDERS_COMPLETED_ROUNDS_MAX = 4;

// Webhooks

export const WEBHOOK_ENDPOINTS_MAX = 20;
export const WEBHOOK_URL_LENGTH_MAX = 2048;
export const WEBHOOK_TYPES_MAX = 30;
/** One try, from the first look-up of its address to the status of its answer. */
export const WEBHOOK_TIMEOUT_MS = 10_000;
/** The lease of a try: no second try is made meanwhile; after it the try counts as lost. */
export const WEBHOOK_LEASE_MS = 30_000;
/** Concurrent tries of one batch: each uses one connection, and D1 needs one too. */
export const WEBHOOK_CALLS_AT_ONCE = 4;
/** Of these, tries of one endpoint: one that hangs leaves a place to the others. */
export const WEBHOOK_CALLS_PER_ENDPOINT = 3;
/** How long an endpoint that does not answer in time is left alone, at most. */
export const WEBHOOK_PAUSE_MAX_MS = 5 * 60 * 1000;
/** A delivery waits for such an endpoint without a try for this long; then its tries go on. */
export const WEBHOOK_POSTPONED_MAX_MS = 24 * 60 * 60 * 1000;
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

// Mail

/** One call of the mail service. The lease of a try covers it and the reads before it. */
export const MAIL_TIMEOUT_MS = 15_000;
/** The lease of a try: nobody else sends the mail meanwhile; after it the try counts as lost. */
export const MAIL_LEASE_MS = 60_000;
/** Mails of one batch that are sent concurrently: each uses one connection, and D1 needs one. */
export const MAIL_CALLS_AT_ONCE = 4;
/** A mail that is not sent this long after its event is given up, because it would only confuse. */
export const MAIL_AGE_MAX_MS = 3 * 24 * 60 * 60 * 1000;
export const MAIL_WAIT_MAX_S = 24 * 60 * 60;
/**
 * Mails about declined and about cancelled orders to one address in one sale: neither costs
 * anything, so without a limit anybody could fill a stranger's mailbox.
 */
export const MAILS_DECLINED_MAX = 3;
export const MAILS_CANCELLED_MAX = 5;
/** A mail overdue for this long has lost its message; a sweep queues up to this many again. */
export const MAIL_OVERDUE_MS = 2 * 60 * 1000;
export const MAIL_SWEEP_ROWS_MAX = 1000;
/** Mails that an isolate has sent and could not record; it records them when they come again. */
export const MAILS_UNRECORDED_MAX = 1000;
export const MAIL_SERVICE_ID_LENGTH_MAX = 255;

// Reminders

/** Objects that keep the reminders of a sale; fixed, because a ticket must always lead to one. */
export const TURN_REMINDER_SHARDS = 16;
/**
 * About 300 bytes each; with the shards together, more than any line that Sluice is tested with.
 */
export const REMINDERS_PER_SHARD_MAX = 100_000;
/** Reminders of one network in one sale: a mail is a convenience, and a stranger may be named. */
export const REMINDERS_PER_NETWORK_MAX = 20;
/** How often an object compares its reminders with the calls: a mail is at most this late. */
export const REMINDER_CHECK_MS = 5000;
/** A check this young answers for the next mail too, so that mails sent together share one. */
export const REMINDER_CHECK_FRESH_MS = 1000;
/** Before the start, and while only networks are counted. */
export const REMINDER_PREQUEUE_CHECK_MS = 60_000;
export const REMINDER_IDLE_CHECK_MS = 60 * 60 * 1000;
/** Ranks that one check computes: a fraction of a second of an object's time. */
export const REMINDERS_RANKED_AT_ONCE = 1000;
/** Called shoppers of one check: one call of the room, and one batch of the queue. */
export const REMINDERS_CALLED_AT_ONCE = 100;
/** A ticket's id or a key in the link of a mail; real ones have about 40 characters. */
export const REMINDER_LINK_LENGTH_MAX = 100;
/** As long as a place: the browser shows the address that it left, masked. */
export const REMINDER_COOKIE_S = 7 * 24 * 60 * 60;
/** Mails about turns to one address in one sale. */
export const MAILS_YOUR_TURN_MAX = 3;

// Unpaid units

/** Of the units that are not sold yet, what one network and one block may have unpaid. */
export const UNPAID_SHARE_OF_NETWORK = 0.25;
export const UNPAID_SHARE_OF_BLOCK = 0.5;
/** Of a limit that the merchant sets for a network, what its block may have. */
export const UNPAID_BLOCK_FACTOR = 10;
/** Without a lapse for this long, a group begins anew. */
export const UNPAID_LAPSES_COUNTED_MS = 60 * 60 * 1000;
export const UNPAID_UNITS_MAX = 1_000_000;
export const UNPAID_LAPSES_MAX = 1000;
export const COOLING_OFF_MAX_S = 86_400;

// Names and addresses

/** One DNS query, to check that a host name has public addresses only. */
export const DNS_TIMEOUT_MS = 2000;
export const DNS_ANSWERS_MAX = 100;

// Backups

/** Rows of one object that one call reads: below the 32 MiB of a call, with room for copies. */
export const BACKUP_READ_BYTES_MAX = 12 * 1024 * 1024;
/** Of a call that shares the memory of the gate with others: an order has a few thousand bytes. */
export const BACKUP_SMALL_BYTES_MAX = 64 * 1024;
/** A line, unless one row is longer; and what one request restores. */
export const BACKUP_LINE_BYTES_MAX = 256 * 1024;
export const BACKUP_BODY_BYTES_MAX = 4 * 1024 * 1024;
/** A page of a backup ends after this many bytes or objects: a request may make 1,000 calls. */
export const BACKUP_PAGE_BYTES_MAX = 4 * 1024 * 1024;
export const BACKUP_PAGE_OBJECTS_MAX = 300;
export const BACKUP_CALLS_AT_ONCE = 30;
/** Objects of one request that wakes them after a restore. */
export const BACKUP_WOKEN_MAX = 100;
/** Providers keep idempotency keys for a day: after that, a repeated call would be another. */
export const PAYMENT_KEYS_TRUSTED_MS = 23 * 60 * 60 * 1000;
/** The platform keeps the states of an object for this long. */
export const TURN_BACK_DAYS_MAX = 30;

// Secrets

export const ADMIN_TOKEN_LENGTH_MIN = 32;
/** Of requests that were refused for the merchant's token: at most one line an isolate. */
export const REFUSALS_LOGGED_EVERY_MS = 60_000;
