/**
 * One live place for each subject that comes by a pass, whatever is repeated, lost or crashes.
 *
 * The model is a gate with a desk as its object runs it: what the desk keeps is durable before it
 * is told. A crash may come between a booth's offer and the desk's row; the offer is then lost.
 */
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { AdmissionRecord } from "../../../src/domain/room/admission.ts";
import { boothFor, mayHaveOpened } from "../../../src/domain/line/booth.ts";
import { PASS_DESKS_PER_SALE } from "../../../src/domain/limits.ts";
import {
  arrive,
  keepPlace,
  passSubjectOf,
  passTicketIdOf,
  type PassEntry,
  type PassPlace,
} from "../../../src/domain/line/pass-places.ts";
import { openRoom, type RoomState } from "../../../src/domain/room/room-state.ts";
import { turnOf, type AskedTurn } from "../../../src/domain/room/claims.ts";
import { saleOf, STARTS_MS } from "../support/sale-document.ts";

type Step =
  /** Somebody with the subject comes; the row may be lost on the way, or the answer. */
  | {
      readonly kind: "come";
      readonly lane: string;
      readonly dies: "before_row" | "after_row" | "no";
    }
  /** Two devices ask before either has been answered. */
  | { readonly kind: "come_twice" }
  /** The room calls the present round over, and `times` devices hear of it. */
  | { readonly kind: "over"; readonly times: number };

const lanes = fc.constantFrom("general", "members");
const steps: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant("come" as const),
      lane: lanes,
      dies: fc.constantFrom("before_row" as const, "after_row" as const, "no" as const),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("come_twice" as const) }) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant("over" as const),
      times: fc.integer({ min: 1, max: 3 }),
    }),
  },
);

class DeskModel {
  row: PassEntry | null = null;
  #offers = 0;
  /** What was told, by round. */
  readonly told = new Map<number, PassPlace[]>();

  offer(lane: string): PassPlace {
    this.#offers += 1;
    return { lane, shard: 0, cohort: 0, index: this.#offers, joinedAt_ms: this.#offers * 1000 };
  }

  come(over: number | null): PassEntry {
    const { round, place } = arrive(this.row, over);
    if (this.row?.round !== round) this.row = { round, place };
    return { round, place };
  }

  keep(offered: PassPlace): PassEntry {
    this.row = keepPlace(this.row, offered);
    return this.row;
  }

  tell({ round, place }: PassEntry): void {
    if (place === null) throw new Error("told of no place");
    this.told.set(round, [...(this.told.get(round) ?? []), place]);
  }

  step(step: Step): void {
    switch (step.kind) {
      case "come": {
        const entry = this.come(null);
        if (entry.place !== null) return this.tell(entry);
        const offered = this.offer(step.lane);
        if (step.dies === "before_row") return;
        const kept = this.keep(offered);
        if (step.dies === "no") this.tell(kept);
        return;
      }
      case "come_twice": {
        const found = [this.come(null), this.come(null)];
        const offered = found.map(({ place }) => place ?? this.offer("general"));
        for (const place of offered) this.tell(this.keep(place));
        return;
      }
      case "over": {
        const { round } = this.come(null);
        for (let device = 0; device < step.times; device += 1) this.come(round);
      }
    }
  }
}

describe("a subject", () => {
  test("is told one place in each round, whatever crashes or comes at once", () => {
    fc.assert(
      fc.property(fc.array(steps, { maxLength: 40 }), (story) => {
        const desk = new DeskModel();
        for (const step of story) desk.step(step);
        for (const places of desk.told.values()) {
          for (const place of places) expect(place).toBe(places[0]);
        }
      }),
    );
  });

  test("gives up one round when the room says so, however many devices hear of it", () => {
    fc.assert(
      fc.property(fc.array(steps, { maxLength: 40 }), (story) => {
        const desk = new DeskModel();
        for (const step of story) {
          const before = desk.row;
          desk.step(step);
          const ended = step.kind === "over" && before !== null ? 1 : 0;
          const firstOver = step.kind === "over" && before === null ? 1 : 0;
          expect(desk.row?.round ?? 0).toBe((before?.round ?? 0) + ended + firstOver);
        }
      }),
    );
  });

  test("keeps its place for a round that is over already, and for one it never had", () => {
    const place: PassPlace = { lane: "a", shard: 0, cohort: 0, index: 5, joinedAt_ms: 1 };
    const kept = { round: 2, place };
    for (const over of [null, 0, 1, 3]) {
      expect(arrive(kept, over)).toEqual({ ...kept, isNew: false });
    }
    expect(arrive(kept, 2)).toEqual({ round: 3, place: null, isNew: false });
    expect(arrive(null, null)).toEqual({ round: 0, place: null, isNew: true });
    expect(keepPlace(kept, { ...place, index: 6 })).toBe(kept);
  });

  test("has one ticket id a round, apart from other subjects, sales and rounds", () => {
    const subject = passSubjectOf("ann");
    const ids = [
      passTicketIdOf("air", subject, 0),
      passTicketIdOf("air", subject, 1),
      passTicketIdOf("air", passSubjectOf("bob"), 0),
      passTicketIdOf("other", subject, 0),
    ];
    expect(new Set(ids).size).toBe(4);
    expect(passTicketIdOf("air", subject, 0)).toBe(ids[0]);
    expect(passSubjectOf(`sub_${crypto.randomUUID()}`)).toMatch(/^pass:/);
  });

  test("finds its desk again, and desks are used evenly", () => {
    const load = new Map<number, number>();
    for (let shopper = 0; shopper < 6400; shopper += 1) {
      const desk = boothFor(passSubjectOf(`customer-${shopper}`), PASS_DESKS_PER_SALE);
      load.set(desk, (load.get(desk) ?? 0) + 1);
    }
    expect(load.size).toBe(PASS_DESKS_PER_SALE);
    expect(Math.max(...load.values())).toBeLessThan(200);
  });
});

describe("a turn", () => {
  const now = STARTS_MS + 60_000;
  const opened = openRoom(saleOf(), now);
  const lane = { places: 30, closed: 1, called: 20, lapsedBelow: 10 };
  const room: RoomState = { ...opened, lanes: opened.lanes.map((old) => ({ ...old, ...lane })) };
  const asked: AskedTurn = { lane: "general", rank: 9, existing: null };
  const admission: AdmissionRecord = {
    id: "adm_tkt_1",
    ticket: "tkt_1",
    subject: "pass:ann",
    lane: "general",
    issuedAt_ms: now - 1000,
    expiresAt_ms: now + 1000,
    standing: "active",
    ordersDone: 0,
    orderInProgress: null,
    orderBegunAt_ms: null,
    ordersEnded: [],
  };
  const rows = [
    ["open", "that has not been called", { rank: 20 }],
    ["open", "that is called and not taken up", { rank: 10 }],
    ["open", "whose cohort has not closed", { rank: null }],
    ["over", "that lapsed", {}],
    ["admitted", "that was taken up", { existing: admission }],
    ["admitted", "that was taken up without a place", { existing: admission, rank: null }],
    ["over", "that was spent", { existing: { ...admission, standing: "spent" } }],
    ["over", "that was left", { existing: { ...admission, standing: "left" }, rank: 15 }],
    ["over", "whose admission has ended", { existing: { ...admission, expiresAt_ms: now } }],
  ] as const;

  test.each(rows)("is %s when it is one %s", (kind, _, change) => {
    expect(turnOf(room, { ...asked, ...change }, now).kind).toBe(kind);
  });
});

test("a booth is believed to be a little ahead of what is known of its room, not far ahead", () => {
  expect(mayHaveOpened(0, 0, 0)).toBe(true);
  expect(mayHaveOpened(6, 5, 0)).toBe(true);
  expect(mayHaveOpened(100, 5, 0)).toBe(false);
  expect(mayHaveOpened(100, 5, 90_000)).toBe(true);
});
