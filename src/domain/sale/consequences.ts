/**
 * What a changed document does to shoppers who are already in an open sale, so that a merchant
 * confirms it by name (`force`) or corrects a slip: a price of 1, a start in an hour.
 *
 * Guarantee: pure; before the sale opens and after it ends there are none, and a document that
 * takes nothing from shoppers has none. Each names its kind, the field, whom it meets, in numbers
 * where they are known, and what to do. What may never change is refused (`revisionRefusals`).
 */
import type { Sale } from "./sale.ts";
import { phaseAt, type Schedule } from "./schedule.ts";

/** Stable codes: sent over HTTP, confirmed by `force`, explained in the docs. */
export const CONSEQUENCES = [
  "price",
  "start",
  "end",
  "limit",
  "hold",
  "rate",
  "seats",
  "guards",
  "protection",
  "payment",
  "countries",
  "delivery",
] as const;
export type ConsequenceKind = (typeof CONSEQUENCES)[number];

export interface Consequence {
  readonly kind: ConsequenceKind;
  readonly path: readonly (string | number)[];
  readonly message: string;
}

/** What the room knows when a document comes. */
export interface OpenSale {
  readonly schedule: Schedule;
  readonly now: number;
  /** Places in line that were not called yet. */
  readonly waiting: number;
  /** Shoppers in the shop. */
  readonly inside: number;
  readonly stock: readonly {
    readonly sku: string;
    readonly held: number;
    readonly ordered: number;
    readonly sold: number;
  }[];
}

/** A price beyond these is more likely a slip than an offer. */
const PRICE_FALLS_TO = 0.5;
const PRICE_RISES_TO = 2;
/** A rate below this part of the one before nearly stops the line. */
const RATE_FALLS_TO = 0.5;

type Found = Consequence | null;

export function consequencesOf(before: Sale, after: Sale, open: OpenSale): Consequence[] {
  const phase = phaseAt(open.schedule, open.now);
  if (phase !== "prequeue" && phase !== "live") return [];
  const found: readonly Found[] = [
    ...ofItems(before, after, open),
    ofStart(before, after, open),
    ofEnd(before, after, open),
    ...ofAdmission(before, after, open),
    ofGuards(before, after),
    ofProtection(before, after),
    ...ofCheckout(before, after, open),
  ];
  return found.filter((each) => each !== null);
}

function ofItems(before: Sale, after: Sale, { stock }: OpenSale): Found[] {
  return before.items.flatMap((item): Found[] => {
    const index = after.items.findIndex(({ sku }) => sku === item.sku);
    const changed = after.items[index];
    if (changed === undefined) return [];
    const level = stock.find(({ sku }) => sku === item.sku);
    const held = level?.held ?? 0;
    return [
      ofPrice(item.price, changed.price, index, `${held} units are in carts`),
      changed.limitPerBuyer >= item.limitPerBuyer
        ? null
        : {
            kind: "limit",
            path: ["items", index, "limitPerBuyer"],
            message:
              `falls from ${item.limitPerBuyer} to ${changed.limitPerBuyer}: fuller carts are ` +
              `refused when they are ordered. ${held} units are in carts, ` +
              `${level?.ordered ?? 0} in orders, which stay as they are; ${level?.sold ?? 0} sold`,
          },
    ];
  });
}

function ofPrice(from: number, to: number, index: number, held: string): Found {
  const path = ["items", index, "price"];
  const who = `${held}, and cost that from now on; orders keep the price they were shown`;
  if (to < from * PRICE_FALLS_TO) {
    const message = `falls by more than half, from ${from} to ${to} in the minor unit. ${who}`;
    return { kind: "price", path, message };
  }
  if (to <= from * PRICE_RISES_TO) return null;
  const message = `more than doubles, from ${from} to ${to} in the minor unit. ${who}`;
  return { kind: "price", path, message };
}

function ofStart(before: Sale, after: Sale, { schedule, now, waiting, inside }: OpenSale): Found {
  const starts_ms = Date.parse(after.startsAt);
  if (starts_ms === Date.parse(before.startsAt)) return null;
  if (starts_ms <= Math.max(now, schedule.startsAt_ms)) return null;
  const path = ["startsAt"];
  if (phaseAt(schedule, now) === "live") {
    const message =
      `stops the running sale until ${after.startsAt}: ${waiting} places in line are not called, ` +
      `and ${inside} shoppers are in the shop and lose their time there. To stop it for a while, ` +
      "send the action pause";
    return { kind: "start", path, message };
  }
  return { kind: "start", path, message: `is later: all who wait wait until ${after.startsAt}` };
}

function ofEnd(before: Sale, after: Sale, { schedule, now, waiting, inside }: OpenSale): Found {
  const ends_ms = Date.parse(after.endsAt);
  if (ends_ms === Date.parse(before.endsAt) || ends_ms >= schedule.endsAt_ms) return null;
  const who = `${waiting} places in line are not called yet, ${inside} shoppers are in the shop`;
  const when = ends_ms <= now ? "ends the sale at once" : "is earlier than what shoppers were told";
  return { kind: "end", path: ["endsAt"], message: `${when}: ${who}` };
}

function ofAdmission(before: Sale, after: Sale, { waiting, inside }: OpenSale): Found[] {
  const [was, is] = [before.admission, after.admission];
  const path = (name: string): string[] => ["admission", name];
  return [
    is.holdSeconds >= was.holdSeconds
      ? null
      : {
          kind: "hold",
          path: path("holdSeconds"),
          message:
            `falls from ${was.holdSeconds} to ${is.holdSeconds}: new carts last for a shorter ` +
            "time, those of now until they were to end",
        },
    is.ratePerMinute >= was.ratePerMinute * RATE_FALLS_TO
      ? null
      : {
          kind: "rate",
          path: path("ratePerMinute"),
          message:
            `falls by more than half, from ${was.ratePerMinute} to ${is.ratePerMinute}: ` +
            `${waiting} places in line wait that much longer than their pages say`,
        },
    is.maxActive === was.maxActive || is.maxActive >= Math.min(was.maxActive, inside)
      ? null
      : {
          kind: "seats",
          path: path("maxActive"),
          message:
            `${inside} shoppers are in the shop: nobody is let in until fewer than ` +
            `${is.maxActive} are`,
        },
  ];
}

function ofGuards(before: Sale, after: Sale): Found {
  const kept = new Set(after.guards.map((guard) => JSON.stringify(guard)));
  const gone = before.guards.filter((guard) => !kept.has(JSON.stringify(guard)));
  if (gone.length === 0) return null;
  const which = gone.map(({ host, path }) => `${host}${path}`).join(", ");
  const message = `no longer guards as before ${which}: requests there may need no turn any more`;
  return { kind: "guards", path: ["guards"], message };
}

function ofProtection(before: Sale, after: Sale): Found {
  if (before.protection.kind === "none" || after.protection.kind !== "none") return null;
  const message = `${before.protection.kind} is switched off: scripts join like people from now on`;
  return { kind: "protection", path: ["protection", "kind"], message };
}

/** An empty list means everything. */
function narrowed(before: readonly string[], after: readonly string[]): string | null {
  if (after.length === 0) return null;
  if (before.length === 0) return `only ${after.join(", ")} from now on, and so far any`;
  const gone = before.filter((each) => !after.includes(each));
  return gone.length === 0 ? null : `no longer ${gone.join(", ")}`;
}

function ofCheckout(before: Sale, after: Sale, { inside }: OpenSale): Found[] {
  const [was, is] = [before.checkout, after.checkout];
  const who = `${inside} shoppers are in the shop, and may rely on it`;
  const found = (kind: ConsequenceKind, name: string, what: string | null): Found => {
    return what === null ? null : { kind, path: ["checkout", name], message: `${what}: ${who}` };
  };
  const offered = new Set((is?.delivery ?? []).map(({ id }) => id));
  const gone = (was?.delivery ?? []).flatMap(({ id }) => (offered.has(id) ? [] : [id]));
  return [
    found(
      "payment",
      "paymentMethods",
      narrowed(was?.paymentMethods ?? [], is?.paymentMethods ?? []),
    ),
    found("countries", "countries", narrowed(was?.countries ?? [], is?.countries ?? [])),
    found("delivery", "delivery", gone.length === 0 ? null : `no longer ${gone.join(", ")}`),
  ];
}

/** What a merchant has confirmed; `revision`: of the document that they have seen, if they say. */
export interface Confirmed {
  readonly kinds: readonly ConsequenceKind[];
  readonly revision: number | null;
}

/** The consequences that are not confirmed; none when the document may be saved. */
export function unconfirmed(
  consequences: readonly Consequence[],
  { kinds }: Confirmed,
): Consequence[] {
  return consequences.filter(({ kind }) => !kinds.includes(kind));
}
