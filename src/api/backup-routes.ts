/**
 * The merchant's routes for the backup of a sale, its restore, and turning one object back.
 *
 * A backup has the names, addresses and mails of buyers; the secret of the draw and the key of the
 * discount codes are sealed in it. All need the admin token.
 */
import { OpenAPIHono, z } from "@hono/zod-openapi";
import { BACKUP_KINDS, mayBeOf } from "../domain/backup/backup-lines.ts";
import { placeText, readPlace } from "../domain/backup/backup-place.ts";
import { BACKUP_WOKEN_MAX, TURN_BACK_DAYS_MAX } from "../domain/limits.ts";
import { backUpSale } from "../merchant/backup.ts";
import { restoreLines, turnObjectBack, wakeObjects } from "../merchant/restore.ts";
import type { GateApp } from "../web/gate-app.ts";
import { merchantOf } from "./merchant-routes.ts";
import { json, jsonBody, operationsOf } from "./operation.ts";
import { inQuery, saleParameter } from "./parameters.ts";
import { problem } from "./problems.ts";
import { refuseInvalid } from "./validation.ts";

export const backupRoutes = new OpenAPIHono<GateApp>({ defaultHook: refuseInvalid });

const operation = operationsOf(backupRoutes, "merchant");

const NDJSON = "application/x-ndjson";
const EXAMPLE_ID = "4f1c9be0-2c5f-4e0a-9d53-7a1b8e6d20c4";
const EXAMPLE_LINE = `{"sluice":"backup","format":1,"leastReader":1,"id":"${EXAMPLE_ID}",…}\n`;
const EXAMPLE_OBJECT = { kind: "stock", name: "AIR-2" } as const;
const DAY_MS = 24 * 60 * 60 * 1000;

const objectSchema = z
  .strictObject({ kind: z.enum(BACKUP_KINDS), name: z.string().min(1).max(300) })
  .openapi("BackedUpObject");

operation(
  {
    method: "get",
    path: "/sales/{sale}/backup",
    id: "backUpSale",
    tag: "Sales",
    summary: "Back up a whole sale, page by page",
    description:
      "Lines to append to a file. `Sluice-Backup-Next` is `after` of the next page; without it " +
      "the backup is complete. It has personal data of buyers. `npm run backup` does all of it.",
    request: {
      params: saleParameter,
      query: z.object({
        after: inQuery(z.string().max(4000), "`Sluice-Backup-Next` of the page before.", "eyJpZCI"),
      }),
    },
    success: {
      200: {
        description: "Lines of the backup.",
        content: { [NDJSON]: { schema: z.string(), example: EXAMPLE_LINE } },
      },
    },
    problems: ["invalid_request", "sale_not_found", "backup_disturbed"],
  },
  async (c) => {
    const { after } = c.req.valid("query");
    const place = after === undefined ? null : readPlace(after);
    if (after !== undefined && place === null) {
      const errors = [{ path: "after", message: "is not a Sluice-Backup-Next" }];
      return problem(c, "invalid_request", { errors });
    }
    const outcome = await backUpSale(merchantOf(c), c.req.valid("param").sale, place);
    switch (outcome.kind) {
      case "sale_not_found":
        return problem(c, outcome.kind);
      case "disturbed": {
        const { kind, name } = outcome.object;
        const { lines } = outcome.again;
        const more = { again: placeText(outcome.again), lines };
        return problem(c, "backup_disturbed", { detail: `It is ${kind} ${name}.`, more });
      }
      case "page": {
        const { lines, next } = outcome;
        if (next !== null) c.header("Sluice-Backup-Next", placeText(next));
        return c.body(`${lines.join("\n")}\n`, 200, { "Content-Type": NDJSON });
      }
    }
  },
);

const restoredDocument = z
  .object({
    dryRun: z.boolean(),
    objects: z
      .array(z.object({ ...objectSchema.shape, outcome: z.enum(["restored", "already_restored"]) }))
      .describe("Those whose last part was among the lines."),
  })
  .openapi("RestoredObjects");

operation(
  {
    method: "post",
    path: "/sales/{sale}/restore",
    id: "restoreSale",
    tag: "Sales",
    summary: "Restore objects of a sale from lines of a backup",
    description:
      "The header, then parts in their order; the room's last of all. Only objects that hold " +
      "nothing are written. Safe to repeat, and to continue after an interruption. Nothing acts " +
      "before it is woken. `npm run restore` does all of it.",
    request: {
      params: saleParameter,
      query: z.object({
        dryRun: inQuery(z.enum(["true", "false"]), "Says what would be done.", "true"),
      }),
    },
    requestBody: {
      required: true,
      content: { [NDJSON]: { schema: { type: "string" }, example: EXAMPLE_LINE } },
    },
    success: {
      200: json("Restored.", restoredDocument, {
        dryRun: false,
        objects: [{ ...EXAMPLE_OBJECT, outcome: "restored" }],
      }),
    },
    problems: ["restore_occupied", "restore_out_of_order", "backup_unreadable"],
  },
  async (c) => {
    const dryRun = c.req.valid("query").dryRun === "true";
    const text = await c.req.text();
    const outcome = await restoreLines(merchantOf(c), c.req.valid("param").sale, text, dryRun);
    switch (outcome.kind) {
      case "restored":
        return c.json({ dryRun, objects: [...outcome.objects] }, 200);
      case "occupied": {
        const { kind, name } = outcome.object;
        const more = { object: outcome.object };
        return problem(c, "restore_occupied", { detail: `It is ${kind} ${name}.`, more });
      }
      case "out_of_order": {
        const { kind, name } = outcome.object;
        const more = { object: outcome.object, part: outcome.part };
        return problem(c, "restore_out_of_order", { detail: `It is ${kind} ${name}.`, more });
      }
      case "unreadable":
        return problem(c, "backup_unreadable", {
          detail: `Line ${outcome.line} ${outcome.why}.`,
          more: { line: outcome.line },
        });
    }
  },
);

operation(
  {
    method: "post",
    path: "/sales/{sale}/restored-objects",
    id: "wakeRestoredObjects",
    tag: "Sales",
    summary: "Let restored objects act again",
    description:
      "After everything is restored, the room last: with it the sale is published. Orders whose " +
      "buyers the order book knows as erased are erased again. Safe to repeat.",
    request: {
      params: saleParameter,
      query: z.object({}),
      ...jsonBody(
        z
          .strictObject({
            backup: z.string().max(64).describe("`id` of the backup's header."),
            objects: z.array(objectSchema).min(1).max(BACKUP_WOKEN_MAX),
          })
          .openapi("WakeRequest"),
        { backup: EXAMPLE_ID, objects: [EXAMPLE_OBJECT] },
      ),
    },
    success: {
      200: json(
        "They act again.",
        z
          .object({ woken: z.int(), erased: z.int().describe("Buyers that were erased again.") })
          .openapi("WokenObjects"),
        { woken: 1, erased: 0 },
      ),
    },
    problems: ["invalid_request", "restore_incomplete"],
  },
  async (c) => {
    const { sale } = c.req.valid("param");
    const { backup, objects } = c.req.valid("json");
    const foreign = objects.findIndex((object) => !mayBeOf(sale, object));
    if (foreign >= 0) {
      const errors = [{ path: `objects.${foreign}.name`, message: "is of another sale" }];
      return problem(c, "invalid_request", { errors });
    }
    const outcome = await wakeObjects(merchantOf(c), sale, backup, objects);
    if (outcome.kind === "woken") {
      return c.json({ woken: objects.length, erased: outcome.erased }, 200);
    }
    const { kind, name } = outcome.object;
    return problem(c, "restore_incomplete", { detail: `It is ${kind} ${name}.` });
  },
);

operation(
  {
    method: "post",
    path: "/sales/{sale}/turn-back",
    id: "turnObjectBack",
    tag: "Sales",
    summary: "Turn one object of a sale back to an earlier state of its own",
    description:
      "By the platform's point-in-time recovery, up to 30 days. **Objects agree with each other, " +
      "and one that is turned back alone does not**: read the audit before and afterwards. " +
      "`dryRun` is true unless you say false.",
    request: {
      params: saleParameter,
      query: z.object({}),
      ...jsonBody(
        z
          .strictObject({
            object: objectSchema,
            at: z.iso.datetime().optional().describe("The instant. Or give bookmark."),
            bookmark: z.string().max(200).optional().describe("Such as `undo` of an answer."),
            dryRun: z.boolean().default(true),
          })
          .openapi("TurnBackRequest"),
        { object: EXAMPLE_OBJECT, at: "2026-11-30T10:00:00Z", dryRun: true },
      ),
    },
    success: {
      200: json(
        "The bookmarks.",
        z
          .object({
            object: objectSchema,
            dryRun: z.boolean(),
            bookmark: z.string().describe("The state that the object is, or would be, turned to."),
            current: z.string().describe("The state that it had."),
            undo: z.string().nullable().describe("Leads back; null in a dry run."),
          })
          .openapi("TurnedBackObject"),
        {
          object: EXAMPLE_OBJECT,
          dryRun: true,
          bookmark: "0000a-1",
          current: "0000b-2",
          undo: null,
        },
      ),
    },
    problems: ["invalid_request", "turn_back_unsupported"],
  },
  async (c) => {
    const { sale } = c.req.valid("param");
    const { object, at, bookmark, dryRun } = c.req.valid("json");
    const { now } = c.get("gate");
    const to = bookmark ?? (at === undefined ? null : Date.parse(at));
    const isOld = typeof to === "number" && (to > now || to < now - TURN_BACK_DAYS_MAX * DAY_MS);
    const errors = [
      ...(mayBeOf(sale, object) ? [] : [{ path: "object.name", message: "is of another sale" }]),
      ...(to === null || (at !== undefined && bookmark !== undefined)
        ? [{ path: "at", message: "or bookmark: give one of them" }]
        : []),
      ...(isOld ? [{ path: "at", message: `must be in the last ${TURN_BACK_DAYS_MAX} days` }] : []),
    ];
    if (to === null || errors.length > 0) return problem(c, "invalid_request", { errors });
    const outcome = await turnObjectBack(merchantOf(c), object, to, dryRun);
    if (outcome.kind === "not_supported") return problem(c, "turn_back_unsupported");
    const { kind: _, ...bookmarks } = outcome;
    return c.json({ object, dryRun, ...bookmarks }, 200);
  },
);
