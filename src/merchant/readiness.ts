/**
 * Whether this deployment can sell: what it needs answers, and nothing that it needs to take money
 * is missing or wrong.
 *
 * Guarantee: only reads, each with a time limit, so a part that hangs is a failed check and not a
 * hanging answer. No value of a secret is in any check.
 *
 * Weak: the settings of the orders Worker are those of its last report, which is at most five
 * minutes old while it runs.
 */
import { beaconChainOf, readRound } from "../beacon/relays.ts";
import { firstRoundFrom, isSignedRound } from "../domain/line/beacon.ts";
import { READINESS_SALES_MAX } from "../domain/limits.ts";
import { beaconCheck, type BeaconReading } from "../domain/readiness/beacon-check.ts";
import { type Check, good, isReady } from "../domain/readiness/check.ts";
import { ordersSetupSchema, type OrdersSetup } from "../domain/readiness/orders-setup.ts";
import {
  bookCheck,
  breakersCheck,
  limitsCheck,
  type QueueReading,
  queuesCheck,
  reportChecks,
  storeCheck,
} from "../domain/readiness/part-checks.ts";
import { mailCheck, paymentChecks } from "../domain/readiness/payment-checks.ts";
import { publicOriginsCheck } from "../domain/readiness/public-origins.ts";
import { mailLinksCheck, salesCheck, sellsHere } from "../domain/readiness/sale-faults.ts";
import type { Sale } from "../domain/sale/sale.ts";
import { countWaitingDeadLetters } from "../order-book/order-book.ts";
import { ORDERS_SETUP_KEY } from "../platform/kv-keys.ts";
import { QUEUES } from "../platform/queue-names.ts";
import { withTimeout } from "../platform/with-timeout.ts";
import { findSale, listAllSales } from "../sales/sale-directory.ts";
import { queueItSecretOf } from "../tokens/queue-it.ts";
import type { Keys } from "../tokens/secrets.ts";
import { readAllLimits } from "./backend-limits.ts";
import { readBreakers } from "./breakers.ts";
import { type MerchantContext, settingLacking } from "./sales.ts";

export interface Readiness {
  readonly ready: boolean;
  /** Null if the orders Worker has never reported, or not in a way that can be read. */
  readonly reportedAt_ms: number | null;
  readonly checks: readonly Check[];
}

/** What the gate knows of itself. */
export interface GateFacts {
  readonly keys: Keys;
  readonly version: string;
  /** False on this machine. */
  readonly isDeployed: boolean;
  /** The origin that was asked. */
  readonly origin: string;
}

interface Sales {
  readonly current: readonly Sale[];
  readonly left: number;
}

export async function readReadiness(context: MerchantContext, gate: GateFacts): Promise<Readiness> {
  const { env, now } = context;
  const [stored, sales, parked, queues, breakers, limits, beacon] = await Promise.all([
    withTimeout(readReport(env)),
    withTimeout(readSales(context)),
    withTimeout(countWaitingDeadLetters(env.ORDER_BOOK, { queue: null, before_ms: null })),
    readQueues(env),
    withTimeout(readBreakers(context)),
    withTimeout(readAllLimits(context)),
    readBeacon(context),
  ]);
  const report = stored?.report ?? null;
  const checks = [
    good("gate_secrets", "TICKET_KEYS, ADMISSION_KEYS and ADMIN_TOKEN are usable."),
    storeCheck(stored !== null && sales !== null),
    bookCheck(parked),
    queuesCheck(queues, now),
    ...(breakers === null ? [] : [breakersCheck(breakers)]),
    limitsCheck(limits),
    beaconCheck(beacon, gate.isDeployed),
    ...(gate.isDeployed ? [publicOriginsCheck(env.PUBLIC_ORIGINS, gate.origin)] : []),
    ...reportChecks(report, { version: gate.version, now }),
    ...paymentChecks({
      gate: env,
      hasWebhookSecret: hasWebhookSecret(env),
      payment: report?.payment ?? null,
      isDeployed: gate.isDeployed,
      sellsHere: sales === null || sales.current.length === 0 || sales.current.some(sellsHere),
    }),
    ...(report === null ? [] : [mailCheck(report.mail, env.MAIL_BACKEND)]),
    ...(report === null || sales === null ? [] : mailLinksCheck(sales.current, report.mail)),
    ...(sales === null ? [] : [checkSales(context, gate, sales, report)]),
  ];
  return { ready: isReady(checks), reportedAt_ms: report?.at_ms ?? null, checks };
}

/** The secret is optional, so the Worker's type does not declare it. */
interface WebhookEnv {
  readonly ISSUER: string;
  readonly STRIPE_WEBHOOK_SECRET?: string | undefined;
}

function hasWebhookSecret({ STRIPE_WEBHOOK_SECRET: secret = "" }: WebhookEnv): boolean {
  return secret !== "";
}

/** In an object, because null means that KV did not answer. */
async function readReport(env: GateEnv): Promise<{ readonly report: OrdersSetup | null }> {
  const value = await env.CONFIG.get(ORDERS_SETUP_KEY, "json");
  return { report: ordersSetupSchema.safeParse(value).data ?? null };
}

async function readSales({ env, now }: MerchantContext): Promise<Sales> {
  const ids = await listAllSales(env);
  const read = ids.slice(0, READINESS_SALES_MAX).map((id) => findSale(env, id, now));
  const current = (await Promise.all(read)).flatMap((published) => {
    const isOver = published === null || Date.parse(published.sale.endsAt) <= now;
    return isOver ? [] : [published.sale];
  });
  return { current, left: Math.max(0, ids.length - READINESS_SALES_MAX) };
}

/** Of a round that every relay should have by now. */
async function readBeacon({ env, now }: MerchantContext): Promise<BeaconReading> {
  const chain = beaconChainOf(env);
  if (chain === null) return { kind: "none", isEmpty: env.BEACON_CHAIN === "" };
  const round = Math.max(firstRoundFrom(chain, now) - 2, 1);
  const found = await readRound(env, chain, round, (signature) => {
    return isSignedRound(chain, round, signature);
  });
  return { kind: "chain", id: chain.id, answers: found !== null };
}

function readQueues(env: GateEnv): Promise<QueueReading[]> {
  const bindings = [
    [QUEUES.orders, env.ORDERS_QUEUE],
    [QUEUES.events, env.EVENTS_QUEUE],
    [QUEUES.webhooks, env.WEBHOOKS_QUEUE],
    [QUEUES.mails, env.MAILS_QUEUE],
  ] as const;
  return Promise.all(
    bindings.map(async ([queue, binding]) => {
      const metrics = await withTimeout(binding.metrics());
      if (metrics === null) return { queue, backlog: null };
      const { backlogCount: messages, oldestMessageTimestamp: oldest } = metrics;
      return { queue, backlog: { messages, oldestAt_ms: oldest?.getTime() ?? null } };
    }),
  );
}

function checkSales(
  { env }: MerchantContext,
  { keys }: GateFacts,
  { current, left }: Sales,
  report: OrdersSetup | null,
): Check {
  const needs = {
    gate: env,
    mailBackend: report?.mail.backend ?? null,
    paymentBackend: report?.payment.backend ?? null,
    lackingSecret: (sale: Sale) => {
      const isQueueIt = sale.queueIt !== undefined && queueItSecretOf(env) === null;
      return isQueueIt ? "QUEUE_IT_SECRET" : settingLacking(env, keys, sale.protection);
    },
  };
  return salesCheck(current, needs, left);
}
