/**
 * The purchase of an admitted shopper: browses, fills a cart, pays, and polls the order until its
 * final state. After a declined card the shopper may try another one, because the admission and
 * the hold remain.
 */
import type { OrderRequest } from "./gate-client.ts";
import type { OrderPlaced, Outcome, ShopperPlan } from "./shopper-record.ts";
import { outcomeOf, persist, type Visit } from "./shopper-visit.ts";

const CART_TRIES_MAX = 3;
const CART_RETRY_MS = 2000;
const ORDER_POLL_MIN_MS = 400;
const ORDER_POLL_MAX_MS = 2000;
const ORDER_TIMEOUT_MS = 120_000;
const DECLINED_CARD = "pm_card_chargeDeclined";
/** A card of this shopper's own, because a sale counts buyers by their card too. */
function goodCard({ number }: ShopperPlan): string {
  return `pm_sandbox_visa_${number}`;
}

function firstCard(plan: ShopperPlan): string {
  switch (plan.card) {
    case "good":
      return goodCard(plan);
    case "declined_once":
    case "declined":
      return DECLINED_CARD;
    case "uncapturable":
      return `pm_sandbox_captureFails_${plan.number}`;
  }
}

export async function goShopping(visit: Visit): Promise<Outcome> {
  const { plan, world } = visit;
  await world.sleep(plan.browse_ms);
  const cart = await fillCart(visit);
  if (cart.kind !== "answered") {
    await leave(visit);
    if (cart.code === "sold_out") return { kind: "sold_out", where: "cart" };
    return outcomeOf(cart);
  }
  if (plan.intent === "vanish") return { kind: "no_show" };
  await world.sleep(plan.checkout_ms);
  if (plan.intent === "look") {
    await leave(visit);
    return { kind: "left" };
  }
  return checkOut(visit);
}

async function fillCart(visit: Visit) {
  const { plan, world } = visit;
  const set = () => world.gate.setCart(world.sale, visit.carried, plan.lines);
  let answer = await persist(visit, set);
  for (let tries = 1; tries < CART_TRIES_MAX && answer.code === "sold_out"; tries += 1) {
    await world.sleep(CART_RETRY_MS);
    answer = await persist(visit, set);
  }
  return answer;
}

async function leave(visit: Visit): Promise<void> {
  await persist(visit, () => visit.world.gate.leave(visit.world.sale, visit.carried));
}

async function checkOut(visit: Visit): Promise<Outcome> {
  const { plan } = visit;
  const first = await pay(visit, firstCard(plan));
  if (first.kind === "declined" && plan.card === "declined_once") {
    await visit.world.sleep(plan.checkout_ms);
    const second = await pay(visit, goodCard(plan));
    if (second.kind !== "bought") await leave(visit);
    return second;
  }
  if (first.kind !== "bought") await leave(visit);
  return first;
}

async function pay(visit: Visit, method: string): Promise<Outcome> {
  const { plan, world, record } = visit;
  const quote = () => world.gate.quote(world.sale, visit.carried, plan.lines);
  const quoted = await persist(visit, quote);
  if (quoted.kind !== "answered") return outcomeOf(quoted);
  const key = world.newKey();
  const request: OrderRequest = {
    sale: world.sale,
    lines: plan.lines,
    expectedTotal: quoted.body.amounts.total,
    buyer: { email: plan.email, name: plan.name },
    payment: { method },
  };
  const place = () => persist(visit, () => world.gate.placeOrder(visit.carried, key, request));
  const answers = await Promise.all(plan.clicksTwice ? [place(), place()] : [place()]);
  let placed: OrderPlaced | null = null;
  for (const answer of answers) {
    if (answer.kind !== "answered") continue;
    const { order, statusUrl } = answer.body;
    placed ??= { key, ids: [], statusUrl, finalState: null, total: null };
    if (!placed.ids.includes(order.id)) placed.ids.push(order.id);
  }
  const [answer] = answers;
  if (placed !== null) {
    record.orders.push(placed);
    return follow(visit, placed);
  }
  if (answer === undefined || answer.kind === "answered") throw new Error("unreachable: no answer");
  if (answer.code === "sold_out") return { kind: "sold_out", where: "order" };
  return outcomeOf(answer);
}

async function follow(visit: Visit, placed: OrderPlaced): Promise<Outcome> {
  const { world } = visit;
  const until = world.now() + ORDER_TIMEOUT_MS;
  let pause_ms = ORDER_POLL_MIN_MS;
  while (world.now() < until) {
    await world.sleep(pause_ms);
    pause_ms = Math.min(pause_ms * 1.5, ORDER_POLL_MAX_MS);
    const ask = () => world.gate.orderAt(placed.statusUrl, visit.carried);
    const answer = await persist(visit, ask);
    if (answer.kind !== "answered") return outcomeOf(answer);
    if (!answer.body.final) continue;
    placed.finalState = answer.body.state;
    placed.total = answer.body.total;
    if (answer.body.state === "confirmed") return { kind: "bought" };
    if (answer.body.state === "declined") return { kind: "declined" };
    return { kind: "refused", code: `order_${answer.body.state}` };
  }
  return { kind: "error", reason: "the order reached no final state in time" };
}
