/**
 * `npm run deploy -- --register-domain`: with the sandbox, and with a provider that answers what
 * the sandbox never does.
 */
import { spawn } from "node:child_process";
import { createServer, type Server } from "node:http";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { afterAll, beforeAll, expect, test } from "vitest";
import { PROJECT_ROOT } from "../../scripts/project-root.ts";
import { registerDomain } from "../../tools/deploy/wallet-domain.ts";
import { type SandboxHost, startSandbox } from "./support/sandbox-host.ts";
import { control, stripeSdk } from "./support/sandbox-stripe.ts";

let sandbox: SandboxHost;

beforeAll(async () => {
  sandbox = await startSandbox();
}, 60_000);

afterAll(() => sandbox.stop());

const REGISTERED = `shop.example is registered with Stripe, in test mode
  Apple Pay   active
  Google Pay  active
  Link        active
Live mode needs it too: run this again with a key of live mode before you sell.
`;

function access(baseUrl = sandbox.url, apiKey = "rk_test_operator") {
  return { apiKey, baseUrl };
}

test("registers a domain once, and says the same when it is run again", async () => {
  expect(await registerDomain("shop.example", access())).toBe(REGISTERED);
  expect(await registerDomain("shop.example", access())).toBe(REGISTERED);
  const { data } = await stripeSdk(sandbox).paymentMethodDomains.list();
  expect(data.map(({ domain_name }) => domain_name)).toEqual(["shop.example"]);
});

test("enables a domain that somebody disabled", async () => {
  const stripe = stripeSdk(sandbox);
  const { id } = await stripe.paymentMethodDomains.create({
    domain_name: "old.example",
    enabled: false,
  });
  expect(await registerDomain("old.example", access())).toContain("Apple Pay   active");
  expect(await stripe.paymentMethodDomains.retrieve(id)).toMatchObject({ enabled: true });
});

test("names what Stripe does not take, and a key that it refuses", async () => {
  await expect(registerDomain("shop", access())).rejects.toThrow("Stripe does not take shop");
  await control(sandbox, "PUT", "/account", { key: "refused" });
  await expect(registerDomain("shop.example", access())).rejects.toThrow("refuses STRIPE_API_KEY");
  await control(sandbox, "PUT", "/account", {});
  for (const key of ["", "pk_test_operator", "operator"]) {
    const registering = registerDomain("shop.example", access(sandbox.url, key));
    await expect(registering).rejects.toThrow("needs STRIPE_API_KEY in the environment");
  }
});

/** A provider that gives each path its answer. */
async function withProvider(
  answers: Readonly<Record<string, readonly [status: number, body: object]>>,
  work: (url: string, asked: readonly string[]) => Promise<void>,
): Promise<void> {
  const asked: string[] = [];
  const server: Server = createServer((request, response) => {
    const path = new URL(request.url ?? "/", "http://provider").pathname;
    const call = `${request.method} ${path}`;
    asked.push(call);
    const [status, body] = answers[call] ?? [404, { error: { message: `no ${call}` } }];
    response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  try {
    await work(`http://127.0.0.1:${address.port}`, asked);
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

const LIST = "GET /v1/payment_method_domains";

function domain(applePay: object, more: object = {}) {
  const active = { status: "active" };
  return {
    id: "pmd_1",
    domain_name: "shop.example",
    enabled: true,
    livemode: true,
    apple_pay: applePay,
    google_pay: active,
    link: active,
    ...more,
  };
}

test("has an inactive wallet validated again, and tells Stripe's reason", async () => {
  const error_message = "Apple could not reach the domain.";
  const inactive = domain({ status: "inactive", status_details: { error_message } });
  const answers = {
    [LIST]: [200, { object: "list", data: [inactive] }],
    "POST /v1/payment_method_domains/pmd_1/validate": [200, inactive],
  } as const;
  await withProvider(answers, async (url, asked) => {
    const said = await registerDomain("shop.example", access(url, "sk_live_operator"));
    expect(said).toContain("is registered with Stripe, in live mode");
    expect(said).toContain("Apple Pay   inactive: Apple could not reach the domain.");
    expect(said).toContain("Correct what Stripe says, and run this again.");
    expect(said).not.toContain("Live mode needs it too");
    expect(asked).toEqual(Object.keys(answers));
  });
});

test("names the step in the Dashboard if the key may not, without a part of the key", async () => {
  const message =
    "The provided key 'rk_live_********6789' does not have the required permissions for this " +
    "endpoint. Having the 'rak_payment_method_domain_read' permission would allow this request.";
  const refused = { error: { type: "invalid_request_error", message } };
  await withProvider({ [LIST]: [403, refused] }, async (url) => {
    const error: unknown = await registerDomain("shop.example", access(url)).catch((e) => e);
    const said = String(error);
    expect(said).toContain("lacks a permission (rak_payment_method_domain_read)");
    expect(said).toContain("add shop.example by hand under https://dashboard.stripe.com/settings/");
    expect(said).not.toContain("6789");
  });
});

test("as a program: the key comes from the environment, and is printed nowhere", async () => {
  const run = async (environment: Record<string, string>) => {
    const args = [join(PROJECT_ROOT, "tools", "deploy", "main.ts"), "--register-domain"];
    const child = spawn(process.execPath, [...args, "program.example"], {
      env: { ...process.env, STRIPE_API_BASE: sandbox.url, ...environment },
    });
    const exited = new Promise((resolve) => child.once("exit", resolve));
    const [out, error] = await Promise.all([text(child.stdout), text(child.stderr)]);
    return { code: await exited, out, error };
  };
  const done = await run({ STRIPE_API_KEY: "rk_test_operator" });
  expect(done).toMatchObject({ code: 0, error: "" });
  expect(done.out).toContain("program.example is registered with Stripe, in test mode");
  const without = await run({ STRIPE_API_KEY: "" });
  expect(without).toMatchObject({ code: 1, out: "" });
  expect(without.error).toContain("needs STRIPE_API_KEY in the environment");
  expect(JSON.stringify([done, without])).not.toContain("rk_test_operator");
});
