/**
 * The forms of the pages, parsed once by zod.
 *
 * Guarantee: a form with an unknown, missing, repeated or malformed field is refused with the
 * field's name, and nothing changes. The entered text is kept, so a page can show it again.
 */
import { z } from "zod";
import {
  EMAIL_LENGTH_MAX,
  PROOF_LENGTH_MAX,
  QUANTITY_PER_LINE_MAX,
  REMINDER_LINK_LENGTH_MAX,
  RETURN_PATH_LENGTH_MAX,
} from "../domain/limits.ts";
import type { Line } from "../domain/stock/cart.ts";
import { identifierSchema } from "../domain/sale/sale.ts";
import type { Visit } from "../shopper/visit.ts";
import type { Answer, GateRequest } from "../web/gate-app.ts";
import { forSale, forShopVisit, forVisit, sendNotice } from "./answers.ts";
import type { Fault } from "./parts/faults.ts";
import { PRICE_PREFIX, QUANTITY_PREFIX } from "./parts/quantity-field.ts";

const quantityMessage = `Choose a whole number from 0 to ${QUANTITY_PER_LINE_MAX}`;

const quantitySchema = z
  .string()
  .trim()
  .regex(/^\d{0,6}$/, quantityMessage)
  .transform(Number)
  .pipe(z.int().min(0).max(QUANTITY_PER_LINE_MAX, quantityMessage));

/** By SKU; fields named `quantity:<sku>`. */
export const quantitiesSchema = z
  .record(identifierSchema, quantitySchema)
  .transform((quantities): Line[] => {
    return Object.entries(quantities).map(([sku, quantity]) => ({ sku, quantity }));
  });

/** A path of this host. Browsers read `//` and `/\` at the start as the address of another host. */
export const ownPathSchema = z
  .string()
  .max(RETURN_PATH_LENGTH_MAX)
  .regex(/^\/(?![/\\])[\x21-\x7e]*$/, "Use an address of this shop");

const noQuantities = z.record(z.string(), z.never());

export const joinForm = z.strictObject({
  /** Gives up a place that can no longer be used. */
  afresh: z.literal("yes").optional(),
  /** Joins the general line, without the pass in the browser. */
  general: z.literal("yes").optional(),
  /** The guarded address that the shopper requested, to return to: a path of this host. */
  to: ownPathSchema.optional(),
  /** The proof, as the check's widget wrote it into the form. */
  proof: z.string().max(PROOF_LENGTH_MAX).optional(),
  quantities: noQuantities,
});

/** Of the page of a link with a pass; the pass is in the address. */
export const passForm = z.strictObject({
  /** The key of the join, made with the page. */
  key: z.uuid(),
  quantities: noQuantities,
});

export const enterForm = z.strictObject({
  /** The guarded address that the shopper requested. */
  to: ownPathSchema.optional(),
  quantities: noQuantities,
});

export const reminderForm = z.strictObject({
  email: z.string().max(EMAIL_LENGTH_MAX).optional(),
  withdraw: z.literal("yes").optional(),
  /** The guarded address that the shopper requested. */
  to: ownPathSchema.optional(),
  quantities: noQuantities,
});

/** Of the link in a mail: what is not good withdraws nothing. */
export const stopReminderForm = z.strictObject({
  ticket: z.string().max(REMINDER_LINK_LENGTH_MAX),
  key: z.string().max(REMINDER_LINK_LENGTH_MAX),
  quantities: noQuantities,
});

export const emptyForm = z.strictObject({ quantities: noQuantities });

export const cartForm = z.strictObject({
  /** The page with the form, which is shown again when something is refused. */
  from: z.enum(["shop", "cart"]),
  remove: identifierSchema.optional(),
  quantities: quantitiesSchema,
});

/** Any text: what is no receipt is said on the page. */
export const receiptForm = z.strictObject({ receipt: z.string(), quantities: noQuantities });

export type ReceiptForm = z.output<typeof receiptForm>;
export type JoinForm = z.output<typeof joinForm>;
export type PassForm = z.output<typeof passForm>;
export type ReminderForm = z.output<typeof reminderForm>;
export type StopReminderForm = z.output<typeof stopReminderForm>;
export type EnterForm = z.output<typeof enterForm>;
export type CartForm = z.output<typeof cartForm>;

/** The entered text, by field name, and by SKU for quantities and unit prices. */
export interface Entered {
  readonly fields: Readonly<Record<string, string>>;
  readonly quantities: Readonly<Record<string, string>>;
  readonly prices: Readonly<Record<string, string>>;
}

export interface FieldFault extends Fault {
  readonly field: string;
}

/** A form that fits its schema, and as it was typed. */
export interface ReadForm<Form> {
  readonly kind: "read";
  readonly form: Form;
  readonly entered: Entered;
}

export interface RefusedForm {
  readonly kind: "refused";
  readonly faults: readonly [FieldFault, ...FieldFault[]];
  readonly entered: Entered;
}

type Visiting = typeof forVisit;

/**
 * Makes handlers of forms, which are parsed before their visit is resolved.
 * @param visiting resolves the visit
 */
function formHandlers(visiting: Visiting) {
  /** @param refuse answers a form that does not fit; without it a notice names the first fault */
  return <Form>(
    schema: z.ZodType<Form>,
    answer: (c: GateRequest, visit: Visit, read: ReadForm<Form>) => Answer,
    refuse: (c: GateRequest, refused: RefusedForm) => Answer = refuseForm,
  ): ((c: GateRequest) => Answer) => {
    return forSale(async (c) => {
      const read = await readForm(c, schema);
      if (read.kind === "refused") return refuse(c, read);
      return visiting((_, visit) => answer(c, visit, read))(c);
    });
  };
}

export const forForm = formHandlers(forVisit);
/** Of the shop, which needs no room. */
export const forShopForm = formHandlers(forShopVisit);

export function refuseForm(c: GateRequest, { faults: [fault] }: RefusedForm): Answer {
  return sendNotice(c, { kind: "bad_form", ...fault });
}

const NOTHING: Entered = { fields: {}, quantities: {}, prices: {} };

async function readForm<Form>(
  c: GateRequest,
  schema: z.ZodType<Form>,
): Promise<ReadForm<Form> | RefusedForm> {
  const body = await c.req.parseBody({ all: true }).catch(() => null);
  if (body === null) return refused("form", "It cannot be read", NOTHING);
  const fields: [string, string][] = [];
  const quantities: [string, string][] = [];
  const prices: [string, string][] = [];
  for (const [name, value] of Object.entries(body)) {
    if (typeof value !== "string") return refused(name, "It must be sent once, as text", NOTHING);
    if (name.startsWith(QUANTITY_PREFIX)) {
      quantities.push([name.slice(QUANTITY_PREFIX.length), value]);
    } else if (name.startsWith(PRICE_PREFIX)) prices.push([name.slice(PRICE_PREFIX.length), value]);
    else fields.push([name, value]);
  }
  const entered: Entered = {
    fields: Object.fromEntries(fields),
    quantities: Object.fromEntries(quantities),
    prices: Object.fromEntries(prices),
  };
  const parsed = schema.safeParse({
    ...entered.fields,
    quantities: entered.quantities,
    // Only the order has them, so that another form with a price is refused by the price's name.
    ...(prices.length === 0 ? {} : { prices: entered.prices }),
  });
  if (parsed.success) return { kind: "read", form: parsed.data, entered };
  const [first, ...rest] = parsed.error.issues.map(faultOfIssue);
  if (first === undefined) return refused("form", "It cannot be read", entered);
  return { kind: "refused", faults: [first, ...rest], entered };
}

function refused(field: string, message: string, entered: Entered): RefusedForm {
  return { kind: "refused", faults: [{ field, message }], entered };
}

function faultOfIssue(issue: z.core.$ZodIssue): FieldFault {
  if (issue.code === "unrecognized_keys") {
    return { field: issue.keys.join(", "), message: "There is no such field" };
  }
  const [first, sku] = issue.path.map(String);
  const isQuantity = first === "quantities" && sku !== undefined;
  return { field: isQuantity ? sku : (first ?? "form"), message: issue.message };
}
