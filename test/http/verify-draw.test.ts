/**
 * `npm run verify-draw` for sales before and after their end, and for a gate whose answers a proxy
 * changes, which it must detect. For each exit code one test runs it in a process of its own, as
 * its users do.
 */
import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import { tmpdir } from "node:os";
import { join as joinPath } from "node:path";
import { SignJWT } from "jose";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import * as contract from "../../simulation/crowd/gate-answers.ts";
import { claimsOf } from "../../simulation/drill/fairness.ts";
import { signStandInRound, STAND_IN_CHAIN } from "../../simulation/sandbox/beacon.ts";
import { chainHashOf, roundTime_ms } from "../../src/domain/line/beacon.ts";
import { verifyDrawCommand } from "../../tools/verify-draw/options.ts";
import { verifyDraw } from "../../tools/verify-draw/program.ts";
import { PROJECT_ROOT } from "../../scripts/project-root.ts";
import { generateGateSecrets } from "../../scripts/secret-set.ts";
import { makeSale, PREQUEUE, type Sluice, startSluice, textOf, until } from "./support/sluice.ts";

const { ADMIN_TOKEN: adminToken, ...secrets } = generateGateSecrets();
const passKey = Buffer.alloc(32, 7);
const PASS_KEYS = JSON.stringify({
  keys: [{ kty: "oct", kid: "shared", k: passKey.toString("base64url") }],
});
const NODE = joinPath(PROJECT_ROOT, "node_modules", ".bin", "node");

let sluice: Sluice;
let folder: string;
/** The commitments as published before anybody joined, and all tickets. */
const noted = new Map<string, string>();
const tickets = new Map<string, string[]>();

async function join(sale: string): Promise<string> {
  return textOf(await sluice.shopper("POST", `/sales/${sale}/tickets`), "ticket");
}

async function joinAsMember(sale: string): Promise<string> {
  const pass = await new SignJWT({ lane: "members" })
    .setProtectedHeader({ alg: "HS256", typ: "sluice-pass+jwt", kid: "shared" })
    .setAudience(sale)
    .setExpirationTime("10m")
    .sign(passKey);
  return textOf(
    await sluice.shopper("POST", `/sales/${sale}/tickets`, { body: { pass } }),
    "ticket",
  );
}

async function ranked(sale: string, ticket: string): Promise<number> {
  const headers = { "sluice-ticket": ticket };
  const ask = () => sluice.shopper("GET", `/sales/${sale}/status`, { headers });
  const answer = await until(ask, ({ body }) => body["rank"] !== null);
  return Number(contract.standingSchema.parse(answer.body).rank);
}

async function act(sale: string, action: string): Promise<void> {
  const { status } = await sluice.merchant("POST", `/sales/${sale}/actions`, { action });
  expect(status).toBe(200);
}

/** A sale with two lanes, one with two closed cohorts; the file has all its tickets. */
async function drawnSale(sale: string, method: "lottery" | "fifo"): Promise<void> {
  const admission = { method, ratePerMinute: 6000, maxActive: 1, overcall: 1 };
  const lanes = [{ id: "members", weight: 2 }];
  const fairness = { revealAfterSeconds: 0 };
  const rules = { admission, lanes, expectedShoppers: 20_000, fairness };
  await makeSale(sluice, sale, { ...PREQUEUE, ...rules });
  const { body } = await sluice.shopper("GET", `/sales/${sale}/fairness`);
  noted.set(sale, contract.fairnessSchema.parse(body).commitment);
  const early = await Promise.all(Array.from({ length: 12 }, () => join(sale)));
  const members = await Promise.all(Array.from({ length: 5 }, () => joinAsMember(sale)));
  if (method === "lottery") await act(sale, "start");
  await Promise.all([...early, ...members].map((ticket) => ranked(sale, ticket)));
  const late = await Promise.all(Array.from({ length: 6 }, () => join(sale)));
  await Promise.all(late.map((ticket) => ranked(sale, ticket)));
  const all = [...early, ...late, ...members];
  tickets.set(sale, all);
  await writeFile(ticketFile(sale), `${all.join("\n")}\n`);
}

function ticketFile(sale: string): string {
  return joinPath(folder, `${sale}.tickets`);
}

interface Ran {
  readonly code: number | null;
  readonly out: string;
  readonly complaints: string;
}

async function verify(args: readonly string[]): Promise<Ran> {
  const [out, complaints]: [string[], string[]] = [[], []];
  const outlets = {
    report: (text: string) => out.push(text),
    complain: (text: string) => complaints.push(text),
  };
  const invocation = { args, environment: {}, ...outlets };
  const code = await verifyDrawCommand.run((options) => verifyDraw(options, outlets), invocation);
  return { code, out: out.join(""), complaints: complaints.join("") };
}

function verifyAlone(args: readonly string[]): Promise<Ran> {
  const program = joinPath(PROJECT_ROOT, "tools", "verify-draw", "main.ts");
  return new Promise((resolve) => {
    const child = execFile(NODE, [program, ...args], (_error, out, complaints) => {
      resolve({ code: child.exitCode, out, complaints });
    });
  });
}

function everything(sale: string, url = sluice.host.gateUrl): string[] {
  const known = ["--beacon-chain", chainHashOf(STAND_IN_CHAIN)];
  return ["--url", url, "--sale", sale, "--ticket-file", ticketFile(sale), ...known];
}

beforeAll(async () => {
  folder = await mkdtemp(joinPath(tmpdir(), "verify-draw-"));
  sluice = await startSluice({ adminToken, variables: { gate: { ...secrets, PASS_KEYS } } });
  await Promise.all([drawnSale("by-lot", "lottery"), drawnSale("in-order", "fifo")]);
});

afterAll(async () => {
  await sluice.stop();
  await rm(folder, { recursive: true });
});

describe("while the sale is on", () => {
  test.each(["by-lot", "in-order"])(
    "%s: everything that can be checked agrees, but not everything can be checked yet",
    async (sale) => {
      const { code, out, complaints } = await verify(everything(sale));
      expect([code, complaints]).toEqual([3, ""]);
      expect(out).toContain(`… secret`);
      expect(out).toContain("… lane general, seeds");
      expect(out).toContain("✓ lane general, ranks");
      expect(out).toContain("✓ lane members, ranks");
      expect(out.match(/✓ ticket/g)).toHaveLength(23);
      expect(out).not.toContain("✗");
    },
  );

  test("a changed seed shows, because ranks differ from the gate's", async () => {
    const url = await tamper(/\/cohorts\/general\/0$/, (body) => ({ ...body, seed: OTHER }));
    const { code, out } = await verify(everything("by-lot", url));
    expect(code).toBe(1);
    expect(out).toMatch(/✗ ticket \d+ .*the draw gives rank \d+, the gate says \d+/);
  });
});

describe("after the end", () => {
  beforeAll(async () => {
    for (const sale of ["by-lot", "in-order"]) {
      await act(sale, "end");
      const ask = () => sluice.shopper("GET", `/sales/${sale}/fairness`);
      await until(ask, ({ body }) => body["secret"] !== null);
    }
  });

  test.each(["by-lot", "in-order"])("%s is verified, with every ticket", async (sale) => {
    const commitment = noted.get(sale) ?? "";
    const ticket = tickets.get(sale)?.[0] ?? "";
    const more = ["--commitment", commitment, "--ticket", ticket];
    const { code, out } = await verifyAlone([...everything(sale), ...more]);
    expect(out).toContain("as you noted it");
    expect(out.match(/✓ ticket/g)).toHaveLength(24);
    expect(out).toContain("Verified");
    expect(code).toBe(0);
    // The lottery's first cohorts, and no others.
    expect(out.match(/✓ lane \w+, beacon +round \d+/g)?.length ?? 0).toBe(
      sale === "by-lot" ? 2 : 0,
    );
  });

  test("the counts that were drawn with were signed before their round, and stay so", async () => {
    const path = "/sales/by-lot/cohorts/general/0";
    const manifest = contract.manifestSchema.parse((await sluice.shopper("GET", path)).body);
    const { status, body } = await sluice.shopper("GET", `${path}/counts`);
    const { draw, counts } = manifest;
    expect([status, body["counts"], body["signature"]]).toEqual([
      200,
      counts,
      draw?.countsSignature,
    ]);
    const made_ms = roundTime_ms(STAND_IN_CHAIN, draw?.round ?? 0);
    const lead_ms = made_ms - Date.parse(draw?.countedAt ?? "");
    expect(lead_ms >= 1000 && lead_ms < 2000).toBe(true);
    const file = joinPath(folder, "counts");
    await writeFile(file, String(body["signature"]));
    const { code, out } = await verify([...everything("by-lot"), "--counts", file]);
    expect([code, out.includes("drawn with them, as you kept them")]).toEqual([0, true]);
    const later = await sluice.shopper("GET", "/sales/by-lot/cohorts/general/1/counts");
    expect([later.status, later.body["code"]]).toEqual([404, "cohort_not_found"]);
  });

  test("a beacon whose key anybody may hold is no proof, and exits with 4", async () => {
    const args = everything("by-lot").filter((arg) => !/^--beacon|^[0-9a-f]{64}$/.test(arg));
    const { code, out } = await verify(args);
    expect([code, out.match(/! lane \w+, beacon/g)?.length]).toEqual([4, 2]);
    expect(out).toContain("(sluice-stand-in) is no public beacon");
    expect(out).toContain("Not proven to be by chance");
  });

  test("another commitment than the one noted before is detected", async () => {
    const { code, out } = await verifyAlone([...everything("by-lot"), "--commitment", OTHER]);
    expect([code, out.includes("✗ commitment")]).toEqual([1, true]);
  });

  type Change = (body: Body) => Body;
  const cases: readonly [string, RegExp, Change, string][] = [
    ["a count", /\/cohorts\/general\/0$/, oneMore, "✗ lane general, cohorts"],
    ["a base", /\/cohorts\/general\/1$/, (b) => ({ ...b, base: 99 }), "✗ lane general, cohorts"],
    ["a cohort's number", /\/cohorts\/general\/1$/, (b) => ({ ...b, k: 0 }), "says it is cohort 0"],
    ["a seed", /\/cohorts\/general\/1$/, (b) => ({ ...b, seed: OTHER }), "✗ lane general, seeds"],
    ["the secret", /\/fairness$/, (b) => ({ ...b, secret: OTHER }), "✗ secret"],
    ["the commitment", /\/fairness$/, (b) => ({ ...b, commitment: OTHER }), "✗ commitment"],
    [
      "a closing time",
      /\/general\/1$/,
      (b) => ({ ...b, closedAt: EPOCH }),
      "✗ lane general, closing",
    ],
    [
      "a signature",
      /\/general\/1$/,
      (b) => ({ ...b, signature: "a.b.c" }),
      "✗ lane general, closing",
    ],
    [
      "the time of the revelation",
      /\/fairness$/,
      (b) => ({ ...b, revealedAt: EPOCH }),
      "✗ revelation",
    ],
    [
      "the beacon's round",
      /\/general\/0$/,
      drawnWith({ beacon: signStandInRound(1) }),
      "is not signed by its chain",
    ],
    ["the round", /\/general\/0$/, drawnWith({ round: 1 }), "its round is not the one that was"],
    ["a draw without its round", /\/general\/0$/, drawnWith({ beacon: null }), "did not wait"],
    [
      "a draw that states no beacon",
      /\/general\/0$/,
      (b) => ({ ...b, draw: undefined }),
      "not drawn with the beacon that was named",
    ],
    ["a rank", /\/status$/, (b) => ({ ...b, rank: 4711 }), "the gate says 4711"],
  ];
  test.each(cases)(
    "%s that was changed on the way is detected",
    async (_, path, change, message) => {
      const url = await tamper(path, change);
      const { code, out } = await verify(everything("by-lot", url));
      expect(out).toContain(message);
      expect(out).toContain("Broken");
      expect(code).toBe(1);
    },
  );

  test("a missing cohort is detected with a ticket of that cohort", async () => {
    const url = await tamper(/\/cohorts\/general\/1$/, null);
    const { code, out } = await verify(everything("by-lot", url));
    expect([code, out.includes("but shows no such cohort")]).toEqual([1, true]);
  });

  test("a forged ticket is detected", async () => {
    const ticket = tickets.get("by-lot")?.[0] ?? "";
    const claims = { ...claimsOf(ticket), index: 5000 };
    const payload = Buffer.from(JSON.stringify(claims)).toString("base64url");
    const forged = ticket.replace(/\.[^.]*\./, `.${payload}.`);
    const { code, out } = await verify([...everything("by-lot"), "--ticket", forged]);
    expect([code, out.includes("the gate refuses it (ticket_invalid)")]).toEqual([1, true]);
  });
});

describe("what cannot be checked", () => {
  const here = () => ["--url", sluice.host.gateUrl];

  test.each([
    [[], "--url is missing: give the address of the gate"],
    [["--url", "8787"], "--url must be an http or https address"],
    [["--url", "http://127.0.0.1:1"], "--sale is missing: give the id of the sale"],
    [["--url", "http://127.0.0.1:1", "--sale", "A B"], "--sale must be lower-case letters"],
    [["--url", "http://127.0.0.1:1", "--sale", "a", "--commitment", "12"], "64 hexadecimal digits"],
    [["--url", "http://127.0.0.1:1", "--sale", "a", "--ticket", "x"], "(number 1) is no ticket"],
    [["--url", "http://127.0.0.1:1", "--sale", "a", "--ticket-file", "/none"], "cannot be read"],
    [["--colour"], "--colour"],
  ])("%j exits with 2 and a message", async (args, message) => {
    const { code, complaints } = await verify(args);
    expect([code, complaints.includes(message)]).toEqual([2, true]);
  });

  test("a sale that is not there, or a ticket of another sale, exits with 2", async () => {
    const none = await verifyAlone([...here(), "--sale", "nowhere"]);
    expect([none.code, none.complaints.includes("there is no such sale")]).toEqual([2, true]);
    const ticket = tickets.get("by-lot")?.[0] ?? "";
    const other = await verify([...here(), "--sale", "in-order", "--ticket", ticket]);
    expect([other.code, other.complaints.includes("a ticket of sale by-lot")]).toEqual([2, true]);
    expect(other.complaints).not.toContain(ticket);
  });

  test("a gate that does not answer exits with 3", async () => {
    const ran = await verifyAlone(["--url", "http://127.0.0.1:1", "--sale", "by-lot"]);
    expect([ran.code, ran.complaints.includes("could not be checked")]).toEqual([3, true]);
  });
});

const EPOCH = "1970-01-01T00:00:00.000Z";
const OTHER = "ab".repeat(32);
type Body = Readonly<Record<string, unknown>>;
const proxies: Server[] = [];

function drawnWith(change: Partial<NonNullable<contract.Manifest["draw"]>>) {
  return (body: Body): Body => {
    const { draw } = contract.manifestSchema.parse(body);
    return { ...body, draw: { ...draw, ...change } };
  };
}

function oneMore(body: Body): Body {
  const { counts } = contract.manifestSchema.parse(body);
  return { ...body, counts: counts.map((count, shard) => (shard === 0 ? count + 1 : count)) };
}

afterEach(async () => {
  for (const proxy of proxies.splice(0)) {
    proxy.closeAllConnections();
    await new Promise((resolve) => proxy.close(resolve));
  }
});

/** A proxy in front of the gate that changes one answer; with null it answers not found. */
async function tamper(path: RegExp, change: ((body: Body) => Body) | null): Promise<string> {
  const proxy = createServer((request, response) => {
    const url = request.url ?? "/";
    const headers: Record<string, string> = {};
    const ticket = request.headers["sluice-ticket"];
    if (typeof ticket === "string") headers["sluice-ticket"] = ticket;
    const target = path.test(url) && change === null ? url.replace(/\d+$/, "999999") : url;
    const answer = async (): Promise<void> => {
      const { status, body } = await sluice.ask("GET", target, { headers });
      response.writeHead(status, { "content-type": "application/json" });
      response.end(JSON.stringify(path.test(url) && change !== null ? change(body) : body));
    };
    void answer();
  });
  proxies.push(proxy);
  await new Promise<void>((resolve) => proxy.listen(0, "127.0.0.1", resolve));
  const address = proxy.address();
  if (address === null || typeof address === "string") throw new Error("the proxy has no port");
  return `http://127.0.0.1:${address.port}`;
}
