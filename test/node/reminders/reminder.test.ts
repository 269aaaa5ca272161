/**
 * The rules of reminders: who may leave an address, when a mail is due, and what is counted.
 */
import { describe, expect, test } from "vitest";
import {
  REMINDER_CHECK_MS,
  REMINDERS_PER_NETWORK_MAX,
  TURN_REMINDER_SHARDS,
} from "../../../src/domain/limits.ts";
import { turnContent } from "../../../src/domain/mail/turn-mail.ts";
import { renderMail } from "../../../src/domain/mail/render.ts";
import {
  maskedEmail,
  mayRemind,
  nextCheck_ms,
  reminderNetworkOf,
  reminderShard,
  turnAt,
  type Reminder,
} from "../../../src/domain/reminders/reminder.ts";
import { standingOf } from "../../../src/domain/room/standing.ts";
import { ReminderWorld, shopper } from "../support/reminder-world.ts";

describe("a turn, as reminders see it", () => {
  test("is open exactly while the status says called, and over exactly when it says lapsed or ended", () => {
    const world = new ReminderWorld();
    world.called = 5;
    world.lapsedBelow = 2;
    for (const phase of ["scheduled", "prequeue", "live", "ended"] as const) {
      for (const [paused, soldOut] of [
        [false, false],
        [true, false],
        [false, true],
      ] as const) {
        for (const rank of [null, 0, 1, 2, 4, 5, 9]) {
          Object.assign(world, { phase, paused, soldOut });
          const snapshot = world.snapshot();
          const { place } = shopper(0);
          const reminder: Reminder = {
            ticket: "tkt_0",
            place,
            rank,
            email: "a@b.example",
            origin: "https://drops.example",
            key: "k",
            handedAt_ms: null,
            calledAt_ms: null,
            createdAt_ms: 0,
          };
          const seen = { snapshot, stale: false, now: world.now, chance: 0 };
          const { state, called } = standingOf(place, rank, seen);
          const turn = turnAt(reminder, snapshot);
          expect(turn === "open").toBe(state === "called");
          expect(turn === "over").toBe(state === "lapsed" || state === "ended");
          expect(!mayRemind(state, rank, called) || turn === "waits").toBe(true);
        }
      }
    }
  });
});

describe("the next look at the room", () => {
  const { schedule } = new ReminderWorld().snapshot();
  const kept = { reminders: 1, networks: 0, hasMore: false };

  test("is in seconds while the sale is live, in time for the start, and never without rows", () => {
    const live = { phase: "live", schedule } as const;
    const before = { phase: "prequeue", schedule } as const;
    expect(nextCheck_ms(live, kept, 200_000)).toBe(200_000 + REMINDER_CHECK_MS);
    expect(nextCheck_ms(null, kept, 200_000)).toBe(200_000 + REMINDER_CHECK_MS);
    expect(nextCheck_ms(before, kept, 50_000)).toBe(schedule.startsAt_ms);
    expect(nextCheck_ms(before, kept, 0)).toBe(60_000);
    expect(nextCheck_ms(live, { ...kept, hasMore: true }, 200_000)).toBe(200_001);
    expect(nextCheck_ms(live, { ...kept, reminders: 0, networks: 3 }, 200_000)).toBe(3_800_000);
    expect(nextCheck_ms(live, { ...kept, reminders: 0 }, 200_000)).toBeNull();
  });
});

describe("a network", () => {
  test("is an IPv4 address or the /64 of an IPv6 address, and belongs to its sale", () => {
    const of = (address: string) => reminderNetworkOf("air-one", address);
    expect(of("192.0.2.1")).not.toBe(of("192.0.2.2"));
    expect(of("2001:db8:1:2::9")).toBe(of("2001:0DB8:1:2:ffff:0:0:1"));
    expect(of("2001:db8::9")).toBe(of("2001:db8:0:0:1::1"));
    expect(of("2001:db8:1:2::9")).not.toBe(of("2001:db8:1:3::9"));
    expect(of("192.0.2.1")).not.toBe(reminderNetworkOf("air-two", "192.0.2.1"));
    expect(of("192.0.2.1")).not.toContain("192");
  });

  test("leaves a limited number of addresses; the same ticket counts once", async () => {
    const world = new ReminderWorld();
    const admit = (nth: number) => world.admit("n1", `tkt_${nth}`);
    for (let nth = 0; nth < REMINDERS_PER_NETWORK_MAX; nth += 1) {
      expect(await admit(nth)).toBe(true);
      expect(await admit(nth)).toBe(true);
    }
    expect(await admit(REMINDERS_PER_NETWORK_MAX)).toBe(false);
    expect(await admit(0)).toBe(true);
    expect(await world.admit("n2", "tkt_0")).toBe(true);
  });
});

test("every ticket leads to one shard", () => {
  const shards = Array.from({ length: 2000 }, (_, nth) => reminderShard(`tkt_${nth}`));
  expect(new Set(shards).size).toBe(TURN_REMINDER_SHARDS);
  expect(reminderShard("tkt_1")).toBe(shards[1]);
});

test("an address is shown masked", () => {
  expect(maskedEmail("ann@shoppers.example")).toBe("a…@shoppers.example");
  expect(maskedEmail('"a@b"@shoppers.example')).toBe('"…@shoppers.example');
});

test("the mail says until when, where, why it came, and how to delete the address", async () => {
  const content = turnContent({
    sale: "air-one",
    title: "Air\nOne <b>",
    ticket: "tkt_1",
    key: "k/1",
    origin: "https://drops.example",
    calledAt_ms: Date.UTC(2026, 10, 30, 12, 0),
    claimWindow_s: 300,
  });
  expect(content.subject).toBe("It is your turn: Air One <b>");
  const { text, html } = await renderMail(content);
  expect(text).toContain("the turn passes on at about 30 November 2026 at 12:05 UTC.");
  expect(text).toContain("Go in now:\nhttps://drops.example/_sluice/shop/air-one/wait");
  expect(text).toContain("/_sluice/shop/air-one/reminder?ticket=tkt_1&key=k%2F1");
  expect(text).toContain("left on the waiting page of Air One <b>");
  expect(html).toContain("Air One &lt;b&gt;");
  expect(html).not.toContain("Your items");
});
