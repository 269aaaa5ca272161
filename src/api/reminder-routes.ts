/**
 * The reminder of a waiting shopper: an address for one mail when the turn comes.
 */
import { OpenAPIHono } from "@hono/zod-openapi";
import { setReminder, withdrawReminder } from "../shopper/reminders.ts";
import { withVisitOr, type GateApp } from "../web/gate-app.ts";
import { giveReminderCookie, takeReminderCookie } from "../web/reminder-cookie.ts";
import { TICKET } from "./credentials.ts";
import { empty, json, jsonBody, operationsOf } from "./operation.ts";
import { saleParameter } from "./parameters.ts";
import * as documents from "./schemas.ts";
import { refuse, UNREACHABLE, unreachable } from "./shopper-answers.ts";
import { refuseInvalid } from "./validation.ts";
import { publicOrigin } from "../web/public-origin.ts";

export const reminderRoutes = new OpenAPIHono<GateApp>({ defaultHook: refuseInvalid });

const operation = operationsOf(reminderRoutes, "shopper");
const withVisit = withVisitOr(unreachable);

const REMINDER = { email: "ann@shoppers.example" };

operation(
  {
    method: "put",
    path: "/sales/{sale}/reminders/current",
    id: "setReminder",
    tag: "Waiting room",
    summary: "Get a mail when it is my turn",
    description:
      "Leaves an e-mail address with the ticket, or changes it: one mail when the turn comes. " +
      "Only for sales with `checkout.mail.yourTurn`. It is deleted when the turn is over.",
    security: TICKET,
    request: { params: saleParameter, ...jsonBody(documents.reminderRequest, REMINDER) },
    success: { 200: json("The address is kept.", documents.reminderDocument, REMINDER) },
    problems: [
      ...UNREACHABLE,
      "ticket_required",
      "ticket_invalid",
      "ticket_replayed",
      "reminders_off",
      "reminder_too_late",
      "too_many_reminders",
      "reminder_unavailable",
      "turn_lapsed",
      "sale_over",
    ],
  },
  (c) =>
    withVisit(c, c.req.valid("param").sale, async (visit) => {
      const { email } = c.req.valid("json");
      const outcome = await setReminder(visit, email, publicOrigin(c.req.url, c.env));
      if (outcome.kind !== "reminder_set") return refuse(c, visit.sale.id, outcome);
      giveReminderCookie(c, visit.sale.id, email);
      return c.json({ email }, 200, { "Cache-Control": "no-store" });
    }),
);

operation(
  {
    method: "delete",
    path: "/sales/{sale}/reminders/current",
    id: "withdrawReminder",
    tag: "Waiting room",
    summary: "Withdraw my address",
    description: "Deletes the address that was left with the ticket. May be repeated.",
    security: TICKET,
    request: { params: saleParameter },
    success: { 204: empty("There is no address with the ticket.") },
    problems: [
      ...UNREACHABLE,
      "ticket_required",
      "ticket_invalid",
      "ticket_replayed",
      "reminder_unavailable",
    ],
  },
  (c) =>
    withVisit(c, c.req.valid("param").sale, async (visit) => {
      const outcome = await withdrawReminder(visit);
      if (outcome.kind !== "reminder_withdrawn") return refuse(c, visit.sale.id, outcome);
      takeReminderCookie(c, visit.sale.id);
      return c.body(null, 204);
    }),
);
