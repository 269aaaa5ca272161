/**
 * The pages of a reminder, in every state.
 */
import {
  reminderPage,
  reminderStoppedPage,
  stopReminderPage,
} from "../../../src/pages/views/reminder.ts";
import { HOSTILE } from "./pages-models.ts";
import type { Html } from "../../../src/pages/parts/layout.ts";

const REMINDER = {
  sale: { id: "air-one", title: `Air One ${HOSTILE}` },
  kept: null,
  email: "",
  fault: null,
  to: null,
  now: 0,
};
const STOP = { sale: REMINDER.sale, ticket: HOSTILE, key: HOSTILE, hasFailed: false, now: 0 };

export const REMINDERS: readonly (readonly [name: string, page: Html])[] = [
  ["empty", reminderPage(REMINDER)],
  ["kept", reminderPage({ ...REMINDER, kept: "a…@shoppers.example", to: "/checkout" })],
  ["refused", reminderPage({ ...REMINDER, email: HOSTILE, fault: "Enter an e-mail address" })],
  ["the link of a mail", stopReminderPage(STOP)],
  ["not deleted", stopReminderPage({ ...STOP, hasFailed: true })],
  ["deleted", reminderStoppedPage(STOP)],
];
