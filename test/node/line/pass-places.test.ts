/**
 * One live place for each subject with a pass, whatever is repeated, lost or crashes.
 *
 * The model runs a gate with a desk as its object does: what the desk stores is durable before it
 * is returned. A crash may come between a booth's offer and the desk's row; the offer is then lost.
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
  /** The subject joins; the row or the answer may be lost. */
  | {
      readonly kind: "join";
      readonly lane: string;
      readonly dies: "before_row" | "after_row" | "no";
    }
  /** Two devices join before either has an answer. */
  | { readonly kind: "join_twice" }
  /** The room reports the current round as over, and `times` devices repeat that. */
  | { readonly kind: "over"; readonly times: number };

const lanes = fc.constantFrom("general", "members");
const steps: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant("join" as const),
      lane: lanes,
      dies: fc.constantFrom("before_row" as const, "after_row" as const, "no" as const),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("join_twice" as const) }) },
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
  /** The places in the answers, by round. */
  readonly answers = new Map<number, PassPlace[]>();

  offer(lane: string): PassPlace {
    this.#offers += 1;
    return { lane, shard: 0, cohort: 0, index: this.#offers, joinedAt_ms: this.#offers * 1000 };
  }

  join(over: number | null): PassEntry {
    const { round, place } = arrive(this.row, over);
    if (this.row?.round !== round) this.row = { round, place };
    return { round, place };
  }

  keep(offered: PassPlace): PassEntry {
    this.row = keepPlace(this.row, offered);
    return this.row;
  }

  answer({ round, place }: PassEntry): void {
    if (place === null) throw new Error("answered without a place");
    this.answers.set(round, [...(this.answers.get(round) ?? []), place]);
  }

  step(step: Step): void {
    switch (step.kind) {
      case "join": {
        const entry = this.join(null);
        if (entry.place !== null) return this.answer(entry);
        const offered = this.offer(step.lane);
        if (step.dies === "before_row") return;
        const kept = this.keep(offered);
        if (step.dies === "no") this.answer(kept);
        return;
      }
      case "join_twice": {
        const found = [this.join(null), this.join(null)];
        const offered = found.map(({ place }) => place ?? this.offer("general"));
        for (const place of offered) this.answer(this.keep(place));
        return;
      }
      case "over": {
        const { round } = this.join(null);
        for (let device = 0; device < step.times; device += 1) this.join(round);
      }
    }
  }
}

describe("a subject", () => {
  test("gets the same place throughout a round, whatever crashes or comes at once", () => {
    fc.assert(
      fc.property(fc.array(steps, { maxLength: 40 }), (story) => {
        const desk = new DeskModel();
        for (const step of story) desk.step(step);
        for (const places of desk.answers.values()) {
          for (const place of places) expect(place).toBe(places[0]);
        }
      }),
    );
  });

  test("gives up one round when the room reports it as over, however often that is repeated", () => {
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

  test("keeps its place when an earlier or unknown round is reported as over", () => {
    const place: PassPlace = { lane: "a", shard: 0, cohort: 0, index: 5, joinedAt_ms: 1 };
    const kept = { round: 2, place };
    for (const over of [null, 0, 1, 3]) {
      expect(arrive(kept, over)).toEqual({ ...kept, isNew: false });
    }
    expect(arrive(kept, 2)).toEqual({ round: 3, place: null, isNew: false });
    expect(arrive(null, null)).toEqual({ round: 0, place: null, isNew: true });
    expect(keepPlace(kept, { ...place, index: 6 })).toBe(kept);
  });

  test("has one ticket id per round, different from those of other subjects, sales and rounds", () => {
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

  test("always has the same desk, and desks are used evenly", () => {
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
    ["open", "that is called and not claimed", { rank: 10 }],
    ["open", "whose cohort has not closed", { rank: null }],
    ["over", "that lapsed", {}],
    ["admitted", "that was claimed", { existing: admission }],
    ["admitted", "that was claimed without a place", { existing: admission, rank: null }],
    ["over", "that was spent", { existing: { ...admission, standing: "spent" } }],
    ["over", "that was left", { existing: { ...admission, standing: "left" }, rank: 15 }],
    ["over", "whose admission has ended", { existing: { ...admission, expiresAt_ms: now } }],
  ] as const;

  test.each(rows)("is %s when it is one %s", (kind, _, change) => {
    expect(turnOf(room, { ...asked, ...change }, now).kind).toBe(kind);
  });
});

test("a booth may be a little ahead of what is known of its room, not far ahead", () => {
  expect(mayHaveOpened(0, 0, 0)).toBe(true);
  expect(mayHaveOpened(6, 5, 0)).toBe(true);
  expect(mayHaveOpened(100, 5, 0)).toBe(false);
  expect(mayHaveOpened(100, 5, 90_000)).toBe(true);
});
