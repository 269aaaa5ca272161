/**
 * `npm run deploy`: what its plan tells about money, for the two real wrangler.toml files with the
 * variables and secrets of an operator, and what it refuses.
 */
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { PROJECT_ROOT } from "../../../scripts/project-root.ts";
import { readDeployConfigs } from "../../../tools/deploy/deploy-config.ts";
import { type Plan, planDeployment, type Wishes } from "../../../tools/deploy/deploy-plan.ts";
import { type Account, leakedVariables } from "../../../tools/deploy/planned-secrets.ts";
import { printPlan } from "../../../tools/deploy/deploy-report.ts";
import { gateUrlOf, printReadiness } from "../../../tools/deploy/readiness.ts";

type Vars = Readonly<Record<string, string>>;

const CONFIGS = readDeployConfigs(
  join(PROJECT_ROOT, "wrangler.toml"),
  join(PROJECT_ROOT, "queues", "wrangler.toml"),
  null,
);
const TEST_KEY = "pk_test_51Nx";
const WHOLE = { STRIPE_PUBLISHABLE_KEY: TEST_KEY };
const NO_WISHES: Wishes = {
  routes: [],
  origin: null,
  secrets: { gate: [], orders: [] },
  stripeKey: null,
};

function configsWith(gate: Vars, orders: Vars = {}) {
  return {
    ...CONFIGS,
    gate: { ...CONFIGS.gate, vars: { ...CONFIGS.gate.vars, ...gate } },
    orders: { ...CONFIGS.orders, vars: { ...CONFIGS.orders.vars, ...orders } },
  };
}

/** An account in which both Workers exist with these secrets. */
function accountWith(gate: readonly string[], orders: readonly string[]): Account {
  const none = new Set<string>();
  const secrets = new Map([
    ["sluice-gate", new Set(gate)],
    ["sluice-orders", new Set(orders)],
  ]);
  return { namespaces: none, databases: none, queues: none, migrations: none, secrets };
}

interface Given {
  readonly gate?: Vars;
  readonly orders?: Vars;
  readonly account?: Account | null;
  readonly wishes?: Partial<Wishes>;
}

function planOf({ gate = WHOLE, orders = {}, account = null, wishes = {} }: Given): Plan {
  return planDeployment(configsWith(gate, orders), { ...NO_WISHES, ...wishes }, account);
}

/** Its failed checks, as name and severity, and all of their text. */
function failedOf(plan: Plan) {
  const failed = plan.checks.filter(({ ok }) => !ok);
  const named = failed.map(({ name, severity }) => `${severity} ${name}`);
  return { named, text: failed.map(({ detail }) => detail).join("\n") };
}

const MAIL_OFF = "warning mail";

describe("the plan", () => {
  test("of the files as they are says that the checkout takes no payments, and what to do", () => {
    const { named, text } = failedOf(planOf({ gate: {} }));
    expect(named).toEqual(["error checkout_page", MAIL_OFF]);
    expect(text).toContain("STRIPE_PUBLISHABLE_KEY is empty");
    expect(text).toContain("Set it to the publishable key of Stripe's Dashboard");
  });

  test("claims nothing about secrets that it cannot see", () => {
    const { checks } = planOf({});
    expect(checks.map(({ name }) => name)).toEqual(["checkout_page", "mail"]);
  });

  test("names the secrets that it cannot see, and only those", () => {
    const printed = (given: Given) => printPlan(planOf(given));
    const both = "?       unknown: STRIPE_API_KEY, STRIPE_WEBHOOK_SECRET (no account was asked)";
    expect(printed({})).toContain(both);
    expect(planOf({}).unknown).toEqual(["STRIPE_API_KEY", "STRIPE_WEBHOOK_SECRET"]);
    const secrets = { gate: [], orders: ["STRIPE_API_KEY"] };
    expect(printed({ wishes: { secrets } })).toContain("unknown: STRIPE_WEBHOOK_SECRET (");
    expect(printed({ account: accountWith([], []) })).not.toContain("unknown:");
    const own = planOf({ orders: { PAYMENT_BACKEND: "http" } });
    expect(own.unknown).toEqual(["BACKEND_SECRET"]);
  });

  test("knows from the account which secrets are missing, and from the file a key's mode", () => {
    const bare = failedOf(planOf({ account: accountWith([], []) }));
    expect(bare.named).toEqual(["error stripe_key", "warning stripe_webhook", MAIL_OFF]);
    expect(bare.text).toContain("The orders Worker has no STRIPE_API_KEY");
    expect(bare.text).toContain("refunds and disputes that are made at Stripe are not learned");
    const set = accountWith(["STRIPE_WEBHOOK_SECRET"], ["STRIPE_API_KEY"]);
    expect(failedOf(planOf({ account: set })).named).toEqual([MAIL_OFF]);
    const live = failedOf(planOf({ account: set, wishes: { stripeKey: "live" } }));
    expect(live.named).toEqual(["error key_modes", MAIL_OFF]);
    expect(live.text).toContain("of test mode, but STRIPE_API_KEY of live mode");
  });

  test.each<[string, Given, string, string]>([
    [
      "a key that is none",
      { gate: { STRIPE_PUBLISHABLE_KEY: "51Nx" } },
      "error checkout_page",
      "not a key that begins with pk_test_ or pk_live_",
    ],
    [
      "a script that is not Stripe's",
      { gate: { ...WHOLE, STRIPE_JS_URL: "https://cdn.example/stripe.js" } },
      "error checkout_page",
      "Leave STRIPE_JS_URL as it is in the repository's wrangler.toml",
    ],
    [
      "a script of this machine",
      { gate: { ...WHOLE, STRIPE_JS_URL: "http://localhost:8788/sandbox/stripe.js" } },
      "error checkout_page",
      "which no shopper's browser reaches",
    ],
    [
      "an address that is not Stripe's",
      { orders: { STRIPE_API_BASE: "https://stripe.example" } },
      "error stripe_address",
      "the key and every payment go elsewhere",
    ],
    [
      "a publishable key as the secret one",
      { wishes: { stripeKey: "publishable" } },
      "error stripe_key",
      "STRIPE_API_KEY is a publishable key",
    ],
    [
      "another text as the secret key",
      { wishes: { stripeKey: "unknown" } },
      "error stripe_key",
      "is not a key of Stripe's",
    ],
    [
      "a backend that does not exist",
      { orders: { PAYMENT_BACKEND: "paypal" } },
      "error payment_backend",
      "must be stripe or http",
    ],
  ])("names %s", (_, given, named, text) => {
    const failed = failedOf(planOf(given));
    expect(failed.named).toEqual([named, MAIL_OFF]);
    expect(failed.text).toContain(text);
  });

  test("checks nothing of Stripe where a server of the shop's own takes the payments", () => {
    const plan = planOf({ gate: {}, orders: { PAYMENT_BACKEND: "http" } });
    expect(failedOf(plan).named).toEqual([MAIL_OFF]);
    expect(plan.checks.map(({ name }) => name)).toEqual(["payment_backend", "mail"]);
  });

  test("names what is missing for mails, and nothing when they are complete", () => {
    const http = { MAIL_BACKEND: "http" };
    const gate = { ...WHOLE, MAIL_BACKEND: "http" };
    const text = (orders: Vars, account: Account | null = null) => {
      return failedOf(planOf({ gate, orders, account })).text;
    };
    expect(text({})).toContain("MAIL_BACKEND is off: buyers get no mails");
    expect(text(http)).toContain("MAIL_FROM is empty, MAIL_API_URL is empty");
    expect(text({ MAIL_BACKEND: "cloudflare" })).not.toContain("MAIL_API_URL");
    const whole = {
      ...http,
      MAIL_FROM: "a@b.example",
      MAIL_API_URL: "https://mail.example/emails",
    };
    expect(text(whole)).toBe("");
    const withoutTurns = failedOf(planOf({ orders: whole })).text;
    expect(withoutTurns).toContain("MAIL_BACKEND is off at the gate");
    expect(text(whole, accountWith([], []))).toContain("MAIL_API_KEY is not set");
    expect(text(whole, accountWith([], ["MAIL_API_KEY"]))).not.toContain("MAIL");
  });
});

describe("a secret in a public variable", () => {
  const SECRET = "sk_live_51NxAbCdEfGh";

  test("is refused by its name, and its value is shown nowhere", () => {
    const plan = planOf({ gate: { STRIPE_PUBLISHABLE_KEY: SECRET } });
    expect(failedOf(plan).named).toEqual(["error checkout_page", MAIL_OFF]);
    const printed = printPlan(plan) + JSON.stringify(plan);
    expect(printed).toContain("STRIPE_PUBLISHABLE_KEY holds a secret of Stripe");
    expect(printed).toContain("Roll that key in Stripe's Dashboard now");
    expect(printed).not.toContain("51NxAbCdEfGh");
  });

  test.each(["rk_test_51Nx", "whsec_abc", ` ${SECRET}`, `key=${SECRET}`])(
    "is found in any variable of either Worker: %s",
    (value) => {
      const { gate, orders } = configsWith({ ISSUER: value }, { MAIL_FROM: value });
      expect(leakedVariables([gate, orders])).toEqual(["ISSUER", "MAIL_FROM"]);
      const printed = printPlan(planOf({ gate: { ISSUER: value } }));
      expect(printed).toContain("ISSUER = (not shown: it holds a secret of Stripe)");
    },
  );

  test.each([
    "ADMIN_TOKEN",
    "BACKEND_SECRET",
    "MAIL_API_KEY",
    "PASS_KEYS",
    "PROOF_KEYS",
    "QUEUE_IT_SECRET",
    "SERVER_KEYS",
    "STRIPE_API_KEY",
    "STRIPE_WEBHOOK_SECRET",
    "TURNSTILE_SECRET",
    "UPSTASH_REDIS_REST_TOKEN",
    "WEBHOOK_KEYS",
  ])("is found by its name, whatever it looks like, at either Worker: %s", (name) => {
    const leaked = { [name]: "a0Legible-Value" };
    const { gate, orders } = configsWith(leaked, leaked);
    expect(leakedVariables([gate, orders])).toEqual([name, name]);
    const plan = planOf({ gate: leaked, orders: leaked });
    const printed = printPlan(plan) + JSON.stringify(plan);
    expect(printed).toContain(`${name} = (not shown: it is a secret)`);
    expect(printed).not.toContain("a0Legible-Value");
    // A variable without a value would still take the secret's place.
    const empty = configsWith({ [name]: "" });
    expect(leakedVariables([empty.gate, empty.orders])).toEqual([name]);
  });

  test("is not suspected in what is public", () => {
    const { gate, orders } = configsWith({ ...WHOLE, ISSUER: "task_test_1, risk_live_2" });
    expect(leakedVariables([gate, orders])).toEqual([]);
    expect(leakedVariables([CONFIGS.gate, CONFIGS.orders])).toEqual([]);
  });
});

describe("the readiness of a deployment", () => {
  test("is asked where the gate surely answers", () => {
    const domain = { pattern: "gate.shop.example", zone: null };
    const whole = { pattern: "shop.example/*", zone: "shop.example" };
    const own = { pattern: "shop.example/_sluice/*", zone: "shop.example" };
    const part = { pattern: "shop.example/drops/*", zone: "shop.example" };
    const any = { pattern: "*.shop.example/*", zone: "shop.example" };
    expect(gateUrlOf([part, domain])).toBe("https://gate.shop.example");
    expect(gateUrlOf([any, whole])).toBe("https://shop.example");
    expect(gateUrlOf([part, own])).toBe("https://shop.example");
    expect(gateUrlOf([part, any])).toBeNull();
    expect(gateUrlOf([])).toBeNull();
  });

  test("reads as it does here: failures first, and whether the orders Worker is up to date", () => {
    const readiness = {
      ready: false,
      version: "0.1.0",
      ordersReportedAt: "2026-11-27T10:00:00.000Z",
      checks: [
        { name: "kv", ok: true, severity: "info" as const, detail: "KV (CONFIG) answers." },
        { name: "mail", ok: false, severity: "warning" as const, detail: "Off." },
        {
          name: "key_modes",
          ok: false,
          severity: "error" as const,
          detail: `Other.${" Other.".repeat(13)}`,
        },
      ],
    };
    const deployedAt_ms = Date.parse("2026-11-27T10:00:01Z");
    expect(printReadiness(readiness, deployedAt_ms)).toMatchInlineSnapshot(`
      "Readiness of Sluice 0.1.0: NOT ready
        error   key_modes: Other. Other. Other. Other. Other. Other. Other. Other. Other.
                Other. Other. Other. Other. Other.
        warning mail: Off.
        ok      kv: KV (CONFIG) answers.

      The orders Worker has not reported since this deployment. It does every five minutes;
      ask again then, with --readiness.
      "
    `);
    expect(printReadiness(readiness, Date.parse("2026-11-27T09:59:59Z"))).not.toContain("since");
    expect(printReadiness({ ...readiness, ready: true }, null)).toContain("it can take money");
  });
});
