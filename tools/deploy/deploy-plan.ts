/**
 * The steps of a deployment, in the order of `npm run deploy`, and which of their resources already
 * exist: a pure function of the two wrangler.toml files, the options and the account.
 *
 * Guarantee: every resource that a deployment creates or changes is a step of the plan. Without an
 * account, everything that depends on the account is "unknown".
 */
import type { Check } from "../../src/domain/readiness/check.ts";
import type { StripeKeyKind } from "../../src/domain/readiness/stripe-keys.ts";
import type { DeployConfigs, WorkerConfig } from "./deploy-config.ts";
import type { Route } from "./options.ts";
import { moneyChecks, unknownSecrets } from "./payment-plan.ts";
import {
  type Account,
  leakOf,
  type PlannedSecret,
  secretNames,
  secretsOf,
} from "./planned-secrets.ts";

export type Presence = "exists" | "create" | "update" | "unknown";

export interface Detail {
  readonly what: string;
  readonly value: string;
}

export interface Step {
  readonly kind: "queue" | "KV namespace" | "D1 database" | "D1 migration" | "Worker";
  readonly name: string;
  readonly presence: Presence;
  readonly details: readonly Detail[];
  readonly secrets: readonly PlannedSecret[];
}

export interface Plan {
  readonly account: "read" | "unknown";
  readonly steps: readonly Step[];
  /** Sentences for the operator about settings that will not work, or may not be intended. */
  readonly notes: readonly string[];
  /** Whether the deployment could take money. */
  readonly checks: readonly Check[];
  /** The secrets that no check could be made of, because no account was asked. */
  readonly unknown: readonly string[];
}

export interface Wishes {
  readonly routes: readonly Route[];
  readonly origin: string | null;
  /** The names of the secrets in the given files. */
  readonly secrets: { readonly gate: readonly string[]; readonly orders: readonly string[] };
  /** The kind of the STRIPE_API_KEY in the given file; null without one. */
  readonly stripeKey: StripeKeyKind | null;
}

/** @param env of a second deployment in the account; null for the first */
export function namespaceTitle(binding: string, env: string | null): string {
  return `sluice-${binding.toLowerCase()}${env === null ? "" : `-${env}`}`;
}

export function planDeployment(
  { env, gate, orders, migrations }: DeployConfigs,
  wishes: Wishes,
  account: Account | null,
): Plan {
  const workers = [gate, orders];
  const presenceOf = (names: ReadonlySet<string> | undefined, name: string): Presence => {
    if (names === undefined) return "unknown";
    return names.has(name) ? "exists" : "create";
  };
  const plain = { details: [], secrets: [] };
  const databases = namesOf(
    workers.flatMap((worker) => worker.d1_databases),
    ({ database_name }) => database_name,
  );
  const front = routesOf(gate, wishes.routes);
  const origin = wishes.origin ?? String(gate.vars["ORIGIN"] ?? "");
  const hidden = secretNames(workers);
  const gateMoney = { vars: gate.vars, secrets: secretsOf(gate, account, wishes.secrets.gate) };
  const ordersMoney = {
    vars: orders.vars,
    secrets: secretsOf(orders, account, wishes.secrets.orders),
  };
  return {
    account: account === null ? "unknown" : "read",
    steps: [
      ...queuesOf(workers).map((name): Step => {
        const presence = presenceOf(account?.queues, name);
        return { kind: "queue", name, presence, details: consumersOf(workers, name), secrets: [] };
      }),
      ...namesOf(
        workers.flatMap((worker) => worker.kv_namespaces),
        ({ binding, id }) => id ?? namespaceTitle(binding, env),
      ).map(([name, given]): Step => {
        const presence = given.id === undefined ? presenceOf(account?.namespaces, name) : "exists";
        return { kind: "KV namespace", name, presence, ...plain };
      }),
      ...databases.flatMap(([name, given]): Step[] => [
        {
          kind: "D1 database",
          name,
          presence:
            given.database_id === undefined ? presenceOf(account?.databases, name) : "exists",
          ...plain,
        },
        ...(migrations[name] ?? []).map((file): Step => {
          return {
            kind: "D1 migration",
            name: file,
            presence: presenceOf(account?.migrations, file),
            ...plain,
          };
        }),
      ]),
      workerStep(gate, account, wishes.secrets.gate, [
        ...frontDetails(gate, front),
        ...varsOf(origin === "" ? gate.vars : { ...gate.vars, ORIGIN: origin }, hidden),
        ...bindingsOf(gate, env),
      ]),
      workerStep(orders, account, wishes.secrets.orders, [
        ...varsOf(orders.vars, hidden),
        ...bindingsOf(orders, env),
      ]),
    ],
    notes: notesOn(front, origin),
    checks: moneyChecks(gateMoney, ordersMoney, wishes.stripeKey),
    unknown: unknownSecrets(gateMoney, ordersMoney),
  };
}

/** Missing secrets without which wrangler refuses to deploy; empty if the account is unknown. */
export function missingSecrets(plan: Plan): readonly { worker: string; secret: string }[] {
  return plan.steps.flatMap(({ name, secrets }) =>
    secrets
      .filter(({ required, state }) => required && state === "missing")
      .map((secret) => ({ worker: name, secret: secret.name })),
  );
}

export function routesOf(gate: WorkerConfig, wished: readonly Route[]): readonly Route[] {
  if (wished.length > 0) return wished;
  return gate.routes.map((route) => {
    return {
      pattern: route.pattern,
      zone: "zone_name" in route ? (route.zone_name ?? null) : null,
    };
  });
}

/** Each name once, in order of first appearance, with the first item that has it. */
function namesOf<Given>(
  given: readonly Given[],
  nameOf: (given: Given) => string,
): readonly (readonly [string, Given])[] {
  const named = new Map<string, Given>();
  for (const one of given) if (!named.has(nameOf(one))) named.set(nameOf(one), one);
  return [...named];
}

export function queuesOf(workers: readonly WorkerConfig[]): readonly string[] {
  const names = workers.flatMap(({ queues }) => [
    ...queues.producers.map(({ queue }) => queue),
    ...queues.consumers.flatMap(({ queue, dead_letter_queue }) => {
      return dead_letter_queue === undefined ? [queue] : [queue, dead_letter_queue];
    }),
  ]);
  return [...new Set(names)];
}

function consumersOf(workers: readonly WorkerConfig[], queue: string): readonly Detail[] {
  return workers.flatMap(({ name, queues }) =>
    queues.consumers
      .filter((consumer) => consumer.queue === queue)
      .map((consumer) => {
        const facts = [
          `batches of ${consumer.max_batch_size ?? 10}`,
          `${consumer.max_retries ?? 3} retries`,
          ...(consumer.max_concurrency == null
            ? []
            : [`at most ${consumer.max_concurrency} at once`]),
          consumer.dead_letter_queue === undefined
            ? "no dead-letter queue"
            : `then to ${consumer.dead_letter_queue}`,
        ];
        return { what: "consumer", value: `${name}: ${facts.join(", ")}` };
      }),
  );
}

function workerStep(
  worker: WorkerConfig,
  account: Account | null,
  inFile: readonly string[],
  details: readonly Detail[],
): Step {
  const exists = account?.secrets.has(worker.name) ?? false;
  const presence = account === null ? "unknown" : exists ? "update" : "create";
  return {
    kind: "Worker",
    name: worker.name,
    presence,
    details,
    secrets: secretsOf(worker, account, inFile),
  };
}

function frontDetails(gate: WorkerConfig, routes: readonly Route[]): readonly Detail[] {
  const hasWorkersDev = gate.workers_dev ?? routes.length === 0;
  return [
    ...routes.map(({ pattern, zone }) => {
      if (zone === null) return { what: "custom domain", value: pattern };
      return { what: "route", value: `${pattern} in the zone ${zone}` };
    }),
    ...(hasWorkersDev
      ? [{ what: "address", value: `https://${gate.name}.<your subdomain>.workers.dev` }]
      : []),
  ];
}

function varsOf(vars: WorkerConfig["vars"], secrets: ReadonlySet<string>): readonly Detail[] {
  return Object.entries(vars).map(([name, value]) => {
    const leak = leakOf(name, value, secrets);
    const shown = leak === null ? JSON.stringify(value) : `(not shown: ${leak})`;
    return { what: "variable", value: `${name} = ${shown}` };
  });
}

function bindingsOf(worker: WorkerConfig, env: string | null): readonly Detail[] {
  const { durable_objects, migrations, queues, kv_namespaces, d1_databases } = worker;
  const detail = (what: string) => (value: string) => ({ what, value });
  return [
    ...durable_objects.bindings
      .map(({ name, class_name, script_name }) => {
        return `${name}: ${class_name}${script_name === undefined ? "" : ` of ${script_name}`}`;
      })
      .map(detail("Durable Object")),
    ...migrations
      .map(({ tag, new_sqlite_classes }) => `${tag} creates ${new_sqlite_classes.join(", ")}`)
      .map(detail("class migration")),
    ...kv_namespaces
      .map(({ binding, id }) => `${binding}: ${id ?? namespaceTitle(binding, env)}`)
      .map(detail("KV")),
    ...d1_databases.map((d1) => `${d1.binding}: ${d1.database_name}`).map(detail("D1")),
    ...queues.producers.map((to) => `${to.binding}: ${to.queue}`).map(detail("queue to send to")),
    ...queues.consumers.map(({ queue }) => queue).map(detail("queue to read")),
    ...worker.send_email.map(({ name }) => name).map(detail("mail")),
    ...worker.ratelimits
      .map(({ name, namespace_id, simple }) => {
        return `${name}: ${simple.limit} in ${simple.period} s, namespace ${namespace_id}`;
      })
      .map(detail("rate limit")),
    ...(worker.assets === undefined ? [] : [`${worker.assetCount} files`]).map(detail("assets")),
    ...(worker.triggers.crons ?? []).map(detail("cron")),
  ];
}

function notesOn(routes: readonly Route[], origin: string): readonly string[] {
  const notes: string[] = [];
  const guards = routes.some(
    ({ pattern, zone }) => zone !== null && !pattern.includes("/_sluice/"),
  );
  if (guards && origin === "") {
    notes.push(
      "There is a route but no origin: the shop's pages get 404 there. Add --origin zone.",
    );
  }
  if (origin === "zone" && routes.every(({ zone }) => zone === null)) {
    notes.push("ORIGIN is zone but there is no route, so the gate has no shop behind it.");
  }
  if (routes.length === 0) {
    notes.push(
      "Without a route or a custom domain, snapshots are not cached per location: only for tests.",
    );
  }
  return notes;
}
