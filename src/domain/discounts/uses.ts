/**
 * The uses of a sale's discount codes: look, take, keep, give back.
 *
 * Guarantee: reserved and kept uses of a code never exceed what its rule allows, in total and for
 * each buyer, because one object decides one command after the other. Each command is idempotent by
 * the order's id. A use that was given back stays given back, also when it was given back before
 * it was taken, so that a late `take` of that order takes nothing. Lowering a rule's limit takes no
 * use away. Nothing here reads a clock.
 */
import { passSubjectOf } from "../line/pass-places.ts";
import type { DiscountRefusal, DiscountRule } from "./rule.ts";

export interface DiscountCode {
  readonly id: number;
  readonly hash: string;
  readonly hint: string;
  readonly enabled: boolean;
  /** Another number whenever what the code takes off has changed; never used twice in a sale. */
  readonly revision: number;
  readonly rule: DiscountRule;
  /** Uses of orders in progress, and of confirmed orders. */
  readonly reserved: number;
  readonly kept: number;
  readonly createdAt_ms: number;
  readonly updatedAt_ms: number;
}

/** A code as an order was given it. */
export type TakenCode = Pick<DiscountCode, "hash" | "hint" | "revision" | "rule">;

export interface DiscountUse {
  readonly order: string;
  readonly standing:
    | {
        readonly state: "reserved" | "kept";
        /** The id of the code. */
        readonly code: number;
        readonly taken: TakenCode;
        /** Under whose names it counts. */
        readonly buyers: readonly string[];
      }
    /** Stays stored, so that a late or repeated `take` of the order takes nothing. */
    | { readonly state: "given_back" };
}

export interface DiscountReads {
  code(hash: string): DiscountCode | null;
  codeById(id: number): DiscountCode | null;
  codeCount(): number;
  /** The last id or revision that was given to a code. */
  lastNumber(): number;
  use(order: string): DiscountUse | null;
  /** Reserved and kept uses of a code under one name of a buyer. */
  usesOf(code: number, buyer: string): number;
}

/** The changes of one command; they are written in one transaction. */
export interface DiscountChange {
  readonly codes: readonly DiscountCode[];
  readonly removed: readonly number[];
  readonly use: DiscountUse | null;
  readonly buyers: readonly {
    readonly code: number;
    readonly buyer: string;
    readonly uses: number;
  }[];
  readonly lastNumber: number | null;
}

export interface DiscountDecision<Outcome> {
  readonly outcome: Outcome;
  readonly change: DiscountChange;
}

export const NO_CHANGE: DiscountChange = {
  codes: [],
  removed: [],
  use: null,
  buyers: [],
  lastNumber: null,
};

function unchanged<Outcome>(outcome: Outcome): DiscountDecision<Outcome> {
  return { outcome, change: NO_CHANGE };
}

export interface DiscountBuyer {
  /** Of the shopper's admission. */
  readonly subject: string;
  /** Opaque digests of what else identifies the buyer, such as the e-mail address. */
  readonly identities: readonly string[];
  readonly lane: string;
}

function namesOf({ subject, identities }: DiscountBuyer): string[] {
  return [...new Set([`subject:${subject}`, ...identities.map((digest) => `identity:${digest}`)])];
}

function refusalOf(
  reads: DiscountReads,
  code: DiscountCode | null,
  buyer: DiscountBuyer,
  now: number,
): DiscountRefusal | null {
  if (code === null) return "unknown";
  const { enabled, rule, reserved, kept } = code;
  const { from_ms, to_ms, shopper, lane, uses, usesPerBuyer } = rule;
  if (!enabled) return "over";
  if (from_ms !== null && now < from_ms) return "not_started";
  if (to_ms !== null && now >= to_ms) return "over";
  if (shopper !== null && passSubjectOf(shopper) !== buyer.subject) return "wrong_shopper";
  if (lane !== null && lane !== buyer.lane) return "wrong_lane";
  if (usesPerBuyer !== null) {
    const isUsedUp = namesOf(buyer).some((name) => reads.usesOf(code.id, name) >= usesPerBuyer);
    if (isUsedUp) return "used_by_you";
  }
  return uses !== null && reserved + kept >= uses ? "used_up" : null;
}

function takenOf({ hash, hint, revision, rule }: DiscountCode): TakenCode {
  return { hash, hint, revision, rule };
}

export type LookOutcome =
  | { readonly kind: "good"; readonly taken: TakenCode }
  | { readonly kind: "refused"; readonly reason: DiscountRefusal };

/** Reads a code for a quote; counts nothing and promises nothing. Precedence: that of `take`. */
export function look(
  reads: DiscountReads,
  hash: string | null,
  buyer: DiscountBuyer,
  now: number,
): LookOutcome {
  const code = hash === null ? null : reads.code(hash);
  const reason = refusalOf(reads, code, buyer, now);
  if (code === null || reason !== null) return { kind: "refused", reason: reason ?? "unknown" };
  return { kind: "good", taken: takenOf(code) };
}

export interface TakeCommand extends DiscountBuyer {
  readonly order: string;
  /** The hash that `look` answered with. */
  readonly code: string;
  /** As `look` answered it; another one is refused. Null: whatever the code takes off now. */
  readonly revision: number | null;
}

export type TakeOutcome =
  | { readonly kind: "taken"; readonly taken: TakenCode }
  /** With the rule as it was when it was taken. */
  | { readonly kind: "already_taken"; readonly taken: TakenCode }
  /** `given_back`: the order's use has ended. `changed`: the code has another revision. */
  | { readonly kind: "refused"; readonly reason: DiscountRefusal | "changed" | "given_back" }
  /** The order has taken another code. */
  | { readonly kind: "conflict"; readonly taken: TakenCode };

/**
 * Precedence: given_back, conflict, already_taken, unknown, over (disabled), not_started, over,
 * wrong_shopper, wrong_lane, used_by_you, used_up, changed, taken.
 */
export function take(
  reads: DiscountReads,
  command: TakeCommand,
  now: number,
): DiscountDecision<TakeOutcome> {
  const standing = reads.use(command.order)?.standing;
  if (standing?.state === "given_back") return unchanged({ kind: "refused", reason: "given_back" });
  if (standing !== undefined) {
    const { taken } = standing;
    return unchanged({ kind: taken.hash === command.code ? "already_taken" : "conflict", taken });
  }
  const code = reads.code(command.code);
  const reason = refusalOf(reads, code, command, now);
  if (code === null || reason !== null) {
    return unchanged({ kind: "refused", reason: reason ?? "unknown" });
  }
  if (command.revision !== null && command.revision !== code.revision) {
    return unchanged({ kind: "refused", reason: "changed" });
  }
  const taken = takenOf(code);
  const buyers = namesOf(command);
  const standingNow = { state: "reserved" as const, code: code.id, taken, buyers };
  return {
    outcome: { kind: "taken", taken },
    change: {
      ...NO_CHANGE,
      codes: [{ ...code, reserved: code.reserved + 1 }],
      use: { order: command.order, standing: standingNow },
      buyers: countsOf(reads, code.id, buyers, 1),
    },
  };
}

function countsOf(
  reads: DiscountReads,
  code: number,
  buyers: readonly string[],
  more: 1 | -1,
): DiscountChange["buyers"] {
  return buyers.map((buyer) => ({ code, buyer, uses: reads.usesOf(code, buyer) + more }));
}

export type KeepOutcome =
  | { readonly kind: "kept" | "already_kept" }
  /** There is no use to keep: the order never took one, or has given it back. */
  | { readonly kind: "conflict"; readonly state: "given_back" | "unknown" };

/** The order is confirmed: its use counts for good. */
export function keep(reads: DiscountReads, order: string): DiscountDecision<KeepOutcome> {
  const standing = reads.use(order)?.standing;
  if (standing === undefined) return unchanged({ kind: "conflict", state: "unknown" });
  if (standing.state === "given_back") {
    return unchanged({ kind: "conflict", state: "given_back" });
  }
  if (standing.state === "kept") return unchanged({ kind: "already_kept" });
  const code = reads.codeById(standing.code);
  const counted =
    code === null ? [] : [{ ...code, reserved: code.reserved - 1, kept: code.kept + 1 }];
  return {
    outcome: { kind: "kept" },
    change: {
      ...NO_CHANGE,
      codes: counted,
      use: { order, standing: { ...standing, state: "kept" } },
    },
  };
}

export type GiveBackOutcome =
  | { readonly kind: "given_back" | "already_given_back" }
  /** A confirmed order's use stays used, also when the order is refunded. */
  | { readonly kind: "conflict"; readonly state: "kept" };

/** The order ended unpaid. Also stored for an unknown order, so a late `take` takes nothing. */
export function giveBack(reads: DiscountReads, order: string): DiscountDecision<GiveBackOutcome> {
  const standing = reads.use(order)?.standing;
  if (standing?.state === "given_back") return unchanged({ kind: "already_given_back" });
  if (standing?.state === "kept") return unchanged({ kind: "conflict", state: "kept" });
  const use: DiscountUse = { order, standing: { state: "given_back" } };
  if (standing === undefined) {
    return { outcome: { kind: "already_given_back" }, change: { ...NO_CHANGE, use } };
  }
  const code = reads.codeById(standing.code);
  const counted = code === null ? [] : [{ ...code, reserved: code.reserved - 1 }];
  const buyers = countsOf(reads, standing.code, standing.buyers, -1);
  return {
    outcome: { kind: "given_back" },
    change: { ...NO_CHANGE, codes: counted, use, buyers },
  };
}

/** Whose uses they were is forgotten; that they are used stays. Safe to repeat. */
export function forgetBuyer(reads: DiscountReads, order: string): DiscountDecision<"forgotten"> {
  const standing = reads.use(order)?.standing;
  if (standing?.state !== "kept" || standing.buyers.length === 0) return unchanged("forgotten");
  return {
    outcome: "forgotten",
    change: {
      ...NO_CHANGE,
      use: { order, standing: { ...standing, buyers: [] } },
      buyers: countsOf(reads, standing.code, standing.buyers, -1),
    },
  };
}
