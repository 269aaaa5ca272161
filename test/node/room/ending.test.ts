/**
 * The end of a sale: taken back while its secret is secret, with what the end had changed, and
 * final from the revelation on.
 */
import { describe, expect, test } from "vitest";
import { RoomMemory, roomOn } from "../../../simulation/memory/room-memory.ts";
import * as limits from "../../../src/domain/limits.ts";
import { adopted, revealsAt_ms, timesRefused } from "../../../src/domain/room/ending.ts";
import * as changes from "../../../src/domain/room/merchant-changes.ts";
import * as rooms from "../../../src/domain/room/room-state.ts";
import { saleSchema, type Sale } from "../../../src/domain/sale/sale.ts";
import { phaseAt } from "../../../src/domain/sale/schedule.ts";
import { DOCUMENT, ENDS_MS, OPENS_MS, saleOf, STARTS_MS } from "../support/sale-document.ts";

const GRACE_MS = limits.SECRET_REVEALED_AFTER_DEFAULT_S * 1000;
const instant = (at_ms: number): string => new Date(at_ms).toISOString();
const phase = ({ schedule }: rooms.RoomState, now: number) => phaseAt(schedule, now);

/** A room on a clock, and how it is stored. */
function roomAt(now: number, sale: Sale = saleOf()) {
  const clock = { now };
  const memory = RoomMemory.created(sale, now);
  const alarms: (number | null)[] = [];
  const begin = () => {
    return roomOn(memory.rows(), () => clock.now, {
      alarm: {
        fired: () => undefined,
        arm: async (instants) => {
          alarms.push(...instants);
        },
      },
    });
  };
  return { clock, memory, alarms, begin };
}

describe("within the grace", () => {
  test.each([
    ["before it opens", OPENS_MS - 60_000, "scheduled"],
    ["before it starts", OPENS_MS + 60_000, "prequeue"],
    ["while it is on", STARTS_MS + 60_000, "live"],
  ])("an end %s is taken back as if it had not been", async (_, at_ms, expected) => {
    const { clock, begin, memory } = roomAt(at_ms);
    const { schedule } = memory.room;
    await begin().act("end");
    clock.now += GRACE_MS - 1;
    expect(begin().fairness()).toMatchObject({ secret: null, revealed: null });
    expect(await begin().act("reopen")).toMatchObject({ kind: "done" });
    expect(memory.room.schedule).toEqual(schedule);
    expect(phase(memory.room, at_ms)).toBe(expected);
  });

  test("a later end in the document takes it back too, with the start that was planned", async () => {
    const { begin, memory } = roomAt(OPENS_MS + 60_000);
    await begin().act("end");
    await begin().configure(saleOf({}, { endsAt: instant(ENDS_MS + 1) }));
    expect(memory.room.schedule).toEqual({
      opensAt_ms: OPENS_MS,
      startsAt_ms: STARTS_MS,
      endsAt_ms: ENDS_MS + 1,
    });
  });

  test("other times are kept for when the end is taken back", async () => {
    const { begin, memory } = roomAt(OPENS_MS + 60_000);
    await begin().act("end");
    await begin().configure(saleOf({}, { startsAt: instant(STARTS_MS + 5000) }));
    expect(begin().snapshot()?.phase).toBe("ended");
    await begin().act("reopen");
    expect(memory.room.schedule.startsAt_ms).toBe(STARTS_MS + 5000);
  });

  test("the same instants in another form do not take an end back", async () => {
    const { begin } = roomAt(STARTS_MS);
    await begin().act("end");
    await begin().configure(saleOf({}, { endsAt: "2026-11-27T12:00:00.000Z" }));
    expect(begin().snapshot()?.phase).toBe("ended");
  });

  test("an end by endsAt is taken back by a later one, and not by an action", async () => {
    const { clock, begin } = roomAt(STARTS_MS);
    clock.now = ENDS_MS + GRACE_MS - 1;
    expect(await begin().act("reopen")).toEqual({
      kind: "not_possible",
      phase: "ended",
      reopensUntil_ms: ENDS_MS + GRACE_MS,
    });
    await begin().configure(saleOf({}, { endsAt: instant(clock.now + 1000) }));
    expect(begin().snapshot()).toMatchObject({ phase: "live", revealsAt_ms: clock.now + 601_000 });
  });

  test("an end that would have come since is not taken back by an action", async () => {
    const { clock, begin } = roomAt(ENDS_MS - 60_000);
    await begin().act("end");
    clock.now = ENDS_MS;
    expect(await begin().act("reopen")).toMatchObject({ kind: "not_possible" });
  });

  test("turns of those who were called last as long as before", () => {
    const batch = { lane: "general", calledAt_ms: STARTS_MS, from: 0, to: 1, claimed: 0 };
    const calls = [{ ...batch, slice: 0, openAtSlice: 1, kept: [], keptUntil_ms: 0 }];
    const room = { ...rooms.openRoom(saleOf(), STARTS_MS), calls };
    const ended = changes.actOn(room, "end", STARTS_MS + 10);
    if (ended.kind !== "done") throw new Error(ended.kind);
    const again = changes.actOn(ended.room, "reopen", STARTS_MS + 300_010);
    if (again.kind !== "done") throw new Error(again.kind);
    expect(again.room.calls[0]?.calledAt_ms).toBe(STARTS_MS + 300_000);
  });
});

describe("the grace", () => {
  test("counts from the end, or from the document that puts the end into the past", async () => {
    const { clock, begin } = roomAt(STARTS_MS);
    const past = { opensAt: instant(0), startsAt: instant(1), endsAt: instant(2) };
    await begin().configure(saleOf({}, past));
    expect(begin().snapshot()).toMatchObject({
      phase: "ended",
      revealsAt_ms: STARTS_MS + GRACE_MS,
    });
    clock.now += GRACE_MS - 1;
    expect(begin().fairness()).toMatchObject({ secret: null });
    clock.now += 1;
    expect(begin().fairness()).toMatchObject({ revealed: { at_ms: STARTS_MS + GRACE_MS } });
  });

  test("of a sale that is created with times in the past counts from its creation", () => {
    const past = saleOf({}, { opensAt: instant(0), startsAt: instant(1), endsAt: instant(2) });
    expect(revealsAt_ms(rooms.openRoom(past, ENDS_MS), past)).toBe(ENDS_MS + GRACE_MS);
  });

  test.each([0, limits.SECRET_REVEALED_AFTER_MAX_S])("of %d seconds is accepted", (seconds) => {
    expect(saleOf({}, { fairness: { revealAfterSeconds: seconds } }).fairness).toEqual({
      revealAfterSeconds: seconds,
    });
  });

  test.each([limits.SECRET_REVEALED_AFTER_MAX_S + 1, -1, 0.5])(
    "of %d seconds is not",
    (seconds) => {
      const document = { ...DOCUMENT, fairness: { revealAfterSeconds: seconds } };
      const path = ["fairness", "revealAfterSeconds"];
      expect(saleSchema.safeParse(document).error?.issues).toMatchObject([{ path }]);
    },
  );

  test("that is set longer after the revelation changes nothing", async () => {
    const { clock, begin, memory } = roomAt(STARTS_MS);
    clock.now = ENDS_MS + GRACE_MS;
    const before = begin().fairness();
    expect(before).toMatchObject({ revealed: { at_ms: clock.now } });
    await begin().configure(saleOf({}, { fairness: { revealAfterSeconds: 86_400 } }));
    expect(begin().fairness()).toEqual(before);
    expect(await begin().act("reopen")).toMatchObject({ kind: "revealed" });
    expect(memory.revealed?.at_ms).toBe(ENDS_MS + GRACE_MS);
  });

  test("ends with an alarm, so that the time does not depend on who asks", async () => {
    const { clock, begin, memory, alarms } = roomAt(STARTS_MS);
    const core = begin();
    await core.act("end");
    expect(alarms).toContain(STARTS_MS + GRACE_MS);
    clock.now = STARTS_MS + GRACE_MS;
    await core.ring();
    expect(memory.revealed).toEqual({ at_ms: STARTS_MS + GRACE_MS, signature: null });
    expect(begin().snapshot()).toMatchObject({ revealedAt_ms: STARTS_MS + GRACE_MS });
    expect(begin().snapshot()).not.toHaveProperty("revealsAt_ms");
  });
});

describe("after the revelation", () => {
  const over = () => {
    const world = roomAt(STARTS_MS);
    world.clock.now = ENDS_MS + GRACE_MS;
    return world;
  };

  test.each(["open", "start", "pause", "resume", "reopen"] as const)(
    "%s is refused",
    async (act) => {
      const { begin, memory } = over();
      expect(await begin().act(act)).toEqual({ kind: "revealed", at_ms: ENDS_MS + GRACE_MS });
      expect(phase(memory.room, ENDS_MS + GRACE_MS)).toBe("ended");
    },
  );

  test.each([
    ["later", { endsAt: instant(ENDS_MS + 10 * GRACE_MS) }, ["endsAt"]],
    ["past", { endsAt: instant(ENDS_MS - 1000) }, ["endsAt"]],
    ["all moved", { opensAt: instant(1), startsAt: instant(2), endsAt: instant(3) }, undefined],
  ])("%s times are refused, by their names, with what to do", async (_, change, paths) => {
    const { begin, memory } = over();
    const outcome = await begin().configure(saleOf({}, { title: "Again", ...change }));
    if (outcome.kind !== "revealed") throw new Error(outcome.kind);
    const named = outcome.refusals.map(({ path }) => path.join("."));
    expect(named).toEqual(paths ?? ["opensAt", "startsAt", "endsAt"]);
    expect(outcome.refusals[0]?.message).toContain("create another sale with another id");
    expect(memory.foundation.revision).toBe(1);
  });

  test("what is not a time may change, and the sale stays over", async () => {
    const { begin } = over();
    const written = { title: "Thanks", endsAt: "2026-11-27T12:00:00.000Z" };
    expect(await begin().configure(saleOf({}, written))).toMatchObject({ kind: "revised" });
    expect(begin().snapshot()?.phase).toBe("ended");
  });

  test("a clock that is set back does not reopen it", async () => {
    const { clock, begin } = over();
    begin().fairness();
    clock.now = STARTS_MS;
    expect(begin().snapshot()?.phase).toBe("ended");
    expect(await begin().act("start")).toMatchObject({ kind: "revealed" });
  });

  test("ending again changes nothing", async () => {
    const { begin } = over();
    expect(await begin().act("end")).toMatchObject({ kind: "done" });
    expect(timesRefused(saleOf(), saleOf(), ENDS_MS)).toEqual([]);
  });
});

describe("a room that a release wrote which reveals at the end", () => {
  const before = (now: number): rooms.RoomState => {
    const { ending: _, ...room } = rooms.openRoom(saleOf(), now);
    return room;
  };

  test("counts as revealed since its end when it has ended", () => {
    const known = adopted(before(STARTS_MS), null, ENDS_MS + 1);
    expect(known.revealedAt_ms).toBe(ENDS_MS);
  });

  test("goes on with its secret when it is on", () => {
    const known = adopted(before(STARTS_MS), null, STARTS_MS + 1);
    expect(known).toMatchObject({ revealedAt_ms: null, room: { ending: { undo: null } } });
  });

  test("is over again when it went on with a secret that was revealed before", () => {
    const later = { ...before(STARTS_MS).schedule, endsAt_ms: ENDS_MS + 10 * GRACE_MS };
    const known = adopted({ ...before(STARTS_MS), schedule: later }, ENDS_MS, ENDS_MS + 1000);
    expect(phase(known.room, ENDS_MS + 1000)).toBe("ended");
    expect(known.room.schedule.endsAt_ms).toBe(ENDS_MS);
  });

  test("stores that once, when it is loaded", () => {
    const { clock, memory, begin } = roomAt(STARTS_MS);
    memory.apply({ room: before(STARTS_MS) });
    clock.now = ENDS_MS + 1;
    begin();
    expect(memory.revealed).toEqual({ at_ms: ENDS_MS, signature: null });
    expect(memory.room.ending).toEqual({ setAt_ms: ENDS_MS + 1, undo: null });
    const written = memory.rowsWritten;
    begin();
    expect(memory.rowsWritten).toBe(written);
  });
});
