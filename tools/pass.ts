/**
 * `npm run --silent pass`: makes a pass into a lane of a sale and prints it, for trying passes out.
 *
 *   --sale <id>        the sale it is for
 *   --lane <id>        its lane; without it the lane is 'general'
 *   --sub <subject>    who it is for: one place on every device; without it, whoever carries it
 *   --url <address>    of the gate: prints the link that gives the pass to its pages instead
 *   --minutes <n>      how long it is good, 1 to 525600; default 60
 *   --secrets <file>   JSON with PASS_KEYS; default .sluice/secrets.json, the local run's
 *
 * It signs with the first key of PASS_KEYS, which must be able to sign: a shared `oct` key, or a
 * private one. A shop of its own signs passes itself, as docs/configuration.md shows.
 */
import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { importJWK, SignJWT } from "jose";
import { z } from "zod";
import { OperatorError, PROJECT_ROOT } from "./wrangler.ts";

const MINUTES_MAX = 525_600;
/** Where the gate shows a sale; `?pass=` behind it is a pass. */
const SHOP_BASE = "/_sluice/shop";
const ALGORITHMS: Readonly<Record<string, string>> = { oct: "HS256", OKP: "EdDSA", EC: "ES256" };

const keySet = z.object({
  keys: z.array(z.looseObject({ kty: z.string(), kid: z.string() })).min(1),
});

interface Options {
  readonly sale: string;
  readonly lane: string | undefined;
  readonly sub: string | undefined;
  readonly url: URL | null;
  readonly minutes: number;
  readonly secrets: string;
}

function readOptions(): Options {
  const { values } = parseArgs({
    options: {
      sale: { type: "string" },
      lane: { type: "string" },
      sub: { type: "string" },
      url: { type: "string" },
      minutes: { type: "string", default: "60" },
      secrets: { type: "string", default: join(PROJECT_ROOT, ".sluice", "secrets.json") },
    },
  });
  const { sale, lane, sub, secrets } = values;
  if (sale === undefined) throw new OperatorError("--sale is missing: which sale is it for?");
  const minutes = Number(values.minutes);
  if (!Number.isInteger(minutes) || minutes < 1 || minutes > MINUTES_MAX) {
    throw new OperatorError(`--minutes must be a whole number from 1 to ${MINUTES_MAX}`);
  }
  return { sale, lane, sub, url: gateUrl(values.url), minutes, secrets: resolve(secrets) };
}

function gateUrl(text: string | undefined): URL | null {
  if (text === undefined) return null;
  const url = URL.parse(text);
  if (url === null || !/^https?:$/.test(url.protocol)) {
    throw new OperatorError("--url must be an http or https address");
  }
  return url;
}

/** What is printed: the pass, or with an address the link that carries it. */
function shown({ sale, url }: Options, pass: string): string {
  if (url === null) return pass;
  const link = new URL(`${SHOP_BASE}/${sale}`, url);
  link.searchParams.set("pass", pass);
  return link.href;
}

function signingKey(path: string): z.output<typeof keySet>["keys"][number] {
  try {
    const { PASS_KEYS } = z
      .object({ PASS_KEYS: z.string() })
      .parse(JSON.parse(readFileSync(path, "utf8")));
    const [key] = keySet.parse(JSON.parse(PASS_KEYS)).keys;
    if (key !== undefined && ("k" in key || "d" in key)) return key;
  } catch {
    throw new OperatorError(`${path} holds no PASS_KEYS. \`npm start\` makes a set.`);
  }
  throw new OperatorError(`The first key of PASS_KEYS in ${path} is public: it cannot sign.`);
}

async function sign({ sale, lane, sub, minutes, secrets }: Options): Promise<string> {
  const jwk = signingKey(secrets);
  const alg = ALGORITHMS[jwk.kty];
  if (alg === undefined) throw new OperatorError(`A key of kty '${jwk.kty}' signs no passes.`);
  const key = await importJWK(jwk, alg);
  const pass = new SignJWT(lane === undefined ? {} : { lane })
    .setProtectedHeader({ alg, typ: "sluice-pass+jwt", kid: jwk.kid })
    .setAudience(sale)
    .setIssuedAt()
    .setExpirationTime(`${minutes} minutes`);
  if (sub !== undefined) pass.setSubject(sub);
  return pass.sign(key);
}

try {
  const options = readOptions();
  process.stdout.write(`${shown(options, await sign(options))}\n`);
} catch (error) {
  // A wrong option is node's own TypeError with a code, and as clear as a message of ours.
  if (!(error instanceof OperatorError || (error instanceof TypeError && "code" in error)))
    throw error;
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
}
