/**
 * One simulated shopper: joins, waits, claims the turn, and goes shopping.
 *
 * Behaves as the contract requires of a client: polls after `pollAfter_s` and never sooner, repeats
 * calls that may have failed with the same key, and accepts a refusal. Clock, random numbers and
 * sleep are arguments; when `sleep` rejects, the shopper stops.
 */
import type { Standing } from "./gate-answers.ts";
import { goShopping } from "./shopper-purchase.ts";
import type { Outcome, ShopperRecord, TicketSeen } from "./shopper-record.ts";
import {
  enter,
  outcomeOf,
  persist,
  type NotAnswered,
  type ShopperWorld,
  type Visit,
} from "./shopper-visit.ts";

const REJOINS_MAX = 1;
const SOLD_OUT_POLLS_MAX = 3;

type Turn =
  | { readonly kind: "admitted" }
  | { readonly kind: "lapsed" }
  | { readonly kind: "over"; readonly outcome: Outcome };

/**
 * Carries out the record's plan and records what happens. Rejects only when `world.sleep` does; the
 * record then has everything up to that moment.
 */
export async function shop(record: ShopperRecord, world: ShopperWorld): Promise<void> {
  const { plan } = record;
  const visit: Visit = { plan, world, record, carried: {}, called: 0, stage: null };
  try {
    record.outcome = await wholeVisit(visit);
  } finally {
    enter(visit, "settled");
  }
}

async function wholeVisit(visit: Visit): Promise<Outcome> {
  for (let rejoins = 0; rejoins <= REJOINS_MAX; rejoins += 1) {
    const turn = await queueUp(visit, rejoins);
    if (turn.kind === "over") return turn.outcome;
    if (turn.kind === "admitted") return goShopping(visit);
    visit.carried = {};
  }
  return { kind: "lapsed" };
}

async function queueUp(visit: Visit, rejoins: number): Promise<Turn> {
  const { world, record } = visit;
  const joined = await persist(visit, () => world.gate.join(world.sale, visit.carried));
  if (joined.kind !== "answered") return over(joined);
  enter(visit, "waiting");
  visit.called = Math.max(visit.called, joined.body.status.called);
  if ("admission" in joined.body) {
    return admitted(visit, null, joined.body.admission, joined.body.status);
  }
  const ticket: TicketSeen = { token: joined.body.ticket, ranks: [] };
  record.tickets.push(ticket);
  visit.carried = { ...visit.carried, ticket: ticket.token };
  return waitForTurn(visit, ticket, joined.body.status, rejoins);
}

async function waitForTurn(
  visit: Visit,
  ticket: TicketSeen,
  first: Standing,
  rejoins: number,
): Promise<Turn> {
  const { plan, world, record } = visit;
  let standing = first;
  let soldOutPolls = 0;
  for (;;) {
    note(visit, ticket, standing);
    if (standing.state === "lapsed") return { kind: "lapsed" };
    if (standing.state === "ended") return overWith({ kind: "refused", code: "sale_over" });
    if (standing.state === "sold_out") {
      soldOutPolls += 1;
      if (soldOutPolls > SOLD_OUT_POLLS_MAX) {
        return overWith({ kind: "sold_out", where: "line" });
      }
    }
    if (standing.state === "called" || standing.state === "admitted") {
      if (plan.intent === "no_show") return overWith({ kind: "no_show" });
      if (plan.intent === "late" && rejoins === 0) {
        await world.sleep((world.claimWindow_s + 4) * 1000);
      }
      const turn = await claim(visit, ticket);
      if (turn !== "ask_again") return turn;
    } else if (plan.claimsEarly && record.earlyClaims.length === 0) {
      const turn = await claimEarly(visit, ticket);
      if (turn !== "ask_again") return turn;
    }
    await world.sleep(standing.pollAfter_s * 1000);
    record.polls += 1;
    const answer = await persist(visit, () => world.gate.standing(world.sale, visit.carried));
    if (answer.kind !== "answered") return over(answer);
    standing = answer.body;
  }
}

function note(visit: Visit, ticket: TicketSeen, standing: Standing): void {
  visit.called = Math.max(visit.called, standing.called);
  const { rank } = standing;
  if (rank !== null && !ticket.ranks.includes(rank)) ticket.ranks.push(rank);
}

async function claim(visit: Visit, ticket: TicketSeen): Promise<Turn | "ask_again"> {
  const { world } = visit;
  const answer = await persist(visit, () => world.gate.claim(world.sale, visit.carried));
  if (answer.kind === "answered") {
    return admitted(visit, ticket, answer.body.admission, answer.body.status);
  }
  if (answer.code === "not_called") return "ask_again";
  if (answer.code === "turn_lapsed") return { kind: "lapsed" };
  return over(answer);
}

/** The gate must refuse, unless the shopper was called in the meantime. */
async function claimEarly(visit: Visit, ticket: TicketSeen): Promise<Turn | "ask_again"> {
  const { world, record } = visit;
  const answer = await persist(visit, () => world.gate.claim(world.sale, visit.carried));
  const { status, code } = answer;
  record.earlyClaims.push({ ticket, status, code, at_ms: world.now() });
  if (answer.kind !== "answered") return "ask_again";
  return admitted(visit, ticket, answer.body.admission, answer.body.status);
}

function admitted(
  visit: Visit,
  ticket: TicketSeen | null,
  admission: string,
  standing: Standing,
): Turn {
  if (ticket !== null) note(visit, ticket, standing);
  const rank = ticket?.ranks[0] ?? null;
  visit.record.admissions.push({ ticket, rank, called: visit.called, at_ms: visit.world.now() });
  visit.carried = { ...visit.carried, admission };
  enter(visit, "inside");
  return { kind: "admitted" };
}

function over(answer: NotAnswered): Turn {
  return overWith(outcomeOf(answer));
}

function overWith(outcome: Outcome): Turn {
  return { kind: "over", outcome };
}
