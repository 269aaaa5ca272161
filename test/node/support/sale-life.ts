/**
 * A room's life as a test makes it up: what merchants, stock and clock do to the product's room,
 * and the events that follow.
 */
import * as fc from "fast-check";
import type { RoomCore } from "../../../durable-objects/waiting-room/room-core.ts";
import { RoomMemory, roomOn } from "../../../simulation/memory/room-memory.ts";
import type { SaleEvent, Told } from "../../../src/domain/room/events.ts";
import type { RoomAction } from "../../../src/domain/room/merchant-changes.ts";
import type { RoomState } from "../../../src/domain/room/room-state.ts";
import type { Sale } from "../../../src/domain/sale/sale.ts";
import { ENDS_MS, OPENS_MS, STARTS_MS } from "./sale-document.ts";

type Act =
  | { readonly kind: "action"; readonly action: RoomAction }
  | { readonly kind: "change"; readonly ratePerMinute: number; readonly message: string | null }
  | { readonly kind: "level"; readonly sku: string; readonly available: number }
  | { readonly kind: "revise"; readonly title: string; readonly startsIn_ms: number | null }
  | { readonly kind: "look" };

export interface Step {
  readonly after_ms: number;
  readonly act: Act;
}

export const MINUTE_MS = 60_000;

export class Life {
  now: number;
  readonly #memory = new RoomMemory();
  readonly #core: RoomCore;
  #reports = 0;

  private constructor(now: number) {
    this.now = now;
    this.#core = roomOn(this.#memory.rows(), () => this.now);
  }

  /** Of a sale that is created at `now`. */
  static async begin(sale: Sale, now: number): Promise<Life> {
    const life = new Life(now);
    await life.#core.configure(sale);
    return life;
  }

  get events(): readonly SaleEvent[] {
    return this.#memory.events;
  }

  get told(): Told {
    return this.#memory.told;
  }

  get room(): RoomState {
    return this.#memory.room;
  }

  get sale(): Sale {
    return this.#memory.foundation.sale;
  }

  get revision(): number {
    return this.#memory.foundation.revision;
  }

  look(): Promise<void> {
    return this.#core.tick();
  }

  async live({ after_ms, act }: Step): Promise<void> {
    this.now += after_ms;
    switch (act.kind) {
      case "action":
        await this.#core.act(act.action);
        return;
      case "change":
        await this.#core.change(act);
        return;
      case "level": {
        this.#reports += 1;
        const none = { held: 0, ordered: 0, sold: 0, buffer: 0, received: 9 };
        const level = { ...none, sku: act.sku, available: act.available, seq: this.#reports };
        this.#core.reportLevel(level);
        return;
      }
      case "revise": {
        const startsAt = new Date(this.now + (act.startsIn_ms ?? 0)).toISOString();
        const moved = act.startsIn_ms === null ? {} : { startsAt };
        await this.#core.configure({ ...this.sale, title: act.title, ...moved });
        return;
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
      action: fc.constantFrom<RoomAction[]>(
        "open",
        "start",
        "pause",
        "resume",
        "end",
        // An end that is taken back is a revision of the schedule.
        ...(revisions ? (["reopen"] as const) : []),
      ),
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
