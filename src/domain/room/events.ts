/**
 * The events of a sale: which follow from how its room was and how it is now.
 *
 * Guarantee: the events are the difference between the facts of the last event and those of today.
 * So it does not matter which call changed the room, nor how late the room runs: each change is one
 * event, in the order in which it happened, numbered without a gap. Times never go back.
 * Pure: the caller stores `Told` in the transaction that writes the room it was made from.
 *
 * A phase that began and ended in between still gets its events, with the times of the schedule
 * (opened, started, ended). A phase of no length gets none: a sale that a merchant ends before its
 * start never started.
 */
import { z } from "zod";
import { storedReader } from "../../encoding/stored-reader.ts";
import { isSoldOut, type RoomState } from "./room-state.ts";
import type { Sale } from "../sale/sale.ts";
import { phaseAt, type Phase, type Schedule } from "../sale/schedule.ts";

const PHASES = ["scheduled", "prequeue", "live", "ended"] as const satisfies readonly Phase[];

export const SALE_EVENT_TYPES = [
  "sale.created",
  "sale.revised",
  "sale.opened",
  "sale.started",
  "sale.paused",
  "sale.resumed",
  "sale.sold_out",
  "sale.back_in_stock",
  "sale.ended",
  "sale.changed",
] as const;
export type SaleEventType = (typeof SALE_EVENT_TYPES)[number];

const factsShape = {
  /** Of the sale document; grows with each accepted change of it. */
  revision: z.int(),
  phase: z.enum(PHASES),
  paused: z.boolean(),
  soldOut: z.boolean(),
  ratePerMinute: z.number(),
  maxActive: z.number(),
  message: z.string().nullable(),
};

/** The facts of the last event. `n` is its number, 0 before the first. */
export const toldSchema = z.object({
  v: z.literal(1),
  n: z.int().min(0),
  at_ms: z.number(),
  ...factsShape,
});
export type Told = Readonly<z.infer<typeof toldSchema>>;

/** As it is sent to the queue and stored in the log. */
export const saleEventSchema = storedReader(
  z.object({
    v: z.literal(1),
    /** `<sale>:<version>`: the same event sent twice has the same id. */
    id: z.string(),
    type: z.enum(SALE_EVENT_TYPES),
    sale: z.string(),
    /** Counts the sale's events from 1. */
    version: z.int().min(1),
    at_ms: z.number(),
    title: z.string(),
    opensAt_ms: z.number(),
    startsAt_ms: z.number(),
    endsAt_ms: z.number(),
    ...factsShape,
  }),
);
export type SaleEvent = Readonly<z.infer<typeof saleEventSchema>>;

/** The facts of a room that events are about. */
export interface SaleFacts {
  readonly sale: string;
  readonly title: string;
  readonly schedule: Schedule;
  readonly revision: number;
  readonly phase: Phase;
  readonly paused: boolean;
  /** Null until every SKU has reported a level. Events only say it of a live sale. */
  readonly soldOut: boolean | null;
  readonly ratePerMinute: number;
  readonly maxActive: number;
  readonly message: string | null;
}

export interface Telling {
  readonly told: Told;
  readonly events: readonly SaleEvent[];
}

export function factsOf(room: RoomState, sale: Sale, revision: number, now: number): SaleFacts {
  const phase = phaseAt(room.schedule, now);
  const heardOf = new Set(room.stock.map(({ sku }) => sku));
  const heardOfAll = sale.items.every(({ sku }) => heardOf.has(sku));
  const { schedule, paused, ratePerMinute, maxActive, message } = room;
  return {
    sale: sale.id,
    title: sale.title,
    schedule,
    revision,
    phase,
    paused,
    soldOut: heardOfAll ? isSoldOut(room) : null,
    ratePerMinute,
    maxActive,
    message,
  };
}

const rankOf = (phase: Phase): number => PHASES.indexOf(phase);

/** Collects one event after the other; each builds on the facts of the one before. */
class Teller {
  readonly #facts: SaleFacts;
  readonly events: SaleEvent[] = [];
  told: Told;

  constructor(facts: SaleFacts, told: Told) {
    this.#facts = facts;
    this.told = told;
  }

  say(type: SaleEventType, at_ms: number, change: Partial<Told> = {}): void {
    const { sale, title, schedule } = this.#facts;
    const { n, at_ms: last_ms } = this.told;
    this.told = { ...this.told, ...change, n: n + 1, at_ms: Math.max(last_ms, at_ms) };
    const { n: version, ...facts } = this.told;
    const event = { id: `${sale}:${version}`, type, sale, version, title, ...schedule };
    this.events.push({ ...event, ...facts });
  }

  /** The phases that the clock has reached since; a clock that goes back undoes none. */
  sayPhases(): void {
    const { phase, schedule } = this.#facts;
    const { opensAt_ms, startsAt_ms, endsAt_ms } = schedule;
    const passes = (reached: Phase): boolean => {
      return rankOf(this.told.phase) < rankOf(reached) && rankOf(reached) <= rankOf(phase);
    };
    if (passes("prequeue") && opensAt_ms < endsAt_ms) {
      this.say("sale.opened", opensAt_ms, { phase: "prequeue" });
    }
    if (passes("live") && startsAt_ms < endsAt_ms) {
      this.say("sale.started", startsAt_ms, { phase: "live" });
      // The stock at the start is an event of the start, however late the room runs.
      this.#sayStock(startsAt_ms);
    }
    if (passes("ended")) this.say("sale.ended", endsAt_ms, { phase: "ended" });
  }

  sayChanges(now: number): void {
    const { phase, paused, ratePerMinute, maxActive, message } = this.#facts;
    const { told } = this;
    const admission = { ratePerMinute, maxActive, message };
    const changed =
      told.ratePerMinute !== ratePerMinute ||
      told.maxActive !== maxActive ||
      told.message !== message;
    if (changed) this.say("sale.changed", now, admission);
    if (told.paused !== paused) this.say(paused ? "sale.paused" : "sale.resumed", now, { paused });
    if (phase === "live") this.#sayStock(now);
  }

  #sayStock(at_ms: number): void {
    const { soldOut } = this.#facts;
    if (soldOut === null || this.told.soldOut === soldOut) return;
    this.say(soldOut ? "sale.sold_out" : "sale.back_in_stock", at_ms, { soldOut });
  }
}

function toldOf(facts: SaleFacts, now: number): Told {
  const { revision, phase, paused, soldOut, ratePerMinute, maxActive, message } = facts;
  const said = { revision, phase, paused, ratePerMinute, maxActive, message };
  return { v: 1, n: 0, at_ms: now, ...said, soldOut: phase === "live" && soldOut === true };
}

/** A new sale: created, and the phases it has reached already. */
export function tellFounding(facts: SaleFacts, now: number): Telling {
  const teller = new Teller(facts, { ...toldOf(facts, now), phase: "scheduled", soldOut: false });
  teller.say("sale.created", now);
  teller.sayPhases();
  teller.sayChanges(now);
  return { told: teller.told, events: teller.events };
}

/** A room from before there were events: it begins with the present facts, without a past. */
export function tellNothingYet(facts: SaleFacts, now: number): Told {
  return toldOf(facts, now);
}

/**
 * @param before the room as it was until now, because phases reached in the meantime come before
 *   the change
 */
export function tell(told: Told, before: SaleFacts, after: SaleFacts, now: number): Telling {
  const since = new Teller(before, told);
  since.sayPhases();
  const teller = new Teller(after, since.told);
  if (after.revision !== told.revision) {
    const { revision, phase, ratePerMinute, maxActive } = after;
    // A later phase has its own events below; an earlier one is in this event alone.
    const back = rankOf(phase) < rankOf(since.told.phase) ? { phase } : {};
    teller.say("sale.revised", now, { revision, ratePerMinute, maxActive, ...back });
  } else if (rankOf(after.phase) < rankOf(before.phase)) {
    // An end was taken back, without a changed document.
    teller.say("sale.changed", now, { phase: after.phase });
  }
  teller.sayPhases();
  teller.sayChanges(now);
  return { told: teller.told, events: [...since.events, ...teller.events] };
}
