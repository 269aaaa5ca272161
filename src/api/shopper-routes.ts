/**
 * The shopper's routes: each maps one use case to HTTP and back. No rule lives here.
 */
import { createRoute, OpenAPIHono } from "@hono/zod-openapi";
import { DRAW_ALGORITHM } from "../domain/line/cohort.ts";
import { IDEMPOTENCY_KEY_LENGTH_MAX } from "../domain/limits.ts";
import { setCart } from "../shopper/cart.ts";
import { askFairness, askManifest } from "../shopper/fairness.ts";
import { join } from "../shopper/join.ts";
import { askChallenge } from "../shopper/proof.ts";
import { askStanding, claimTurn, leave } from "../shopper/waiting.ts";
import { giveCookie, takeCookie, withSaleOr, withVisitOr, type GateApp } from "../web/gate-app.ts";
import { isOverChallengeLimit, RATE_LIMIT_RETRY_S } from "../web/rate-limits.ts";
import { ticketCookie } from "../web/token-cookies.ts";
import { answers, jsonBody, optionalJsonBody } from "./answers.ts";
import * as documents from "./schemas.ts";
import { ADMISSION, TICKET } from "./openapi.ts";
import {
  admittedAnswer,
  refuse,
  saleAnswer,
  statusOf,
  timeOf,
  unreachable,
} from "./shopper-answers.ts";
import { problem } from "./problems.ts";
import { refuseInvalid } from "./validation.ts";

export const shopperRoutes = new OpenAPIHono<GateApp>({ defaultHook: refuseInvalid });

const withSale = withSaleOr(unreachable);
const withVisit = withVisitOr(unreachable);

const sale = { params: documents.saleParameter };

const KEY = {
  name: "Idempotency-Key",
  in: "header",
  required: false,
  schema: { type: "string", minLength: 1, maxLength: IDEMPOTENCY_KEY_LENGTH_MAX },
} as const;

shopperRoutes.openapi(
  createRoute({
    method: "get",
    path: "/sales/{sale}",
    summary: "The sale as the public may see it",
    request: sale,
    responses: answers({ 200: documents.publicSaleDocument }),
  }),
  (c) =>
    withSale(c, c.req.valid("param").sale, ({ sale, seen }) => {
      return c.json(saleAnswer(sale, seen), 200, { "Cache-Control": "max-age=1" });
    }),
);

shopperRoutes.openapi(
  createRoute({
    method: "post",
    path: "/sales/{sale}/tickets",
    summary: "Join",
    description:
      "May be repeated: with the same Idempotency-Key it gives the same admission, and the same " +
      "place for as long as the booth remembers it.",
    security: [{}, TICKET, ADMISSION],
    parameters: [KEY],
    request: { ...sale, ...optionalJsonBody(documents.joinRequest) },
    responses: answers({ 200: documents.ticketDocument, 201: documents.joinedDocument }),
  }),
  async (c) => {
    const { sale: id } = c.req.valid("param");
    const { pass = null, proof = null } = c.req.valid("json");
    const key = documents.idempotencyKeySchema.optional().safeParse(c.req.header(KEY.name));
    if (!key.success) {
      const errors = [{ path: KEY.name, message: "send 1 to 128 visible characters, or none" }];
      return problem(c, "invalid_request", { errors });
    }
    const joinKey = key.data === undefined ? null : { value: `client:${key.data}`, mayBeIn: false };
    return withVisit(c, id, async (visit) => {
      const outcome = await join(visit, { pass, proof, key: joinKey, afresh: false });
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

shopperRoutes.openapi(
  createRoute({
    method: "get",
    path: "/sales/{sale}/challenge",
    summary: "A proof of work to solve before joining, where the sale asks for one",
    request: sale,
    responses: answers({ 200: documents.challengeDocument }),
  }),
  async (c) => {
    if (await isOverChallengeLimit(c)) {
      return problem(c, "rate_limited", { retryAfter_s: RATE_LIMIT_RETRY_S });
    }
    return withSale(c, c.req.valid("param").sale, async (context) => {
      const outcome = await askChallenge(context);
      return outcome.kind === "challenge"
        ? c.json(outcome.challenge, 200, { "Cache-Control": "no-store" })
        : refuse(c, context.sale.id, outcome);
    });
  },
);

shopperRoutes.openapi(
  createRoute({
    method: "get",
    path: "/sales/{sale}/status",
    summary: "Where I stand",
    security: [TICKET, ADMISSION],
    request: sale,
    responses: answers({ 200: documents.statusDocument }),
  }),
  (c) =>
    withVisit(c, c.req.valid("param").sale, async (visit) => {
      const outcome = await askStanding(visit);
      return outcome.kind === "standing"
        ? c.json(statusOf(outcome.standing), 200, { "Cache-Control": "no-store" })
        : refuse(c, visit.sale.id, outcome);
    }),
);

shopperRoutes.openapi(
  createRoute({
    method: "post",
    path: "/sales/{sale}/admissions",
    summary: "Claim my turn",
    security: [TICKET],
    request: sale,
    responses: answers({ 201: documents.admissionDocument }),
  }),
  (c) =>
    withVisit(c, c.req.valid("param").sale, async (visit) => {
      const outcome = await claimTurn(visit);
      return outcome.kind === "admitted"
        ? admittedAnswer(c, outcome)
        : refuse(c, visit.sale.id, outcome);
    }),
);

shopperRoutes.openapi(
  createRoute({
    method: "delete",
    path: "/sales/{sale}/admissions/current",
    summary: "Leave: frees the seat and my holds",
    security: [ADMISSION],
    request: sale,
    responses: answers({ 204: null }),
  }),
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

shopperRoutes.openapi(
  createRoute({
    method: "put",
    path: "/sales/{sale}/cart",
    summary: "Set what I hold",
    security: [ADMISSION],
    request: { ...sale, ...jsonBody(documents.cartRequest) },
    responses: answers({ 200: documents.cartDocument }),
  }),
  (c) =>
    withVisit(c, c.req.valid("param").sale, async (visit) => {
      const outcome = await setCart(visit, c.req.valid("json").lines);
      if (outcome.kind !== "set") return refuse(c, visit.sale.id, outcome);
      const { lines, holdsUntil_ms } = outcome;
      const holdsUntil = holdsUntil_ms === null ? null : timeOf(holdsUntil_ms);
      return c.json({ lines: [...lines], holdsUntil }, 200);
    }),
);

shopperRoutes.openapi(
  createRoute({
    method: "get",
    path: "/sales/{sale}/cohorts/{lane}/{k}",
    summary: "A closed cohort's manifest",
    request: { params: documents.cohortParameters },
    responses: answers({ 200: documents.manifestDocument }),
  }),
  (c) =>
    withSale(c, c.req.valid("param").sale, async (context) => {
      const { lane, k } = c.req.valid("param");
      const outcome = await askManifest(context, lane, k);
      if (outcome.kind !== "manifest") return refuse(c, context.sale.id, outcome);
      const headers = { "Cache-Control": "public, max-age=31536000, immutable" };
      return c.json({ ...outcome.manifest, counts: [...outcome.manifest.counts] }, 200, headers);
    }),
);

shopperRoutes.openapi(
  createRoute({
    method: "get",
    path: "/sales/{sale}/fairness",
    summary: "What the draw was fixed by, and after the end its secret",
    request: sale,
    responses: answers({ 200: documents.fairnessDocument }),
  }),
  (c) =>
    withSale(c, c.req.valid("param").sale, async (context) => {
      const { id } = context.sale;
      const outcome = await askFairness(context);
      if (outcome.kind !== "fairness") return refuse(c, id, outcome);
      const { commitment, secret } = outcome;
      return c.json({ sale: id, commitment, algorithm: DRAW_ALGORITHM, secret }, 200);
    }),
);
