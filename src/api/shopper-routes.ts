/**
 * The shopper's routes: each maps one use case to HTTP and back. No rule lives here.
 */
import { OpenAPIHono } from "@hono/zod-openapi";
import { paymentSetup } from "../domain/checkout/payment-setup.ts";
import { isGuessable } from "../domain/key-shape.ts";
import { IDEMPOTENCY_KEY_LENGTH_MAX } from "../domain/limits.ts";
import { readCart, setCart } from "../shopper/cart.ts";
import { askCounts, askFairness, askManifest } from "../shopper/fairness.ts";
import { join } from "../shopper/join.ts";
import { keyHolderOf } from "../shopper/key-holder.ts";
import { askChallenge } from "../shopper/proof.ts";
import { askStanding, claimTurn, leave } from "../shopper/waiting.ts";
import {
  giveCookie,
  takeCookie,
  withSaleOr,
  withShopVisitOr,
  withVisitOr,
  type GateApp,
} from "../web/gate-app.ts";
import { challengesAsked, RATE_LIMIT_RETRY_S } from "../web/rate-limits.ts";
import { ticketCookie } from "../web/token-cookies.ts";
import { ADMISSION, DEVICE, TICKET } from "./credentials.ts";
import * as draw from "./draw-schemas.ts";
import * as examples from "./examples.ts";
import { empty, json, jsonBody, operationsOf, optionalJsonBody } from "./operation.ts";
import { cohortParameters, EXAMPLE_KEY, GUESSABLE_KEY, saleParameter } from "./parameters.ts";
import * as documents from "./schemas.ts";
import {
  ADMISSION_PROBLEMS,
  admittedAnswer,
  cartAnswer,
  fairnessAnswer,
  LINES_PROBLEMS,
  UNPAID_PROBLEMS,
  refuse,
  saleAnswer,
  statusOf,
  timeOf,
  UNREACHABLE,
  unreachable,
} from "./shopper-answers.ts";
import { problem } from "./problems.ts";
import { refuseInvalid } from "./validation.ts";

export const shopperRoutes = new OpenAPIHono<GateApp>({ defaultHook: refuseInvalid });

const withSale = withSaleOr(unreachable);
const withVisit = withVisitOr(unreachable);
const withShopVisit = withShopVisitOr(unreachable);

const operation = operationsOf(shopperRoutes, "shopper");

const sale = { params: saleParameter };

const KEY = {
  name: "Idempotency-Key",
  in: "header",
  required: false,
  description:
    "The same with every repetition of one join, and 128 random bits. It is bound to the sender: " +
    "the shop's server, the device, or else the network.",
  schema: { type: "string", minLength: 22, maxLength: IDEMPOTENCY_KEY_LENGTH_MAX },
  example: EXAMPLE_KEY,
} as const;

operation(
  {
    method: "get",
    path: "/sales/{sale}",
    id: "getSale",
    tag: "Waiting room",
    summary: "Get a sale as the public may see it",
    description: "Phase, items with their stock levels, times and rules. At most a second old.",
    request: sale,
    success: { 200: json("The sale.", documents.publicSaleDocument, examples.sale) },
    problems: UNREACHABLE,
  },
  (c) =>
    withSale(c, c.req.valid("param").sale, ({ sale, seen }) => {
      const answer = saleAnswer(sale, seen, paymentSetup(c.env));
      return c.json(answer, 200, { "Cache-Control": "max-age=1" });
    }),
);

operation(
  {
    method: "post",
    path: "/sales/{sale}/tickets",
    id: "joinSale",
    tag: "Waiting room",
    summary: "Join the line",
    description:
      "Gives a ticket, or an admission at once while nobody waits. May be repeated: the same " +
      "Idempotency-Key gives the same admission, and the same place for as long as the booth " +
      "remembers it. Browsers also get the token as a cookie.",
    security: [{}, ...TICKET, ...ADMISSION],
    parameters: [KEY, DEVICE],
    request: { ...sale, ...optionalJsonBody(documents.joinRequest, {}) },
    success: {
      200: json("Already in line.", documents.ticketDocument, examples.ticket),
      201: json("In line, or let in.", documents.joinedDocument, examples.ticket),
    },
    problems: [
      ...UNREACHABLE,
      "invalid_request",
      "idempotency_key_guessable",
      "sale_not_open",
      "pass_invalid",
      "proof_required",
      "proof_invalid",
      "proof_unavailable",
      "device_required",
      "booth_unavailable",
      "network_full",
      "sale_over",
    ],
  },
  async (c) => {
    const { sale: id } = c.req.valid("param");
    const { pass = null, proof = null } = c.req.valid("json");
    const key = documents.idempotencyKeySchema.optional().safeParse(c.req.header(KEY.name));
    if (!key.success) {
      const errors = [{ path: KEY.name, message: "send 1 to 128 visible characters, or none" }];
      return problem(c, "invalid_request", { errors });
    }
    const shop = c.get("server");
    const server = shop?.kid ?? null;
    const from = shop === undefined ? {} : { address: shop.shopperAddress };
    // Nobody else can use a server's keys, so these may be the shop's own ids.
    if (server === null && key.data !== undefined && isGuessable(key.data)) {
      return problem(c, "idempotency_key_guessable", GUESSABLE_KEY);
    }
    return withVisit(c, id, async (visit) => {
      const joinKey =
        key.data === undefined
          ? null
          : {
              value: `client:${key.data}`,
              holder: keyHolderOf(visit.caller, server),
              mayBeIn: false,
            };
      const outcome = await join(visit, { pass, proof, key: joinKey, afresh: false, ...from });
      switch (outcome.kind) {
        case "joined":
        case "already_joined": {
          const { ticket, standing } = outcome;
          giveCookie(c, ticketCookie(id, ticket));
          const status = statusOf(standing);
          return c.json({ ticket, status }, outcome.kind === "joined" ? 201 : 200);
        }
        case "admitted":
          return admittedAnswer(c, outcome);
        default:
          return refuse(c, id, outcome);
      }
    });
  },
);

operation(
  {
    method: "get",
    path: "/sales/{sale}/challenge",
    id: "getChallenge",
    tag: "Waiting room",
    summary: "Get a proof of work to solve before joining",
    description: "Only for sales whose protection is `altcha`; its solution is the join's `proof`.",
    request: sale,
    success: { 200: json("A challenge.", documents.challengeDocument, examples.challenge) },
    problems: [
      ...UNREACHABLE,
      "rate_limited",
      "sale_not_open",
      "challenge_not_found",
      "sale_over",
      "proof_unavailable",
    ],
  },
  async (c) => {
    const asked = await challengesAsked(c.env, c.req.raw.headers, c.get("server") ?? null);
    if (asked === "too_many") {
      return problem(c, "rate_limited", { retryAfter_s: RATE_LIMIT_RETRY_S });
    }
    return withSale(c, c.req.valid("param").sale, async (context) => {
      const outcome = await askChallenge(context, asked);
      return outcome.kind === "challenge"
        ? c.json(outcome.challenge, 200, { "Cache-Control": "no-store" })
        : refuse(c, context.sale.id, outcome);
    });
  },
);

operation(
  {
    method: "get",
    path: "/sales/{sale}/status",
    id: "getStatus",
    tag: "Waiting room",
    summary: "Get my place in line",
    description: "Ask again after `pollAfter_s` seconds; claim the turn when `state` is `called`.",
    security: [...TICKET, ...ADMISSION],
    parameters: [DEVICE],
    request: sale,
    success: { 200: json("The place.", documents.statusDocument, examples.waiting) },
    problems: [
      ...UNREACHABLE,
      "ticket_required",
      "ticket_invalid",
      "ticket_replayed",
      "admission_replayed",
    ],
  },
  (c) =>
    withVisit(c, c.req.valid("param").sale, async (visit) => {
      const outcome = await askStanding(visit);
      return outcome.kind === "standing"
        ? c.json(statusOf(outcome.standing), 200, { "Cache-Control": "no-store", Vary: "*" })
        : refuse(c, visit.sale.id, outcome);
    }),
);

operation(
  {
    method: "post",
    path: "/sales/{sale}/admissions",
    id: "claimTurn",
    tag: "Waiting room",
    summary: "Claim my turn",
    description:
      "Exchanges a called ticket for an admission. May be repeated: it gives the same admission. " +
      "Browsers also get it as a cookie.",
    security: TICKET,
    parameters: [DEVICE],
    request: sale,
    success: { 201: json("Let in.", documents.admissionDocument, examples.admission) },
    problems: [
      ...UNREACHABLE,
      "not_called",
      "device_required",
      "turn_lapsed",
      "sale_over",
      "ticket_required",
      "ticket_invalid",
      "ticket_replayed",
    ],
  },
  (c) =>
    withVisit(c, c.req.valid("param").sale, async (visit) => {
      const outcome = await claimTurn(visit);
      return outcome.kind === "admitted"
        ? admittedAnswer(c, outcome)
        : refuse(c, visit.sale.id, outcome);
    }),
);

operation(
  {
    method: "delete",
    path: "/sales/{sale}/admissions/current",
    id: "leaveSale",
    tag: "Waiting room",
    summary: "Leave the sale",
    description: "Frees the seat and everything held in the cart.",
    security: ADMISSION,
    parameters: [DEVICE],
    request: sale,
    success: { 204: empty("Left.") },
    problems: ADMISSION_PROBLEMS,
  },
  (c) =>
    withVisit(c, c.req.valid("param").sale, async (visit) => {
      const { id } = visit.sale;
      const outcome = await leave(visit);
      if (outcome.kind !== "left") return refuse(c, id, outcome);
      takeCookie(c, "admission", id);
      takeCookie(c, "ticket", id);
      return c.body(null, 204);
    }),
);

operation(
  {
    method: "get",
    path: "/sales/{sale}/cart",
    id: "getCart",
    tag: "Checkout",
    summary: "Get what I hold",
    description:
      "Not older than a second, with the sale's prices. What an order took is not in it.",
    security: ADMISSION,
    parameters: [DEVICE],
    request: sale,
    success: { 200: json("The cart.", documents.heldCartDocument, examples.heldCart) },
    problems: [...ADMISSION_PROBLEMS, "stock_unavailable"],
  },
  (c) =>
    withShopVisit(c, c.req.valid("param").sale, async (visit) => {
      const outcome = await readCart(visit, "recent");
      if (outcome.kind !== "cart") return refuse(c, visit.sale.id, outcome);
      return c.json(cartAnswer(outcome.cart), 200, { "Cache-Control": "no-store" });
    }),
);

operation(
  {
    method: "put",
    path: "/sales/{sale}/cart",
    id: "setCart",
    tag: "Checkout",
    summary: "Set what I hold",
    description: "Holds all lines or none. No lines frees what was held; setting it again is safe.",
    security: ADMISSION,
    parameters: [DEVICE],
    request: { ...sale, ...jsonBody(documents.cartRequest, { lines: [examples.line] }) },
    success: { 200: json("The cart.", documents.cartDocument, examples.cart) },
    problems: [
      ...ADMISSION_PROBLEMS,
      ...LINES_PROBLEMS,
      ...UNPAID_PROBLEMS,
      "sold_out",
      "stock_unavailable",
      "admission_spent",
      "sale_over",
    ],
  },
  (c) =>
    withShopVisit(c, c.req.valid("param").sale, async (visit) => {
      const outcome = await setCart(visit, c.req.valid("json").lines);
      if (outcome.kind !== "set") return refuse(c, visit.sale.id, outcome);
      const { lines, holdsUntil_ms } = outcome;
      const holdsUntil = holdsUntil_ms === null ? null : timeOf(holdsUntil_ms);
      return c.json({ lines: [...lines], holdsUntil }, 200);
    }),
);

operation(
  {
    method: "get",
    path: "/sales/{sale}/cohorts/{lane}/{k}",
    id: "getCohort",
    tag: "Fairness",
    summary: "Get the manifest of a closed cohort",
    description: "What every rank of the cohort follows from. It never changes.",
    request: { params: cohortParameters },
    success: { 200: json("The manifest.", draw.manifestDocument, examples.manifest) },
    problems: [...UNREACHABLE, "cohort_not_found"],
  },
  (c) =>
    withSale(c, c.req.valid("param").sale, async (context) => {
      const { lane, k } = c.req.valid("param");
      const outcome = await askManifest(context, lane, k);
      if (outcome.kind !== "manifest") return refuse(c, context.sale.id, outcome);
      const headers = { "Cache-Control": "public, max-age=31536000, immutable" };
      return c.json({ ...outcome.manifest, counts: [...outcome.manifest.counts] }, 200, headers);
    }),
);

operation(
  {
    method: "get",
    path: "/sales/{sale}/cohorts/{lane}/{k}/counts",
    id: "getCohortCounts",
    tag: "Fairness",
    summary: "Get the signed counts of a cohort",
    description: "Published before the beacon's round that decides is made. They never change.",
    request: { params: cohortParameters },
    success: { 200: json("The counts.", draw.countsDocument, examples.counts) },
    problems: [...UNREACHABLE, "cohort_not_found"],
  },
  (c) =>
    withSale(c, c.req.valid("param").sale, async (context) => {
      const { lane, k } = c.req.valid("param");
      const outcome = await askCounts(context, lane, k);
      if (outcome.kind !== "counts") return refuse(c, context.sale.id, outcome);
      return c.json({ ...outcome.counts, counts: [...outcome.counts.counts] }, 200);
    }),
);

operation(
  {
    method: "get",
    path: "/sales/{sale}/fairness",
    id: "getFairness",
    tag: "Fairness",
    summary: "Get the commitment of the draw",
    description: "What the draw was fixed by before the sale and, after its end, the secret.",
    request: sale,
    success: { 200: json("The commitment.", draw.fairnessDocument, examples.fairness) },
    problems: UNREACHABLE,
  },
  (c) =>
    withSale(c, c.req.valid("param").sale, async (context) => {
      const { id } = context.sale;
      const outcome = await askFairness(context);
      if (outcome.kind !== "fairness") return refuse(c, id, outcome);
      return c.json(fairnessAnswer(id, outcome.fairness), 200);
    }),
);
