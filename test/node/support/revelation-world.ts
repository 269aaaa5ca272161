/**
 * A room whose merchant does all that a merchant can, while time passes, booths and relays answer
 * late, the room crashes around every write, and somebody keeps asking for the secret. After each
 * step it is checked that a secret that is known decides no cohort (P12).
 */
import * as fc from "fast-check";
import type { RoomCore } from "../../../durable-objects/waiting-room/room-core.ts";
import type { RoomRules } from "../../../durable-objects/waiting-room/ports.ts";
import { RoomMemory, roomOn } from "../../../simulation/memory/room-memory.ts";
import { QUICKNET } from "../../../src/domain/line/beacon.ts";
import { commitmentOf } from "../../../src/domain/line/cohort.ts";
import type { RoomAction } from "../../../src/domain/room/merchant-changes.ts";
import { saleOf, STARTS_MS } from "./sale-document.ts";

export type Deed =
  | { readonly kind: "action"; readonly action: RoomAction }
  /** A document with these times, in seconds from now. */
  | { readonly kind: "put"; readonly times_s: readonly number[]; readonly grace_s: number | null }
  | { readonly kind: "wait"; readonly ms: number }
  | { readonly kind: "ask" }
  | { readonly kind: "crash"; readonly skew_ms: number };

export type Step =
  | Deed
  /** The alarm rings; while its booths answer, other things happen. */
  | { readonly kind: "ring"; readonly meanwhile: readonly Deed[] }
  /** The next write is lost with the instance, or is the last thing that it does. */
  | { readonly kind: "fail"; readonly when: "before" | "after" };

const HOUR_S = 3600;
const deeds: readonly fc.WeightedArbitrary<Deed>[] = [
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant("action" as const),
      action: fc.constantFrom<RoomAction[]>("open", "start", "pause", "resume", "end", "reopen"),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant("put" as const),
      times_s: fc.array(fc.constantFrom(-HOUR_S, -60, -2, -1, 0, 1, 2, 60, HOUR_S), {
        minLength: 3,
        maxLength: 3,
      }),
      grace_s: fc.constantFrom(null, 0, 1, 600),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant("wait" as const),
      ms: fc.constantFrom(1, 1000, 2000, 60_000, 700_000),
    }),
  },
  { weight: 3, arbitrary: fc.constant({ kind: "ask" as const }) },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant("crash" as const),
      skew_ms: fc.constantFrom(-1500, 0, 1500),
    }),
  },
];

export const stories: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    ...deeds,
    {
      weight: 6,
      arbitrary: fc.record({
        kind: fc.constant("ring" as const),
        meanwhile: fc.array(fc.oneof(...deeds), { maxLength: 3 }),
      }),
    },
    {
      weight: 1,
      arbitrary: fc.record({
        kind: fc.constant("fail" as const),
        when: fc.constantFrom("before" as const, "after" as const),
      }),
    },
  ),
  { maxLength: 40, size: "large" },
);

class Crash extends Error {}

const KEY = { kty: "OKP", crv: "Ed25519", kid: "k1", x: "x", alg: "EdDSA", use: "sig" };

export class RevelationWorld {
  readonly memory = new RoomMemory();
  /** How often a sale that had ended went on, and its secret was given out. */
  readonly seen = { reopened: 0, told: 0 };
  #core: RoomCore;
  #life = { isOver: false };
  #now = STARTS_MS;
  #skew_ms = 0;
  #fails: "before" | "after" | null = null;
  #meanwhile: readonly Deed[] = [];
  #told: string | null = null;
  /** Of the cohorts that were closed when the secret became known. */
  #closedThen: string | null = null;
  readonly #rules: Partial<RoomRules>;

  constructor(rules: Partial<RoomRules> = {}) {
    this.#rules = rules;
    this.#core = this.#begin();
  }

  #begin(): RoomCore {
    const life = { isOver: false };
    this.#life = life;
    const rows = this.memory.rows((apply) => {
      if (life.isOver) throw new Crash();
      const fails = this.#fails;
      this.#fails = null;
      if (fails !== "before") apply();
      life.isOver = fails !== null;
      if (life.isOver) throw new Crash();
    });
    return roomOn(rows, () => this.#now + this.#skew_ms, {
      rules: this.#rules,
      booth: () => ({
        close: async () => {
          await this.#happen();
          return { kind: "closed", count: 2 };
        },
      }),
      beacon: {
        chain: { ...QUICKNET, period_s: 1 },
        read: async () => {
          await this.#happen();
          return "ab".repeat(48);
        },
        sign: async () => ({ signature: "a signature", key: KEY }),
      },
    });
  }

  /** What happens while a booth or a relay is asked. */
  async #happen(): Promise<void> {
    const happening = this.#meanwhile;
    this.#meanwhile = [];
    for (const deed of happening) await this.#surely(deed);
  }

  async live(story: readonly Step[]): Promise<void> {
    await this.#surely({ kind: "put", times_s: [-60, -2, HOUR_S], grace_s: 1 });
    for (const step of story) {
      if (step.kind === "fail") this.#fails = step.when;
      else await this.#surely(step);
      this.#check();
    }
  }

  /** Does it; when the room dies of it, another instance begins. */
  async #surely(step: Exclude<Step, { kind: "fail" }>): Promise<void> {
    const was = this.#core.snapshot()?.phase;
    try {
      await this.#do(step);
    } catch (error) {
      if (!(error instanceof Crash)) throw error;
    }
    if (this.#life.isOver) this.#core = this.#begin();
    const isBack = was === "ended" && this.#core.snapshot()?.phase !== "ended";
    if (isBack) this.seen.reopened += 1;
  }

  async #do(step: Exclude<Step, { kind: "fail" }>): Promise<void> {
    switch (step.kind) {
      case "action":
        await this.#core.act(step.action);
        return;
      case "put":
        await this.#put(step.times_s, step.grace_s);
        return;
      case "wait":
        this.#now += step.ms;
        return;
      case "ask":
        this.#ask();
        return;
      case "crash":
        this.#skew_ms = step.skew_ms;
        this.#life.isOver = true;
        return;
      case "ring":
        this.#meanwhile = step.meanwhile;
        await this.#core.ring();
    }
  }

  async #put(times_s: readonly number[], grace_s: number | null): Promise<void> {
    const times = times_s.map((time_s) => this.#now + time_s * 1000).toSorted((a, b) => a - b);
    const [opens = 0, starts = 0, ends = 0] = times;
    const instant = (at_ms: number): string => new Date(at_ms).toISOString();
    const fairness = grace_s === null ? {} : { fairness: { revealAfterSeconds: grace_s } };
    const endsAt = instant(Math.max(ends, starts + 1));
    const change = { opensAt: instant(opens), startsAt: instant(starts), endsAt, ...fairness };
    await this.#core.configure(saleOf({}, { ...change, lanes: [], expectedShoppers: 1 }));
  }

  #ask(): void {
    const fairness = this.#core.fairness();
    if (fairness.kind !== "fairness" || fairness.secret === null) return;
    if (this.memory.revealed === null) throw new Error("a secret left that is not stored as told");
    if (commitmentOf(fairness.secret) !== fairness.commitment) throw new Error("another secret");
    if (this.#told !== null && this.#told !== fairness.secret) throw new Error("two secrets");
    this.#told = fairness.secret;
    this.seen.told += 1;
  }

  #check(): void {
    const { revealed, manifests } = this.memory;
    if (revealed === null) return;
    const closed = JSON.stringify(manifests);
    this.#closedThen ??= closed;
    if (closed !== this.#closedThen) throw new Error("a cohort closed after the revelation");
    const late = manifests.find(({ closedAt = "" }) => Date.parse(closedAt) > revealed.at_ms);
    if (late !== undefined) throw new Error(`cohort ${late.k} has a later closing time`);
    const phase = this.#core.snapshot()?.phase;
    if (phase !== "ended") throw new Error(`the sale is ${phase} after the revelation`);
  }
}
