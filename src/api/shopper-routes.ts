/**
 * The shopper's routes: each maps one use case to HTTP and back. No rule lives here.
 */
import { createRoute, OpenAPIHono } from "@hono/zod-openapi";
import { DRAW_ALGORITHM } from "../domain/line/cohort.ts";
import { IDEMPOTENCY_KEY_LENGTH_MAX } from "../domain/limits.ts";
import { saleOf } from "../shopper/visit.ts";
import { setCart } from "../shopper/cart.ts";
import { askFairness, askManifest } from "../shopper/fairness.ts";
import { join } from "../shopper/join.ts";
import { askChallenge } from "../shopper/proof.ts";
import { askStanding, claimTurn, leave } from "../shopper/waiting.ts";
import { carriedOf, giveTicket, takeCookie, type GateApp } from "../web/gate-app.ts";
import { isOverChallengeLimit, RATE_LIMIT_RETRY_S } from "../web/rate-limits.ts";
import { answers, jsonBody, optionalJsonBody } from "./answers.ts";
import * as documents from "./schemas.ts";
import { ADMISSION, TICKET } from "./openapi.ts";
import {
  admissionProblem,
  admittedAnswer,
  deviceProblem,
  linesProblem,
  notOpenProblem,
  proofProblem,
  saleAnswer,
  statusOf,
  unreachable,
} from "./shopper-answers.ts";
import { problem } from "./problems.ts";
import { refuseInvalid } from "./validation.ts";

export const shopperRoutes = new OpenAPIHono<GateApp>({ defaultHook: refuseInvalid });

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
  async (c) => {
    const found = await saleOf(c.get("gate"), c.req.valid("param").sale);
    if (found.kind !== "sale") return unreachable(c, found.kind);
    return c.json(saleAnswer(found.sale, found.seen), 200, { "Cache-Control": "max-age=1" });
  },
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
    const outcome = await join(c.get("gate"), id, carriedOf(c, id), {
      pass,
      proof,
      key: key.data === undefined ? null : { value: `client:${key.data}`, mayBeIn: false },
      afresh: false,
    });
    switch (outcome.kind) {
      case "joined":
      case "already_joined": {
        const { ticket, standing } = outcome;
        giveTicket(c, id, ticket);
        const status = statusOf(standing);
        return c.json({ ticket, status }, outcome.kind === "joined" ? 201 : 200);
      }
      case "admitted":
        return admittedAnswer(c, id, outcome);
      case "sale_not_open":
        return notOpenProblem(c, outcome.opensAt_ms);
      case "pass_invalid":
        return problem(c, "pass_invalid", { more: { reason: outcome.reason } });
      case "proof_required":
      case "proof_invalid":
      case "proof_unavailable":
        return proofProblem(c, id, outcome);
      case "device_required":
        return deviceProblem(c);
      case "booth_unavailable":
      case "sale_over":
        return problem(c, outcome.kind);
      case "sale_not_found":
      case "room_unavailable":
        return unreachable(c, outcome.kind);
    }
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
    const outcome = await askChallenge(c.get("gate"), c.req.valid("param").sale);
    switch (outcome.kind) {
      case "challenge":
        return c.json(outcome.challenge, 200, { "Cache-Control": "no-store" });
      case "sale_not_open":
        return notOpenProblem(c, outcome.opensAt_ms);
      case "challenge_not_found":
      case "sale_over":
        return problem(c, outcome.kind);
      case "proof_unavailable":
        return proofProblem(c, c.req.valid("param").sale, outcome);
      case "sale_not_found":
      case "room_unavailable":
        return unreachable(c, outcome.kind);
    }
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
  async (c) => {
    const { sale: id } = c.req.valid("param");
    const outcome = await askStanding(c.get("gate"), id, carriedOf(c, id));
    switch (outcome.kind) {
      case "standing":
        return c.json(statusOf(outcome.standing), 200, { "Cache-Control": "no-store" });
      case "ticket_required":
      case "ticket_invalid":
      case "admission_replayed":
        return problem(c, outcome.kind);
      case "sale_not_found":
      case "room_unavailable":
        return unreachable(c, outcome.kind);
    }
  },
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
  async (c) => {
    const { sale: id } = c.req.valid("param");
    const outcome = await claimTurn(c.get("gate"), id, carriedOf(c, id));
    switch (outcome.kind) {
      case "admitted":
        return admittedAnswer(c, id, outcome);
      case "not_called": {
        // A problem's own `status` is the HTTP status, so the shopper's goes by another name.
        const standing = statusOf(outcome.standing);
        const retryAfter_s = standing.pollAfter_s;
        const full = { detail: "You are called; every seat is taken and your turn is kept." };
        const details = outcome.seatsFull ? full : {};
        return problem(c, "not_called", { ...details, more: { standing }, retryAfter_s });
      }
      case "device_required":
        return deviceProblem(c);
      case "turn_lapsed":
      case "sale_over":
      case "ticket_required":
      case "ticket_invalid":
        return problem(c, outcome.kind);
      case "sale_not_found":
      case "room_unavailable":
        return unreachable(c, outcome.kind);
    }
  },
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
  async (c) => {
    const { sale: id } = c.req.valid("param");
    const outcome = await leave(c.get("gate"), id, carriedOf(c, id));
    switch (outcome.kind) {
      case "left":
        takeCookie(c, "admission", id);
        takeCookie(c, "ticket", id);
        return c.body(null, 204);
      default:
        return admissionProblem(c, outcome);
    }
  },
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
  async (c) => {
    const { sale: id } = c.req.valid("param");
    const { lines } = c.req.valid("json");
    const outcome = await setCart(c.get("gate"), id, carriedOf(c, id), lines);
    switch (outcome.kind) {
      case "set": {
        const { holdsUntil_ms } = outcome;
        const holdsUntil = holdsUntil_ms === null ? null : new Date(holdsUntil_ms).toISOString();
        return c.json({ lines: [...outcome.lines], holdsUntil }, 200);
      }
      case "sold_out": {
        const { sku, available } = outcome;
        return problem(c, "sold_out", { more: { sku, available } });
      }
      case "stock_unavailable":
        return problem(c, "stock_unavailable", { more: { sku: outcome.sku } });
      case "admission_spent":
      case "sale_over":
        return problem(c, outcome.kind);
      case "unknown_sku":
      case "too_many_lines":
      case "limit_reached":
        return linesProblem(c, outcome);
      default:
        return admissionProblem(c, outcome);
    }
  },
);

shopperRoutes.openapi(
  createRoute({
    method: "get",
    path: "/sales/{sale}/cohorts/{lane}/{k}",
    summary: "A closed cohort's manifest",
    request: { params: documents.cohortParameters },
    responses: answers({ 200: documents.manifestDocument }),
  }),
  async (c) => {
    const { sale: id, lane, k } = c.req.valid("param");
    const outcome = await askManifest(c.get("gate"), id, lane, k);
    if (outcome.kind === "cohort_not_found") return problem(c, "cohort_not_found");
    if (outcome.kind !== "manifest") return unreachable(c, outcome.kind);
    const headers = { "Cache-Control": "public, max-age=31536000, immutable" };
    return c.json({ ...outcome.manifest, counts: [...outcome.manifest.counts] }, 200, headers);
  },
);

shopperRoutes.openapi(
  createRoute({
    method: "get",
    path: "/sales/{sale}/fairness",
    summary: "What the draw was fixed by, and after the end its secret",
    request: sale,
    responses: answers({ 200: documents.fairnessDocument }),
  }),
  async (c) => {
    const { sale: id } = c.req.valid("param");
    const outcome = await askFairness(c.get("gate"), id);
    if (outcome.kind !== "fairness") return unreachable(c, outcome.kind);
    const { commitment, secret } = outcome;
    return c.json({ sale: id, commitment, algorithm: DRAW_ALGORITHM, secret }, 200);
  },
);
