/**
 * Every problem Sluice answers with, in one table: RFC 9457 documents with a stable `code`.
 *
 * Guarantee: a `code` never changes its meaning, each says what to do next, and clients need not
 * read prose. What is not in this table is an opaque 500 and a line in the log.
 */
import type { Context } from "hono";
import type { ContentfulStatusCode } from "hono/utils/http-status";
import { BACKUP_PROBLEMS } from "./backup-problems.ts";
import { kind, type ProblemKind } from "./problem-kind.ts";

export const PROBLEMS = {
  ...BACKUP_PROBLEMS,
  malformed_json: kind(400, "The body is not JSON", "Send a JSON document."),
  idempotency_key_required: kind(
    400,
    "The Idempotency-Key header is missing or too long",
    "Send a key of 1 to 128 visible characters, the same for every repetition of the request.",
  ),
  invalid_request: kind(
    422,
    "The request does not fit its schema",
    "Correct the fields in errors.",
  ),
  unknown_sku: kind(422, "The sale does not have this SKU", "Use a SKU of the sale's items."),
  too_many_lines: kind(422, "The cart has too many lines", "Send fewer lines."),
  country_not_served: kind(
    422,
    "The shop does not sell to this country",
    "Use an address in a country that the sale names in checkout.countries or delivery.",
  ),
  delivery_unknown: kind(
    422,
    "The country has no such delivery option",
    "Use the id of one in deliveryOptions.",
  ),
  total_unpayable: kind(
    422,
    "The total cannot be charged",
    "Change the lines, so that the total is within what the payment provider charges.",
  ),
  idempotency_conflict: kind(
    422,
    "This Idempotency-Key was used with another body",
    "Use a new key for a new order, or repeat the first body.",
  ),
  idempotency_key_guessable: kind(
    422,
    "The Idempotency-Key is too easy to guess",
    "Send 128 random bits, such as crypto.randomUUID() makes; keep them for every repetition.",
  ),
  body_incomplete: kind(400, "The body broke off", "Send it again, whole."),
  body_too_large: kind(413, "The body is too large", "Send a smaller document."),
  unsupported_media_type: kind(
    415,
    "The body has another media type than this operation takes",
    "Send what this operation takes, and name it in Content-Type.",
  ),
  webhook_signature_invalid: kind(
    400,
    "The event is not signed with this endpoint's secret, or is too old",
    "Compare STRIPE_WEBHOOK_SECRET with the endpoint's signing secret.",
  ),
  ticket_required: kind(401, "No ticket was carried", "Join with POST …/tickets."),
  ticket_invalid: kind(401, "The ticket is not valid for this sale", "Join again."),
  ticket_replayed: kind(
    403,
    "The ticket was given to another device",
    "Use it there, or join here; a pass with a subject gives the same place on each device.",
  ),
  admission_required: kind(401, "No admission was carried", "Claim a turn or join the line."),
  admission_invalid: kind(401, "The admission is not valid for this sale", "Join the line."),
  admission_expired: kind(401, "The admission has expired", "Join the line again."),
  admission_replayed: kind(
    403,
    "The admission was given to another device",
    "Claim with the ticket from this device, or join.",
  ),
  device_required: kind(
    422,
    "This sale gives admissions to a device",
    "Send Sluice-Device: 16 to 64 letters, digits, '-' or '_', random, the same every time.",
  ),
  unauthorized: kind(401, "The bearer token is missing or wrong", "Send ADMIN_TOKEN as bearer."),
  server_key_invalid: kind(
    401,
    "The server key is not accepted",
    "Send a key of SERVER_KEYS from a server, or no Sluice-Server-Key.",
  ),
  not_shown_yet: kind(
    425,
    "The page that sends it was loaded in advance",
    "Send it when the page is shown: document.prerendering is false then.",
  ),
  https_required: kind(403, "The request came by plain http", "Send it again by https."),
  origin_mismatch: kind(403, "The request came from another site", "Use the shop's own pages."),
  pass_invalid: kind(403, "The pass is not valid for this sale", "See reason, or join without."),
  proof_required: kind(
    403,
    "This sale asks for a proof before it gives a place",
    "Solve what proof.kind names, and join with proof.",
  ),
  proof_invalid: kind(403, "The proof is not good", "See reason, and join with a new proof."),
  challenge_not_found: kind(
    404,
    "This sale asks for no proof of work",
    "See the sale's protection.",
  ),
  sale_not_found: kind(404, "There is no such sale", "Check the sale's id."),
  order_not_found: kind(
    404,
    "There is no such order",
    "Use the order's status URL, or as a merchant an id from the list of orders.",
  ),
  sku_not_found: kind(
    404,
    "There is no such SKU",
    "Check its spelling. A sale must name a SKU before it can have units.",
  ),
  cohort_not_found: kind(404, "There is no such closed cohort", "Ask again when it has closed."),
  dead_letter_not_found: kind(
    404,
    "There is no such dead letter",
    "List GET …/dead-letters. One that was replayed is kept for 30 days.",
  ),
  not_found: kind(404, "There is nothing here", "See /_sluice/openapi.json."),
  webhook_endpoint_not_found: kind(
    404,
    "There is no such webhook endpoint",
    "List GET …/webhook-endpoints.",
  ),
  webhook_delivery_not_found: kind(
    404,
    "There is no such webhook delivery",
    "List GET …/webhook-deliveries. After 30 days they are gone: read the order or the sale.",
  ),
  discount_code_not_found: kind(
    404,
    "There is no such discount code",
    "List GET …/discount-codes.",
  ),
  discount_code_used: kind(409, "The discount code has uses", "Disable it with PATCH."),
  too_many_discount_codes: kind(409, "There are too many discount codes", "Delete unused ones."),
  webhook_endpoint_disabled: kind(409, "The endpoint is off", "Turn it on with PATCH."),
  too_many_webhook_endpoints: kind(409, "There are too many endpoints", "Delete one."),
  webhook_rotation_conflict: kind(
    409,
    "Somebody else has just rotated the secret",
    "Read the endpoint, and rotate again only if you must.",
  ),
  protection_not_configured: kind(
    409,
    "This protection needs a secret that the gate does not have",
    "The operator must set it; `npm run keys` prints PROOF_KEYS.",
  ),
  sale_not_open: kind(409, "The sale has not opened yet", "Come back at opensAt."),
  not_called: kind(409, "It is not your turn yet", "Ask again after standing.pollAfter_s."),
  reminders_off: kind(409, "This sale sends no mail when a turn comes", "Keep asking for status."),
  reminder_too_late: kind(409, "The turn has come already", "Claim it with POST …/admissions."),
  too_many_reminders: kind(
    409,
    "Too many addresses were left from this network",
    "Keep asking for status; the place in line is not affected.",
  ),
  network_full: kind(
    409,
    "This network has as many places in line as the sale gives to one",
    "Use a place that you have, join over another network, or bring a pass; after the start, " +
      "places are given again within an hour.",
  ),
  sold_out: kind(409, "There are not enough units", "Take fewer, or wait: units may come back."),
  limit_reached: kind(409, "More than one buyer may have", "Take fewer units."),
  unpaid_limit_reached: kind(
    409,
    "More unpaid units than one shopper or one network may have",
    "Take fewer, pay for what is held, or try again when other carts have ended.",
  ),
  price_changed: kind(
    409,
    "The price or the offer is not what was shown",
    "Show quote to the buyer, and order again with its total and offer and a new key.",
  ),
  discount_refused: kind(
    409,
    "The discount code takes nothing off",
    "See reason, or order without the code.",
  ),
  too_late_to_give_up: kind(
    409,
    "The payment can no longer be given up",
    "See the order: the shop has it, or it has ended.",
  ),
  order_in_progress: kind(
    409,
    "Another order is on its way",
    "Wait for its end; then use a new key.",
  ),
  too_many_declines: kind(
    403,
    "Too many payments were declined under this admission",
    "The cart is kept until holdsUntil. Leave and join again to pay another way, or ask the shop.",
  ),
  admission_spent: kind(409, "This admission has bought its order", "See your order."),
  order_not_confirmed: kind(
    409,
    "The order is not confirmed",
    "Ask again when its state is confirmed; an order that ends otherwise has no receipt.",
  ),
  order_final: kind(409, "The order is final", "Nothing can change it any more."),
  not_cancellable: kind(409, "The order can no longer be cancelled", "Refund it instead."),
  not_refundable: kind(
    409,
    "The order cannot be refunded",
    "Only a confirmed order can be. Cancel one that is on its way.",
  ),
  refund_too_large: kind(409, "More than is left to refund", "Refund no more than left."),
  too_many_refunds: kind(409, "The order has too many refunds", "Refund in larger parts."),
  restock_too_many: kind(
    409,
    "More units than the order has left",
    "Put no more than left back on sale.",
  ),
  action_not_possible: kind(
    409,
    "The sale has ended",
    "Until its secret is revealed, the action reopen or a later endsAt takes the end back.",
  ),
  secret_revealed: kind(
    409,
    "The end of the sale is final, because the secret of its draw was revealed",
    "Create another sale with another id.",
  ),
  change_unconfirmed: kind(
    409,
    "The change takes something from shoppers of the open sale",
    "If each of errors is meant, repeat it with the query parameters in confirm.",
  ),
  sale_changed: kind(409, "The sale has another revision", "Read it, and change it as it is now."),
  sale_deleted: kind(
    409,
    "A sale with this id was deleted",
    "Create another sale with another id: tickets and draws of the deleted one name this id.",
  ),
  sale_not_ended: kind(
    409,
    "The sale has not ended for good",
    "End it, and wait until the secret of its draw is revealed (revealsAt).",
  ),
  orders_in_progress: kind(
    409,
    "Orders of the sale are in progress",
    "Wait until they have ended, or cancel them.",
  ),
  movement_conflict: kind(409, "This movement id was used before", "Use a new id."),
  not_available: kind(409, "More units than are available", "Move no more than available."),
  not_enough: kind(409, "Redis has fewer units", "Ask for no more than available, with a new id."),
  transfer_conflict: kind(409, "This id was used before", "Use a new id."),
  too_many_transfers: kind(409, "Too many allotments and returns", "Move more units at a time."),
  redis_key_unusable: kind(
    409,
    "The key in Redis holds no whole number",
    "Set it to a count, and ask with a new id.",
  ),
  queue_it_not_configured: kind(
    409,
    "No Queue-it tokens can be signed",
    "The operator must set QUEUE_IT_SECRET, the secret key of the Queue-it account.",
  ),
  dead_letter_unreadable: kind(409, "The dead letter is no message of ours", "Read its body."),
  turn_lapsed: kind(410, "Your turn has passed on", "Join the line again."),
  sale_over: kind(410, "The sale is over", "See you at the next one."),
  turn_required: kind(
    429,
    "This address is behind a waiting room",
    "Join with POST to joinUrl, wait, and ask here again when it is your turn.",
  ),
  cooling_off: kind(
    429,
    "Too many holds ended unpaid",
    "Wait for Retry-After; what is held now can still be ordered.",
  ),
  rate_limited: kind(429, "Too many requests", "Wait for Retry-After."),
  internal_error: kind(500, "Something broke", "Repeat the request with the same key."),
  origin_unreachable: kind(502, "The shop does not answer", "Try again in a few seconds."),
  proof_unavailable: kind(503, "Proofs cannot be checked now", "Join again after Retry-After."),
  stored_unreadable: kind(
    503,
    "What is stored is of a newer version",
    "Deploy the version that stored it; nothing is lost.",
  ),
  room_unavailable: kind(503, "The waiting room does not answer", "Ask again; places are kept."),
  booth_unavailable: kind(503, "The ticket booth does not answer", "Join again after Retry-After."),
  reminder_unavailable: kind(503, "The address could not be changed", "Repeat the request."),
  stock_unavailable: kind(503, "The stock does not answer", "Try again; nothing was charged."),
  discount_unavailable: kind(
    503,
    "Discount codes do not answer",
    "Ask again, or order without the code.",
  ),
  order_unavailable: kind(503, "The order could not be placed", "Repeat with the same key."),
  redis_off: kind(
    503,
    "No Redis is connected",
    "The operator must set UPSTASH_REDIS_REST_URL and UPSTASH_REDIS_REST_TOKEN.",
  ),
  order_silent: kind(503, "The order does not answer", "Send the event again."),
  stripe_webhook_not_configured: kind(
    503,
    "No events are taken here",
    "The operator must set STRIPE_WEBHOOK_SECRET.",
  ),
  webhooks_not_configured: kind(
    503,
    "No webhooks can be signed",
    "The operator must set WEBHOOK_KEYS on both Workers; `npm run keys` prints one.",
  ),
  address_not_checked: kind(
    503,
    "The address could not be checked",
    "Ask again; the resolver is DNS_OVER_HTTPS_URL.",
  ),
  not_configured: kind(503, "Sluice is not configured", "The operator must set its secrets."),
} as const satisfies Record<string, ProblemKind>;

export type ProblemCode = keyof typeof PROBLEMS;

export interface FieldError {
  readonly path: string;
  readonly message: string;
}

export interface ProblemDetails {
  readonly detail?: string;
  readonly errors?: readonly FieldError[];
  /** Seconds; sent as `Retry-After`. */
  readonly retryAfter_s?: number;
  /** Members of this problem beyond RFC 9457's; `status` would hide the HTTP status. */
  readonly more?: Readonly<Record<string, unknown>> & { readonly status?: never };
}

/** A problem before it is sent: its code and what is particular about it. */
export interface ProblemFacts<Code extends ProblemCode = ProblemCode> {
  readonly code: Code;
  readonly details?: ProblemDetails;
}

/** A problem as it is sent, for callers without a Hono context. */
export interface ProblemAnswer {
  readonly status: ContentfulStatusCode;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Readonly<Record<string, unknown>>;
}

export function problemAnswer(code: ProblemCode, details: ProblemDetails = {}): ProblemAnswer {
  const { status, title, next } = PROBLEMS[code];
  const { detail, errors, retryAfter_s, more } = details;
  const retry = retryAfter_s ?? (status === 503 ? 2 : undefined);
  return {
    status,
    body: {
      type: `/_sluice/problems#${code}`,
      title,
      status,
      code,
      detail: detail === undefined ? next : `${detail} ${next}`,
      ...(errors === undefined ? {} : { errors }),
      ...more,
    },
    headers: {
      "Content-Type": "application/problem+json",
      "Cache-Control": "no-store",
      ...(retry === undefined ? {} : { "Retry-After": String(Math.ceil(retry)) }),
      ...(status === 401 ? { "WWW-Authenticate": "Bearer" } : {}),
    },
  };
}

/** Names its code in its type, so that an operation can be held to the codes it declares. */
export type ProblemResponse<Code extends ProblemCode> = Response & { readonly problem: Code };

export function problem<Code extends ProblemCode>(
  c: Context,
  code: Code,
  details: ProblemDetails = {},
): ProblemResponse<Code> {
  const { body, status, headers } = problemAnswer(code, details);
  return Object.assign(c.json(body, status, { ...headers }), { problem: code });
}

/** The responses to a body that is too large, and to one that does not arrive whole. */
export function refuseBody(bytesMax: number) {
  return {
    tooLarge: (c: Context) => {
      return problem(c, "body_too_large", { detail: `At most ${bytesMax / 1024} KiB.` });
    },
    brokenOff: (c: Context) => problem(c, "body_incomplete"),
  };
}
