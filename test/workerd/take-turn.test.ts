/**
 * What becomes of a shopper at a guarded address, for each thing that the room and the booths can
 * say: a row each, over a journey that says what it is told to.
 */
import { env } from "cloudflare:workers";
import { describe, expect, test } from "vitest";
import { rightsOf } from "../../src/domain/guards/request-cause.ts";
import type { Standing } from "../../src/domain/room/standing.ts";
import {
  type Asking,
  type Journey,
  takeTurn,
  type TurnOutcome,
} from "../../src/proxy/take-turn.ts";
import { SnapshotCache } from "../../src/sales/snapshots.ts";
import { CartBatches } from "../../src/shopper/cart-batches.ts";
import type { GateContext } from "../../src/shopper/gate-context.ts";
import { PlaceBatches } from "../../src/shopper/place-batches.ts";
import type { Visit } from "../../src/shopper/visit.ts";
import { turnTaken } from "../../src/shopper/waiting.ts";
import { readSecrets } from "../../src/tokens/secrets.ts";
import { snapshotAt } from "../node/support/pages-models.ts";
import { saleOf, STARTS_MS } from "../node/support/sale-document.ts";
import { startClock } from "./support/clock.ts";
import { openSale, roomOf, saleDocument } from "./support/shop.ts";

const HOUR_MS = 3_600_000;

const secrets = await readSecrets(env);
if (secrets.kind !== "ready") throw new Error(secrets.missing.join("; "));
const gate: GateContext = {
  env,
  keys: secrets.keys,
  snapshots: new SnapshotCache((sale) => roomOf(sale), null),
  places: new PlaceBatches(),
  carts: new CartBatches(),
  waitUntil: () => undefined,
  now: STARTS_MS,
  chance: 0,
};

function standing(state: Standing["state"]): Standing {
  return {
    state,
    lane: "general",
    cohort: 0,
    rank: 7,
    position: 8,
    called: 3,
    wait: null,
    pollAfter_s: 5,
    stock: [],
    odds: null,
    message: null,
    stale: false,
    at_ms: STARTS_MS,
  };
}

function visitOf(queueing: boolean): Visit {
  const place = { lane: "general", cohort: 0, shard: 0, index: 7 };
  return {
    gate,
    sale: saleOf(),
    seen: {
      snapshot: snapshotAt("live", { queueing }),
      stale: false,
      now: STARTS_MS,
      chance: 0,
    },
    caller: {
      host: "shop.example",
      address: null,
      shopperAddress: null,
      userAgent: "",
      device: null,
    },
    ticket: {
      kind: "valid",
      token: "a ticket",
      ticket: {
        ...place,
        sale: "air-one",
        id: "tkt_1",
        subject: "sub_1",
        device: null,
        joinedAt_ms: STARTS_MS - HOUR_MS,
      },
    },
    admission: { kind: "none" },
  };
}

type Said = { readonly [Call in keyof Journey]?: Awaited<ReturnType<Journey[Call]>> };

/** A call that nobody has foreseen fails the test. */
function journeySaying(said: Said): { readonly journey: Journey; readonly calls: string[] } {
  const calls: string[] = [];
  const answer = async <Outcome>(call: string, outcome: Outcome | undefined): Promise<Outcome> => {
    calls.push(call);
    if (outcome === undefined) throw new Error(`${call} was not to be asked`);
    return outcome;
  };
  const journey: Journey = {
    askStanding: () => answer("askStanding", said.askStanding),
    claimTurn: () => answer("claimTurn", said.claimTurn),
    turnTaken: () => answer("turnTaken", said.turnTaken),
    join: ({ ticket, admission }, { pass, proof, afresh }) => {
      expect([ticket, admission, afresh]).toEqual([{ kind: "none" }, { kind: "none" }, false]);
      expect([pass, proof]).toEqual(["a pass", "a proof"]);
      return answer("join", said.join);
    },
  };
  return { journey, calls };
}

interface Went {
  readonly way: TurnOutcome;
  readonly calls: readonly string[];
  readonly counted: number;
}

async function goes(said: Said, change: Partial<Asking> = {}, isOver = false): Promise<Went> {
  const { journey, calls } = journeySaying(said);
  let counted = 0;
  const asking: Asking = {
    visit: visitOf(true),
    wish: { pass: "a pass", proof: "a proof", key: null, afresh: false },
    wasIn: false,
    rights: rightsOf("navigation"),
    rejoins: false,
    isOverLimit: async () => {
      counted += 1;
      return isOver;
    },
    ...change,
  };
  const way = await takeTurn(asking, journey);
  return { way, calls, counted };
}

const admission = {
  id: "adm_tkt_1",
  sale: "air-one",
  subject: "sub_1",
  lane: "general",
  issuedAt_ms: STARTS_MS,
  expiresAt_ms: STARTS_MS + HOUR_MS,
  device: null,
  number: null,
  place: null,
};
const NO_TICKET = { kind: "none" } as const;
const IN = { token: "an admission", admission, standing: standing("admitted") };
const ADMITTED = { kind: "admitted", ...IN } as const;
const stands = (state: Standing["state"]) => {
  return { kind: "standing", standing: standing(state) } as const;
};
const LAPSED: TurnOutcome = {
  kind: "waiting",
  standing: { ...standing("lapsed"), position: null },
  seatsFull: false,
  ticket: null,
};
const IN_BY = (byTicket: boolean): TurnOutcome => {
  return {
    kind: "admitted",
    admission: { kind: "valid", token: "an admission", admission },
    byTicket,
  };
};
const JOINED = { kind: "joined", ticket: "a new ticket", standing: standing("queued") } as const;
const NEW_PLACE: TurnOutcome = {
  kind: "waiting",
  standing: standing("queued"),
  seatsFull: false,
  ticket: "a new ticket",
};
const data = { rights: rightsOf("script") };
/** Requests that may take nothing, whatever becomes of the line. */
const MAY_NOTHING = ["foreign_form", "subresource", "other_site", "unseen"] as const;

describe("with a ticket", () => {
  test("whoever is in line is told so, and nothing is asked or counted for it", async () => {
    const { way, calls, counted } = await goes({ askStanding: stands("queued") });
    expect(way).toEqual({ ...NEW_PLACE, ticket: null });
    expect([calls, counted]).toEqual([["askStanding"], 0]);
  });

  const called = stands("called");
  const full = { kind: "not_called", standing: standing("called"), seatsFull: true } as const;
  test.each<[string, Said, Partial<Asking>, TurnOutcome]>([
    ["is let in by it", { claimTurn: ADMITTED }, {}, IN_BY(true)],
    [
      "is told when the seats are full",
      { claimTurn: full },
      {},
      { kind: "waiting", standing: standing("called"), seatsFull: true, ticket: null },
    ],
    [
      "joins when it is none",
      { claimTurn: { kind: "ticket_invalid" }, join: JOINED },
      {},
      NEW_PLACE,
    ],
    [
      "and shows no page does not",
      { claimTurn: { kind: "ticket_invalid" } },
      data,
      { kind: "not_joined" },
    ],
    ["hears of the end", { claimTurn: { kind: "sale_over" } }, {}, { kind: "sale_over" }],
    [
      "lacks a device",
      { claimTurn: { kind: "device_required" } },
      {},
      { kind: "booth_unavailable" },
    ],
    [
      "finds no room",
      { claimTurn: { kind: "room_unavailable" } },
      {},
      { kind: "room_unavailable" },
    ],
    [
      "was called until just now",
      { claimTurn: { kind: "turn_lapsed" }, turnTaken: { kind: "open" } },
      {},
      LAPSED,
    ],
  ])("whoever is called %s; counted once", async (_, said, change, expected) => {
    const { way, counted } = await goes({ askStanding: called, ...said }, change);
    expect([way, counted]).toEqual([expected, 1]);
  });

  test.each(MAY_NOTHING)("whoever is called keeps the turn when %s asks", async (cause) => {
    const { way, calls, counted } = await goes(
      { askStanding: called },
      { rights: rightsOf(cause) },
    );
    expect(way).toEqual({ ...LAPSED, standing: standing("called") });
    expect([calls, counted]).toEqual([["askStanding"], 0]);
  });

  test("past the limit a turn is not taken up", async () => {
    const { way, calls } = await goes({ askStanding: called }, {}, true);
    expect([way, calls]).toEqual([{ kind: "rate_limited" }, ["askStanding"]]);
  });
});

describe("whoever's turn has passed", () => {
  const askStanding = stands("lapsed");
  const used = { kind: "over", used: true } as const;
  const unused = { kind: "over", used: false } as const;
  test.each<[string, Said, Partial<Asking>, TurnOutcome]>([
    ["is told, while others wait", { askStanding, turnTaken: { kind: "open" } }, {}, LAPSED],
    ["is told when it was never used", { askStanding, turnTaken: unused }, {}, LAPSED],
    ["joins again when it was used", { askStanding, turnTaken: used, join: JOINED }, {}, NEW_PLACE],
    [
      "joins again when an admission shows that it was",
      { askStanding, turnTaken: unused, join: JOINED },
      { wasIn: true },
      NEW_PLACE,
    ],
    [
      "joins again where there is no button for it",
      { askStanding, turnTaken: { kind: "open" }, join: JOINED },
      { rejoins: true },
      NEW_PLACE,
    ],
    [
      "goes in where nobody waits any more, by another ticket's turn",
      { askStanding, turnTaken: { kind: "open" }, join: ADMITTED },
      { visit: visitOf(false) },
      IN_BY(false),
    ],
    ["is in by it still", { askStanding, turnTaken: ADMITTED }, {}, IN_BY(true)],
    [
      "is not on a device that cannot be told apart",
      { askStanding, turnTaken: { kind: "device_required" } },
      {},
      { kind: "booth_unavailable" },
    ],
    [
      "does not lose it to a silent room",
      { askStanding, turnTaken: { kind: "room_unavailable" } },
      {},
      { kind: "room_unavailable" },
    ],
  ])("%s; counted once", async (_, said, change, expected) => {
    const { way, counted } = await goes(said, change);
    expect([way, counted]).toEqual([expected, 1]);
  });

  test("and shows no page is told so without a word of the room", async () => {
    const { way, calls, counted } = await goes({ askStanding }, data);
    expect([way, calls, counted]).toEqual([LAPSED, ["askStanding"], 0]);
  });

  test("is not asked after past the limit", async () => {
    const { way, calls } = await goes({ askStanding }, {}, true);
    expect([way, calls]).toEqual([{ kind: "rate_limited" }, ["askStanding"]]);
  });
});

describe("without a ticket", () => {
  const askStanding = { kind: "ticket_required" } as const;
  const without = (kind: "none" | "invalid"): Visit => ({ ...visitOf(true), ticket: { kind } });
  const opensAt_ms = STARTS_MS;
  const proof = { kind: "proof_required", by: "altcha" } as const;
  test.each<[string, Said["join"], TurnOutcome]>([
    ["gets a place", JOINED, NEW_PLACE],
    ["gets the place of the pass", { ...JOINED, kind: "already_joined" }, NEW_PLACE],
    ["is let in where nobody waits", ADMITTED, IN_BY(false)],
    [
      "is told of the opening",
      { kind: "sale_not_open", opensAt_ms },
      { kind: "not_open", opensAt_ms },
    ],
    ["hears of the end", { kind: "sale_over" }, { kind: "sale_over" }],
    ["is asked for a proof", proof, { kind: "proof", refused: proof }],
    ["finds no booth", { kind: "booth_unavailable" }, { kind: "booth_unavailable" }],
    ["lacks a device", { kind: "device_required" }, { kind: "booth_unavailable" }],
    [
      "has a bad pass",
      { kind: "pass_invalid", reason: "expired" },
      { kind: "pass_invalid", reason: "expired" },
    ],
    ["finds no room", { kind: "room_unavailable" }, { kind: "room_unavailable" }],
    ["finds no sale", { kind: "sale_not_found" }, { kind: "room_unavailable" }],
  ])("whoever comes %s; counted once", async (_, join, expected) => {
    const visit = without("none");
    const { way, counted } = await goes({ askStanding, ...(join && { join }) }, { visit });
    expect([way, counted]).toEqual([expected, 1]);
  });

  test.each(["ticket_required", "ticket_invalid", "admission_replayed"] as const)(
    "%s: whoever shows no page is not joined, and past the limit nobody is",
    async (kind) => {
      const asked = { askStanding: { kind } };
      expect((await goes(asked, data)).way).toEqual({ kind: "not_joined" });
      expect((await goes(asked, {}, true)).way).toEqual({ kind: "rate_limited" });
    },
  );

  test.each([...MAY_NOTHING, "script"] as const)("%s is not joined", async (cause) => {
    const change = { visit: { ...visitOf(false), ticket: NO_TICKET }, rights: rightsOf(cause) };
    const { way, calls, counted } = await goes({ askStanding }, change);
    expect(way).toEqual({ kind: "not_joined" });
    expect([calls, counted]).toEqual([["askStanding"], 0]);
  });

  test("a page to which another site led gives a place, and a seat once a cookie came back", async () => {
    const arrival = rightsOf("arrival");
    const to = (queueing: boolean): Partial<Asking> => {
      return { visit: { ...visitOf(queueing), ticket: NO_TICKET }, rights: arrival };
    };
    const free = await goes({ askStanding }, to(false));
    expect([free.way, free.calls]).toEqual([{ kind: "cookie_needed" }, ["askStanding"]]);
    expect((await goes({ askStanding, join: JOINED }, to(true))).way).toEqual(NEW_PLACE);
    const back = { ...to(false), rights: { ...arrival, seatNeedsCookie: false } };
    expect((await goes({ askStanding, join: ADMITTED }, back)).way).toEqual(IN_BY(false));
  });

  test("a room that nobody hears of lets nobody in", async () => {
    for (const kind of ["sale_not_found", "room_unavailable"] as const) {
      const called = { askStanding: stands("called"), claimTurn: { kind } };
      const lapsed = { askStanding: stands("lapsed"), turnTaken: { kind } };
      for (const said of [called, lapsed, { askStanding, join: { kind } }]) {
        expect((await goes(said)).way).toEqual({ kind: "room_unavailable" });
      }
    }
  });
});

test("where a sale tells devices apart, a turn that was taken up is answered to a device only", async () => {
  startClock();
  const document = saleDocument([{ sku: "TURN-1", stock: 1 }], { replay: { handling: "refuse" } });
  const sale = await openSale(document);
  const admitted = await roomOf(sale.id).admitNow("tkt_ann", "sub_ann", "general");
  expect(admitted.kind).toBe("admitted");
  const visit = { ...visitOf(false), sale };
  expect(await turnTaken(visit, "tkt_ann", null)).toEqual({ kind: "device_required" });
  const caller = { ...visit.caller, device: "a-device-of-sixteen" };
  const known = await turnTaken({ ...visit, caller }, "tkt_ann", null);
  expect(known).toMatchObject({ kind: "admitted", admission: { id: "adm_tkt_ann" } });
  expect(await turnTaken({ ...visit, caller }, "tkt_bob", null)).toEqual({ kind: "open" });
});
