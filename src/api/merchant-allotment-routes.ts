/**
 * The merchant's routes for units that move between their Redis and the edge. All need the admin
 * token, which the wiring checks before a request gets here.
 */
import { OpenAPIHono, type z } from "@hono/zod-openapi";
import type { Transfer } from "../domain/stock/allotment.ts";
import * as allotments from "../merchant/allotments.ts";
import type { GateApp, GateRequest } from "../web/gate-app.ts";
import * as documents from "./allotment-schemas.ts";
import * as examples from "./merchant-examples.ts";
import { skuParameter } from "./merchant-schemas.ts";
import { merchantOf } from "./merchant-routes.ts";
import { json, jsonBody, operationsOf } from "./operation.ts";
import { RETRY_AFTER } from "./problem-responses.ts";
import { problem } from "./problems.ts";
import { timeOf } from "./shopper-answers.ts";
import { refuseInvalid } from "./validation.ts";

export const merchantAllotmentRoutes = new OpenAPIHono<GateApp>({ defaultHook: refuseInvalid });

const operation = operationsOf(merchantAllotmentRoutes, "merchant");

const PENDING_RETRY_S = 2;

function transferOf(transfer: Transfer) {
  const { kind, id, key, standing, attempts, problem: met, startedAt_ms, updatedAt_ms } = transfer;
  return {
    kind,
    id,
    key,
    quantity: "quantity" in standing ? standing.quantity : transfer.quantity,
    state: standing.state,
    reason: standing.state === "refused" ? standing.reason : null,
    attempts,
    problem: met,
    startedAt: timeOf(startedAt_ms),
    updatedAt: timeOf(updatedAt_ms),
  };
}

type Mirror = NonNullable<Awaited<ReturnType<typeof allotments.readTransfers>>["mirror"]>;

function mirrorOf({ level, mirroredSeq, failures, problem: met }: Mirror) {
  return { seq: level.seq, mirroredSeq, failures, problem: met };
}

const DONE = {
  allotment: ["allotted", "already_allotted"],
  return: ["returned", "already_returned"],
} as const;

function moved(c: GateRequest, outcome: allotments.TransferOutcome) {
  switch (outcome.kind) {
    case "done": {
      const { transfer, repeated } = outcome;
      const [first, again] = DONE[transfer.kind];
      const document = { outcome: repeated ? again : first, ...transferOf(transfer) };
      return c.json(document, repeated ? 200 : 201);
    }
    case "pending": {
      const document = { outcome: "pending", ...transferOf(outcome.transfer) };
      return c.json(document, 202, { "Retry-After": `${PENDING_RETRY_S}` });
    }
    case "refused":
      return refused(c, outcome.reason, outcome.available);
    case "conflict":
      return problem(c, "transfer_conflict", { more: { earlier: transferOf(outcome.earlier) } });
    case "too_many":
      return problem(c, "too_many_transfers", { detail: `At most ${outcome.limit} a SKU.` });
    case "redis_off":
      if (outcome.what === null) return problem(c, "redis_off");
      return problem(c, "redis_off", { detail: `${outcome.what} is missing or wrong.` });
  }
}

function refused(
  c: GateRequest,
  reason: Extract<allotments.TransferOutcome, { kind: "refused" }>["reason"],
  available: number | null,
) {
  switch (reason) {
    case "not_enough":
      return problem(c, "not_enough", { detail: `Redis has ${available}.`, more: { available } });
    case "not_available":
      return problem(c, "not_available", {
        detail: `${available} units are available.`,
        more: { available },
      });
    case "key_not_found":
    case "not_a_count":
      return problem(c, "redis_key_unusable", { more: { reason } });
    case "id_used":
      return problem(c, "transfer_conflict", { detail: "Redis knows it from somebody else." });
  }
}

function pending(example: z.input<typeof documents.transferDocument>) {
  return {
    ...json("Pending: repeat the request.", documents.transferDocument, example),
    headers: { "Retry-After": RETRY_AFTER },
  };
}

/** Of a transfer in either direction. */
const TRANSFER_PROBLEMS = [
  "not_enough",
  "not_available",
  "redis_key_unusable",
  "transfer_conflict",
  "too_many_transfers",
  "redis_off",
] as const;

operation(
  {
    method: "post",
    path: "/skus/{sku}/allotments",
    id: "createAllotment",
    tag: "Stock",
    summary: "Bring units from the merchant's Redis to the edge",
    description: "Counts once for its id. Repeat it until it is no longer pending.",
    request: {
      params: skuParameter,
      ...jsonBody(documents.allotmentRequest, examples.allotmentRequest),
    },
    success: {
      200: json("Allotted before.", documents.transferDocument, examples.transfers.allottedBefore),
      201: json("Allotted.", documents.transferDocument, examples.transfers.allotted),
      202: pending(examples.transfers.allotting),
    },
    problems: TRANSFER_PROBLEMS,
  },
  async (c) => {
    const { sku } = c.req.valid("param");
    const { id, key, quantity } = c.req.valid("json");
    const command = { kind: "allotment", id, sku, key, quantity } as const;
    return moved(c, await allotments.moveUnits(merchantOf(c), command));
  },
);

operation(
  {
    method: "post",
    path: "/skus/{sku}/returns",
    id: "createReturn",
    tag: "Stock",
    summary: "Take unsold units back to the merchant's Redis",
    description: "Counts once for its id. Repeat it until it is no longer pending.",
    request: {
      params: skuParameter,
      ...jsonBody(documents.returnRequest, examples.returnRequest),
    },
    success: {
      200: json("Returned before.", documents.transferDocument, examples.transfers.returnedBefore),
      201: json("Returned.", documents.transferDocument, examples.transfers.returned),
      202: pending(examples.transfers.returning),
    },
    problems: TRANSFER_PROBLEMS,
  },
  async (c) => {
    const { sku } = c.req.valid("param");
    const { id, key, quantity = null } = c.req.valid("json");
    const command = { kind: "return", id, sku, key, quantity } as const;
    return moved(c, await allotments.moveUnits(merchantOf(c), command));
  },
);

operation(
  {
    method: "get",
    path: "/skus/{sku}/allotments",
    id: "listTransfers",
    tag: "Stock",
    summary: "List allotments and returns of a SKU",
    description: "With `compare=redis` also what Redis remembers of each.",
    request: { params: skuParameter, query: documents.transfersQuery },
    success: { 200: json("The transfers.", documents.transfersDocument, examples.transferList) },
    problems: [],
  },
  async (c) => {
    const { sku } = c.req.valid("param");
    const { compare } = c.req.valid("query");
    const read = await allotments.readTransfers(merchantOf(c), sku, compare === "redis");
    const transfers = read.transfers.map(({ transfer, inRedis }) => {
      return { ...transferOf(transfer), inRedis };
    });
    const { redis, counts } = read;
    const mirror = read.mirror === null ? null : mirrorOf(read.mirror);
    return c.json({ sku, redis, transfers, counts, mirror }, 200);
  },
);
