/**
 * `npm run deploy`: its plan for the two real wrangler.toml files, what it creates in an account,
 * and its output.
 */
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { inventIds, provision, readAccount } from "../../../tools/deploy/account.ts";
import { readDeployConfigs, secretsIn } from "../../../tools/deploy/deploy-config.ts";
import { deployable, fillIn, writeDeployable } from "../../../tools/deploy/deploy-files.ts";
import {
  missingSecrets,
  type Plan,
  planDeployment,
  queuesOf,
  type Wishes,
} from "../../../tools/deploy/deploy-plan.ts";
import type { Account } from "../../../tools/deploy/planned-secrets.ts";
import { deployCommand } from "../../../tools/deploy/options.ts";
import { printPlan } from "../../../tools/deploy/deploy-report.ts";
import { plainQueueName } from "../../../src/platform/queue-names.ts";
import { PROJECT_ROOT } from "../../../scripts/project-root.ts";
import { generateGateSecrets } from "../../../scripts/secret-set.ts";
import { MemoryAccount } from "../support/deploy-account.ts";

const CONFIGS = readDeployConfigs(
  join(PROJECT_ROOT, "wrangler.toml"),
  join(PROJECT_ROOT, "queues", "wrangler.toml"),
  null,
);
const NO_WISHES: Wishes = {
  routes: [],
  origin: null,
  secrets: { gate: [], orders: [] },
  stripeKey: null,
};
const REQUIRED = {
  gate: ["TICKET_KEYS", "ADMISSION_KEYS", "ADMIN_TOKEN"],
  orders: ["STRIPE_API_KEY"],
};

function planOf(account: Account | null, wishes: Partial<Wishes> = {}): Plan {
  return planDeployment(CONFIGS, { ...NO_WISHES, ...wishes }, account);
}

/** The last step of that name: a queue and a Worker can share one, and the Worker comes later. */
function stepOf({ steps }: Plan, name: string) {
  const step = steps.findLast((one) => one.name === name);
  if (step === undefined) throw new Error(`no step ${name}`);
  return step;
}

const empty = await readAccount(new MemoryAccount(), CONFIGS);

describe("the plan", () => {
  test("has queues first, then tables, then the gate, and the orders Worker last", () => {
    const kinds = [...new Set(planOf(empty).steps.map(({ kind }) => kind))];
    expect(kinds).toEqual(["queue", "KV namespace", "D1 database", "D1 migration", "Worker"]);
    expect(
      planOf(empty)
        .steps.slice(-2)
        .map(({ name }) => name),
    ).toEqual(["sluice-gate", "sluice-orders"]);
  });

  test("for an empty account creates everything once, and lists every required secret", () => {
    const plan = planOf(empty);
    expect([...new Set(plan.steps.map(({ presence }) => presence))]).toEqual(["create"]);
    const named = plan.steps.map(({ kind, name }) => `${kind} ${name}`);
    expect(new Set(named).size).toBe(named.length);
    const lacking = missingSecrets(plan).map(({ worker, secret }) => `${worker} ${secret}`);
    expect(lacking).toEqual([
      ...REQUIRED.gate.map((secret) => `sluice-gate ${secret}`),
      ...REQUIRED.orders.map((secret) => `sluice-orders ${secret}`),
    ]);
    expect(missingSecrets(planOf(empty, { secrets: REQUIRED }))).toEqual([]);
  });

  test("names each queue's consumer and where its dead letters go", () => {
    const { details } = stepOf(planOf(null), "sluice-webhooks");
    const facts = "batches of 10, 20 retries, at most 20 at once, then to sluice-webhooks-dead";
    expect(details).toEqual([{ what: "consumer", value: `sluice-orders: ${facts}` }]);
    expect(stepOf(planOf(null), "sluice-webhooks-dead").details[0]?.value).toContain(
      "no dead-letter queue",
    );
  });

  test("names every class, class migration, rate limit, asset and cron", () => {
    const gate = stepOf(planOf(null), "sluice-gate").details.map(
      (one) => `${one.what} ${one.value}`,
    );
    for (const { name, class_name } of CONFIGS.gate.durable_objects.bindings) {
      expect(gate).toContain(`Durable Object ${name}: ${class_name}`);
    }
    expect(gate).toContain("class migration v2 creates PassDesk");
    expect(gate).toContain("rate limit WRITES_BY_ADDRESS: 120 in 60 s, namespace 1001");
    expect(gate).toContain(`assets ${CONFIGS.gate.assetCount} files`);
    expect(CONFIGS.gate.assetCount).toBeGreaterThan(0);
    const orders = stepOf(planOf(null), "sluice-orders").details;
    expect(orders).toContainEqual({ what: "cron", value: "*/5 * * * *" });
    expect(orders).toContainEqual({ what: "mail", value: "EMAIL" });
    expect(orders).toContainEqual({ what: "Durable Object", value: "ORDER: Order of sluice-gate" });
  });

  test("without an account does not claim that anything exists, is missing or is set", () => {
    const { account, steps } = planOf(null);
    expect(account).toBe("unknown");
    expect([...new Set(steps.map(({ presence }) => presence))]).toEqual(["unknown"]);
    const states = steps.flatMap(({ secrets }) => secrets.map(({ state }) => state));
    expect([...new Set(states)]).toEqual(["unknown"]);
    expect(missingSecrets(planOf(null))).toEqual([]);
  });

  test("knows the optional secrets from the comments of wrangler.toml", () => {
    const { secrets } = stepOf(planOf(null), "sluice-gate");
    const optional = secrets.filter(({ required }) => !required).map(({ name }) => name);
    expect(optional).toEqual(expect.arrayContaining(["PASS_KEYS", "STRIPE_WEBHOOK_SECRET"]));
    const known = new Set(secrets.map(({ name }) => name));
    const missing = Object.keys(generateGateSecrets()).filter((name) => !known.has(name));
    expect(missing, "npm run keys makes it, and the plan does not name it").toEqual([]);
    const toml =
      "# NOT_HERE x\n[secrets]\n# A_KEY  what\n#  B_KEY no\nrequired = []\n[vars]\n# C_D e\n";
    expect(secretsIn(toml)).toEqual(["A_KEY"]);
  });

  test("shows the routes and the origin of the options, and notes a route without origin", () => {
    const routes = [{ pattern: "shop.example/*", zone: "shop.example" }];
    const plan = planOf(null, { routes, origin: "zone" });
    const details = stepOf(plan, "sluice-gate").details;
    expect(details).toContainEqual({
      what: "route",
      value: "shop.example/* in the zone shop.example",
    });
    expect(details).toContainEqual({ what: "variable", value: 'ORIGIN = "zone"' });
    expect(details.map(({ what }) => what)).not.toContain("address");
    expect(plan.notes.join()).not.toMatch(/route|ORIGIN/);
    expect(planOf(null, { routes, origin: "" }).notes.join()).toContain("no origin");
  });
});

describe("provisioning", () => {
  test("creates what is missing, and nothing when it is run again", async () => {
    const account = new MemoryAccount();
    const ids = await provision(account, CONFIGS);
    expect(account.ran).toEqual([
      ...queuesOf([CONFIGS.gate, CONFIGS.orders]).map((queue) => `queues create ${queue}`),
      "kv namespace create sluice-config --update-config=false",
      "d1 create sluice-order-book --update-config=false",
    ]);
    expect(ids.get("CONFIG")).toBe('id = "id-of-sluice-config"');
    const before = account.ran.length;
    expect(await provision(account, CONFIGS)).toEqual(ids);
    expect(account.ran.length).toBe(before);
  });

  test("that failed at any command continues there, and creates nothing twice", async () => {
    const whole = new MemoryAccount();
    await provision(whole, CONFIGS);
    for (const breaksAt of whole.ran) {
      const account = new MemoryAccount();
      account.breaksAt = breaksAt;
      await expect(provision(account, CONFIGS)).rejects.toThrow(breaksAt);
      account.breaksAt = null;
      await provision(account, CONFIGS);
      expect(account.ran).toEqual(whole.ran);
    }
  });

  test("shows in the next plan, with the migrations and secrets that exist", async () => {
    const account = new MemoryAccount();
    await provision(account, CONFIGS);
    const files = CONFIGS.migrations["sluice-order-book"] ?? [];
    account.applied = files.slice(0, 1);
    account.secrets.set("sluice-gate", REQUIRED.gate);
    const plan = planOf(await readAccount(account, CONFIGS));
    expect(stepOf(plan, "sluice-orders-dead").presence).toBe("exists");
    expect(stepOf(plan, files[0] ?? "").presence).toBe("exists");
    expect(stepOf(plan, files.at(-1) ?? "").presence).toBe("create");
    expect(stepOf(plan, "sluice-gate").presence).toBe("update");
    expect(missingSecrets(plan)).toEqual([{ worker: "sluice-orders", secret: "STRIPE_API_KEY" }]);
  });

  test("does not take a failed command for a missing queue", async () => {
    const account = new MemoryAccount();
    const noRight = { succeeded: false, answer: "Authentication error [code: 10000]" };
    const unauthorized = { ask: async () => noRight, run: account.run.bind(account) };
    await expect(provision(unauthorized, CONFIGS)).rejects.toThrow("Authentication error");
    expect(account.ran).toEqual([]);
  });
});

describe("the file that is deployed", () => {
  const toml =
    'name = "g"\nmain = "src/g.ts"\n[[kv_namespaces]]\nbinding = "CONFIG"\n[vars]\nA = "b"\n';

  test("has the ids, absolute paths, the routes before every table, and the origin", () => {
    const routes = [
      { pattern: "shop.example/*", zone: "shop.example" },
      { pattern: "gate.shop.example", zone: null },
    ];
    const entries = [
      '{ pattern = "shop.example/*", zone_name = "shop.example" }',
      '{ pattern = "gate.shop.example", custom_domain = true }',
    ];
    expect(
      fillIn(deployable(toml, "/p", null), inventIds(CONFIGS), { routes, origin: "zone" }),
    ).toBe(
      `routes = [${entries.join(", ")}]
name = "g"
main = "/p/src/g.ts"
[[kv_namespaces]]
binding = "CONFIG"
id = "00000000000000000000000000000000"
[vars]
ORIGIN = "zone"
A = "b"
`,
    );
  });

  test("keeps its own routes and origin when no option replaces them", () => {
    const own = `${toml}ORIGIN = "https://a.example"\n`;
    expect(fillIn(own, new Map(), { routes: [], origin: null })).toContain(
      'ORIGIN = "https://a.example"',
    );
    const other = fillIn(own, new Map(), { routes: [], origin: "zone" });
    expect(other.match(/^ORIGIN.*$/gm)).toEqual(['ORIGIN = "zone"']);
  });
});

describe("a second deployment in the account", () => {
  const named = (env: string | null) => {
    const paths = ["wrangler.toml", "queues/wrangler.toml"] as const;
    const [gate, orders] = paths.map((path, index) => {
      return writeDeployable(join(PROJECT_ROOT, path), `test-${index}.toml`, env);
    });
    return readDeployConfigs(gate ?? "", orders ?? "", env);
  };

  test("shares no Worker, queue, database, namespace or rate limit with the first", async () => {
    const [first, second] = [named(null), named("staging")];
    const namesOf = (configs: typeof first) => {
      const { steps } = planDeployment(configs, NO_WISHES, null);
      const limits = configs.gate.ratelimits.map(({ namespace_id }) => namespace_id);
      const created = steps.filter(({ kind }) => kind !== "D1 migration");
      return [...created.map(({ kind, name }) => `${kind} ${name}`), ...limits];
    };
    const [before, after] = [namesOf(first), namesOf(second)];
    expect(after).toHaveLength(before.length);
    expect(after.filter((name) => before.includes(name))).toEqual([]);
    expect(after).toContain("KV namespace sluice-config-staging");
    const { bindings } = second.orders.durable_objects;
    expect(new Set(bindings.map(({ script_name }) => script_name))).toEqual(
      new Set([second.gate.name]),
    );
    const account = new MemoryAccount();
    await provision(account, first);
    const known = [...account.queues];
    await provision(account, second);
    expect([...account.queues].filter((name) => !known.includes(name))).toHaveLength(known.length);
  });

  test("takes no routes and no ids from the file, which are the first's", () => {
    const own =
      'name = "g"\nroutes = [\n  { pattern = "a.example/*", zone_name = "a.example" },\n]\n' +
      '[[kv_namespaces]]\nbinding = "CONFIG"\nid = "0123"\n';
    expect(deployable(own, "/p", "staging")).toBe(
      'name = "g-staging"\n\n[[kv_namespaces]]\nbinding = "CONFIG"\n',
    );
    expect(deployable(own, "/p", null)).toBe(own);
  });

  test("has queues that the orders Worker knows by their plain names", () => {
    const queues = queuesOf([named("staging").gate, named("staging").orders]);
    const plain = queuesOf([named(null).gate, named(null).orders]);
    expect(queues.map(plainQueueName)).toEqual(plain);
    expect(plain.map(plainQueueName)).toEqual(plain);
  });

  test("has a name that no queue of the first ends with", () => {
    const parse = (env: string) => deployCommand.parse(["--dry-run", "--env", env]).kind;
    expect(["staging", "eu-1", "a"].map(parse)).toEqual(["run", "run", "run"]);
    for (const env of ["dead", "dead-2", "1a", "-a", "a-", "A", "a_b", "a".repeat(17), ""]) {
      expect(parse(env), `--env ${env}`).toBe("bad");
    }
  });
});

test("what is deployed does not stop itself, and what developers type first does", () => {
  for (const path of ["wrangler.toml", "queues/wrangler.toml"]) {
    const toml = readFileSync(join(PROJECT_ROOT, path), "utf8");
    expect(toml).toMatch(/^\[build\]\ncommand = "npm run --silent wrangler-guard"$/m);
    expect(deployable(toml, "/p", null)).not.toContain("[build]");
  }
  for (const path of ["wrangler.toml", "queues/wrangler.toml"]) {
    const typed = spawnSync(
      join(PROJECT_ROOT, "node_modules", ".bin", "wrangler"),
      ["deploy", "--config", path],
      {
        cwd: PROJECT_ROOT,
        encoding: "utf8",
        // Of no account, and at an address where nobody listens: nothing must be asked of it.
        env: {
          ...process.env,
          CLOUDFLARE_API_TOKEN: "none",
          CLOUDFLARE_ACCOUNT_ID: "none",
          CLOUDFLARE_API_BASE_URL: "http://127.0.0.1:9/",
          WRANGLER_SEND_METRICS: "false",
        },
      },
    );
    expect(typed.status).toBe(1);
    expect(typed.stderr + typed.stdout).toContain("npm run deploy -- --dry-run");
  }
});

/** Two Workers with one of each thing, so that their plan is short. */
function bareConfigs() {
  const gate = { ...CONFIGS.gate, vars: { ISSUER: "sluice" }, optionalSecrets: ["PASS_KEYS"] };
  const bare = {
    ...gate,
    durable_objects: { bindings: gate.durable_objects.bindings.slice(0, 1) },
    migrations: gate.migrations.slice(0, 1),
    queues: { producers: gate.queues.producers.slice(0, 1), consumers: [] },
    ratelimits: [],
    assetCount: 3,
  };
  const orders = {
    ...CONFIGS.orders,
    vars: {},
    optionalSecrets: [],
    durable_objects: { bindings: [] },
    queues: { producers: [], consumers: CONFIGS.orders.queues.consumers.slice(0, 1) },
  };
  return {
    env: null,
    gate: bare,
    orders,
    migrations: { "sluice-order-book": ["0001_orders.sql"] },
  };
}

test("the printed plan reads as it does here", async () => {
  const account = new MemoryAccount();
  account.queues.add("sluice-orders");
  const configs = bareConfigs();
  const secrets = { gate: REQUIRED.gate, orders: [] };
  const routes = [{ pattern: "shop.example/*", zone: "shop.example" }];
  const wishes = { routes, origin: "zone", secrets, stripeKey: null };
  const plan = planDeployment(configs, wishes, await readAccount(account, configs));
  expect(printPlan(plan)).toMatchInlineSnapshot(`
    "What a deployment does, in this order
      = exists, stays unchanged   + would be created

    = queue        sluice-orders
          consumer         sluice-orders: batches of 10, 20 retries, then to sluice-orders-dead
    + queue        sluice-orders-dead
    + KV namespace sluice-config
    + D1 database  sluice-order-book
    + D1 migration 0001_orders.sql
    + Worker       sluice-gate
          route            shop.example/* in the zone shop.example
          variable         ISSUER = "sluice"
          variable         ORIGIN = "zone"
          Durable Object   WAITING_ROOM: WaitingRoom
          class migration  v1 creates WaitingRoom, TicketBooth, SkuStock, Order
          KV               CONFIG: sluice-config
          D1               ORDER_BOOK: sluice-order-book
          queue to send to ORDERS_QUEUE: sluice-orders
          assets           3 files
          secret           TICKET_KEYS: required, in the file
          secret           ADMISSION_KEYS: required, in the file
          secret           ADMIN_TOKEN: required, in the file
          secret           PASS_KEYS: optional, not set
    + Worker       sluice-orders
          KV               CONFIG: sluice-config
          D1               ORDER_BOOK: sluice-order-book
          queue to read    sluice-orders
          mail             EMAIL
          cron             */5 * * * *
          secret           STRIPE_API_KEY: required, missing

    sluice-orders does not have the required secret STRIPE_API_KEY.

    Could it take money?
      error   checkout_page: STRIPE_PUBLISHABLE_KEY is empty, so the checkout takes no
              payments. Set it to the publishable key of Stripe's Dashboard (Developers, API
              keys) under [vars] in wrangler.toml, and deploy.
      error   stripe_address: STRIPE_API_BASE is not https://api.stripe.com, so the key and
              every payment go elsewhere. Leave it as it is in the repository's
              queues/wrangler.toml, and deploy.
      warning mail: MAIL_BACKEND is off: buyers get no mails from the shop. Set it to
              cloudflare or http, with MAIL_FROM, in queues/wrangler.toml, and deploy
              (docs/mail.md).

    Nothing was changed.
    "
  `);
});
