/**
 * A generated life of a room: changes by merchants, stock and clock, and the events that follow.
 * Does by hand what the WaitingRoom object does with the rules.
 */
import * as fc from "fast-check";
import {
  actOn,
  changeAdmission,
  openRoom,
  reportLevel,
  reviseRoom,
  type RoomState,
} from "../../../src/domain/room/room-state.ts";
import {
  factsOf,
  tell,
  tellFounding,
  type SaleEvent,
  type Told,
} from "../../../src/domain/room/events.ts";
import type { Sale } from "../../../src/domain/sale/sale.ts";
import { ENDS_MS, OPENS_MS, STARTS_MS } from "./sale-document.ts";

type Act =
  | { readonly kind: "action"; readonly action: "open" | "start" | "pause" | "resume" | "end" }
  | { readonly kind: "change"; readonly ratePerMinute: number; readonly message: string | null }
  | { readonly kind: "level"; readonly sku: string; readonly available: number }
  | { readonly kind: "revise"; readonly title: string; readonly startsIn_ms: number | null }
  | { readonly kind: "look" };

export interface Step {
  readonly after_ms: number;
  readonly act: Act;
}

export const MINUTE_MS = 60_000;

/** A room and its outbox, as the WaitingRoom keeps them. */
export class Life {
  readonly events: SaleEvent[] = [];
  told: Told;
  room: RoomState;
  sale: Sale;
  revision = 1;
  now: number;
  #reports = 0;

  constructor(sale: Sale, now: number) {
    this.sale = sale;
    this.now = now;
    this.room = openRoom(sale, now);
    const founding = tellFounding(this.#facts(), now);
    this.told = founding.told;
    this.events.push(...founding.events);
  }

  #facts() {
    return factsOf(this.room, this.sale, this.revision, this.now);
  }

  #become(room: RoomState, sale = this.sale, revision = this.revision): void {
    const before = this.#facts();
    [this.room, this.sale, this.revision] = [room, sale, revision];
    const { told, events } = tell(this.told, before, this.#facts(), this.now);
    this.told = told;
    this.events.push(...events);
  }

  look(): void {
    this.#become({ ...this.room, tickedAt_ms: this.now });
  }

  live({ after_ms, act }: Step): void {
    this.now += after_ms;
    switch (act.kind) {
      case "action": {
        const outcome = actOn(this.room, act.action, this.now);
        return outcome.kind === "done" ? this.#become(outcome.room) : undefined;
      }
      case "change":
        return this.#become(changeAdmission(this.room, act));
      case "level": {
        this.#reports += 1;
        const none = { held: 0, ordered: 0, sold: 0, buffer: 0, received: 9 };
        const level = { ...none, sku: act.sku, available: act.available, seq: this.#reports };
        return this.#become(reportLevel(this.room, level));
      }
      case "revise": {
        const startsAt = new Date(this.now + (act.startsIn_ms ?? 0)).toISOString();
        const moved = act.startsIn_ms === null ? {} : { startsAt };
        const sale = { ...this.sale, title: act.title, ...moved };
        return this.#become(reviseRoom(this.room, this.sale, sale), sale, this.revision + 1);
      }
      case "look":
        return this.look();
    }
  }

  types(): string[] {
    return this.events.map(({ type }) => type.replace("sale.", ""));
  }
}

const acts = (revisions: boolean) =>
  fc.oneof(
    fc.record({
      kind: fc.constant("action" as const),
      action: fc.constantFrom("open", "start", "pause", "resume", "end"),
    }),
    fc.record({
      kind: fc.constant("change" as const),
      ratePerMinute: fc.integer({ min: 599, max: 601 }),
      message: fc.constantFrom(null, "soon"),
    }),
    fc.record({
      kind: fc.constant("level" as const),
      sku: fc.constantFrom("AIR-42", "AIR-43"),
      available: fc.nat({ max: 1 }),
    }),
    fc.constant({ kind: "look" as const }),
    ...(revisions
      ? [
          fc.record({
            kind: fc.constant("revise" as const),
            title: fc.constantFrom("A", "B"),
            startsIn_ms: fc.option(fc.constantFrom(-MINUTE_MS, MINUTE_MS)),
          }),
        ]
      : []),
  );

export const lives = (revisions: boolean) =>
  fc.record({
    from_ms: fc.constantFrom(OPENS_MS - MINUTE_MS, OPENS_MS, STARTS_MS, ENDS_MS - MINUTE_MS),
    steps: fc.array(
      fc.record({
        // Without revisions no two changes have the same instant, so that each stretch has a
        // length.
        after_ms: fc.constantFrom(revisions ? 0 : 1, 1, 1000, MINUTE_MS, 60 * MINUTE_MS),
        act: acts(revisions),
      }),
      { maxLength: 25 },
    ),
  });
