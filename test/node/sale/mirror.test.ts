/**
 * The rules of KV as a mirror of the list of sales, under every loss: keys that are gone, a mirror
 * or an owner that is silent. No guard is ever lost without the isolate saying that it does not
 * know; rules with a planted bug are found.
 */
import { expect, test } from "vitest";
import {
  guardListOf,
  guardsInForce,
  needsOwner,
  planMirror,
  type GuardList,
  type GuardSources,
  type OwnedSale,
  type Revisions,
} from "../../../src/domain/sale/mirror.ts";
import { randomFrom } from "../../../simulation/seeded-random.ts";

const NOW = 1_000_000;
const RUNS = 2000;

interface MirrorRules {
  readonly needsOwner: typeof needsOwner;
  readonly guardsInForce: typeof guardsInForce;
}

/** The mirror of the owner's sales, of which some keys are lost. */
interface World {
  readonly owned: readonly OwnedSale[];
  /** Sales that only the mirror has: the owner has not taken them over yet. */
  readonly strange: Revisions;
  readonly shown: Revisions | null;
  readonly list: GuardList | null;
  readonly known: Revisions | null;
  readonly isOwnerSilent: boolean;
}

function worldOf(seed: number): World {
  const random = randomFrom(`mirror-${seed}`);
  const some = (share: number): boolean => random() < share;
  const count = Math.floor(random() * 4);
  const owned = Array.from({ length: count }, (_, n): OwnedSale => {
    const revision = 1 + Math.floor(random() * 3);
    return { id: `sale-${n}`, revision, guardsUntil_ms: some(0.8) ? NOW + 1000 : null };
  });
  const sales = Object.entries(guardListOf(owned, NOW).sales);
  const isOld = some(0.2);
  const strange = new Map(isOld ? [["strange", 1]] : []);
  const left = [...sales, ...strange].flatMap(([id, revision]): [string, number][] => {
    if (some(0.3)) return [];
    return [[id, some(0.2) ? revision - 1 : revision]];
  });
  return {
    owned,
    strange,
    shown: some(0.15) ? null : new Map(left),
    // A release without an owner wrote no list.
    list: isOld || some(0.4) ? null : guardListOf(owned, NOW),
    known: some(0.5) ? null : new Map(sales.filter(() => some(0.7))),
    isOwnerSilent: some(0.4),
  };
}

/** What is wrong with an isolate's reading of that world; null: nothing. */
function wrongIn(world: World, rules: MirrorRules): string | null {
  const { owned, shown, list, known, isOwnerSilent } = world;
  const truth = new Map(Object.entries(guardListOf(owned, NOW).sales));
  const sources = { shown, list };
  const answer = rules.needsOwner(sources) && !isOwnerSilent ? truth : null;
  const isYoung = (): boolean => false;
  const asked: GuardSources = { ...sources, known, isYoung, owned: answer };
  const inForce = rules.guardsInForce(asked);
  if (inForce === null) {
    if (known !== null) return "forgets what it knew";
    return isOwnerSilent ? null : "unknown though the owner answered";
  }
  for (const [id, revision] of known ?? []) {
    const here = inForce.get(id) ?? 0;
    if (here < revision && (truth.get(id) ?? 0) >= revision) return `lost ${id}, which it knew`;
  }
  for (const [id, revision] of shown ?? []) {
    if ((inForce.get(id) ?? 0) < revision) return `lost ${id}, which is shown`;
  }
  if (known !== null && isOwnerSilent) return null;
  for (const [id, revision] of truth) {
    if ((inForce.get(id) ?? 0) < revision) return `lost ${id}, which is guarded`;
  }
  return null;
}

function firstFound(rules: MirrorRules): { seed: number; wrong: string } | null {
  for (let seed = 1; seed <= RUNS; seed += 1) {
    const wrong = wrongIn(worldOf(seed), rules);
    if (wrong !== null) return { seed, wrong };
  }
  return null;
}

const RULES: MirrorRules = { needsOwner, guardsInForce };

test("whatever is lost, no guard is lost in silence", () => {
  expect(firstFound(RULES)).toBeNull();
});

const NO_GUARDS = { v: 1, sales: {} } as const;

const MUTANTS: Readonly<Record<string, MirrorRules>> = {
  "an empty mirror is taken for no guards": {
    needsOwner: ({ shown, list }) => needsOwner({ shown, list: list ?? NO_GUARDS }),
    guardsInForce: (sources) => guardsInForce({ ...sources, list: sources.list ?? NO_GUARDS }),
  },
  "the list names sales, and no revisions": {
    needsOwner: ({ shown, list }) => {
      return (
        shown === null || list === null || !Object.keys(list.sales).every((id) => shown.has(id))
      );
    },
    guardsInForce,
  },
  "what is known is dropped while nobody answers": {
    needsOwner,
    guardsInForce: (sources) => guardsInForce({ ...sources, known: new Map() }),
  },
  "what the owner does not name is dropped": {
    needsOwner,
    guardsInForce: (sources) => {
      return guardsInForce(sources.owned === null ? sources : { ...sources, shown: null });
    },
  },
  "silence is taken for an answer": {
    needsOwner,
    guardsInForce: (sources) => guardsInForce({ ...sources, owned: sources.owned ?? new Map() }),
  },
};

test.each(Object.entries(MUTANTS))("a bug is found: %s", (_, rules) => {
  expect(firstFound(rules)).not.toBeNull();
});

test("what a pass writes makes the mirror whole, and nothing is left to write", () => {
  for (let seed = 1; seed <= RUNS; seed += 1) {
    const { owned, strange, shown } = worldOf(seed);
    const mirrored = { sales: new Map(shown), guards: new Map(shown) };
    const plan = planMirror(owned, mirrored, NOW);
    const byId = new Map(owned.map((sale) => [sale.id, sale.revision]));
    for (const id of plan.sales) mirrored.sales.set(id, byId.get(id) ?? 0);
    for (const id of plan.guards) mirrored.guards.set(id, byId.get(id) ?? 0);
    for (const id of plan.unguarded) mirrored.guards.delete(id);
    const after = planMirror(owned, mirrored, NOW);
    expect({ ...after, strangers: [] }).toEqual({
      sales: [],
      guards: [],
      unguarded: [],
      strangers: [],
    });
    expect(after.strangers).toEqual([...strange.keys()].filter((id) => mirrored.sales.has(id)));
    expect(needsOwner({ shown: mirrored.guards, list: guardListOf(owned, NOW) })).toBe(false);
  }
});
