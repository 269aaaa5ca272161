/**
 * `npm run erase`: erases a buyer everywhere, or exports what there is of one, through the
 * merchant's API. Prints one JSON document on standard output.
 *
 * Guarantee: it asks part after part until nothing is left, and may be run again after any
 * interruption. The address goes in the body of a request, never in an address of the web.
 */
import { z } from "zod";
import { MERCHANT_API, SALE_ID } from "../scripts/command-option.ts";
import { defineCommand, type OptionsOf, UsageError } from "../scripts/define-command.ts";

const eraseCommand = defineCommand({
  name: "npm run --silent erase --",
  summary: `Erases a buyer everywhere, by e-mail address, order or subject, and says what was
    touched; with --export it prints a copy instead, and erases nothing.`,
  options: {
    ...MERCHANT_API,
    email: { type: "text", value: "address", help: "every order of this mailbox" },
    order: { type: "text", value: "id", help: "the buyer of this order, in this order" },
    sale: { ...SALE_ID, help: "with --subject" },
    subject: { type: "text", value: "name", help: "of a pass: pass: and its sub" },
    export: { type: "flag", help: "prints a copy, and erases nothing" },
  },
  notes: `An order in progress is erased when it has ended, by itself. What stays of an order, and
    why, is in docs/privacy.md.`,
  exitCodes: "0 nothing is left, 1 something did not answer or waits for the end of an order",
  resolve: ({ token, ...options }) => {
    if (token === null) throw new UsageError("--token (or ADMIN_TOKEN) is missing");
    const { email, order, sale, subject } = options;
    const ways = [email !== null, order !== null, sale !== null || subject !== null];
    if (ways.filter(Boolean).length !== 1 || (sale === null) !== (subject === null)) {
      throw new UsageError("give one of: --email; --order; --sale and --subject");
    }
    return { ...options, token };
  },
});

type Options = OptionsOf<typeof eraseCommand>;

const partSchema = z.looseObject({
  orders: z.array(z.looseObject({ outcome: z.string().optional() })),
  reminders: z.union([z.int(), z.array(z.unknown())]),
  turnMails: z.int().default(0),
  kept: z.array(z.string()).optional(),
  next: z.string().nullable(),
});
type Part = z.output<typeof partSchema>;

async function ask(options: Options, after: string | null): Promise<Part> {
  const { url, token, email, order, sale, subject, export: copies } = options;
  const named = { email, order, sale, subject, after };
  const body = Object.fromEntries(Object.entries(named).filter(([, value]) => value !== null));
  const path = `/_sluice/admin/v1/buyers/${copies ? "exports" : "erasures"}`;
  const response = await fetch(new URL(path, url), {
    method: "POST",
    headers: { Authorization: `Bearer ${token}`, "Content-Type": "application/json" },
    body: JSON.stringify(body),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`the gate answered ${response.status}: ${text.slice(0, 500)}`);
  return partSchema.parse(JSON.parse(text));
}

async function allParts(options: Options): Promise<Part[]> {
  const parts: Part[] = [];
  for (let after: string | null = null, isFirst = true; isFirst || after !== null;) {
    const part = await ask(options, after);
    parts.push(part);
    after = part.next;
    isFirst = false;
  }
  return parts;
}

process.exitCode = await eraseCommand.run(async (options) => {
  const parts = await allParts(options);
  const orders = parts.flatMap((part) => part.orders);
  const reminders = parts.map((part) => part.reminders);
  if (options.export) {
    const copy = { orders, reminders: reminders.flat() };
    process.stdout.write(`${JSON.stringify(copy, null, 2)}\n`);
    return 0;
  }
  const count = reminders.reduce<number>((sum, some) => sum + Number(some), 0);
  const turnMails = parts.reduce((sum, part) => sum + part.turnMails, 0);
  const isDone = orders.every(({ outcome }) => outcome?.endsWith("erased") === true);
  const erased = { done: isDone, orders, reminders: count, turnMails, kept: parts[0]?.kept };
  process.stdout.write(`${JSON.stringify(erased, null, 2)}\n`);
  return isDone ? 0 : 1;
});
