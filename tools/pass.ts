/**
 * `npm run --silent pass`: makes a pass into a lane of a sale and prints it, for trying passes out.
 *
 * It signs with the first key of PASS_KEYS, which must be able to sign: a shared `oct` key, or a
 * private one. A shop of its own signs passes itself, as docs/configuration.md shows.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { importJWK, SignJWT } from "jose";
import { z } from "zod";
import { FILE, HTTP_ADDRESS } from "../scripts/command-option.ts";
import { defineCommand, type OptionsOf, UsageError } from "../scripts/define-command.ts";
import { PROJECT_ROOT } from "../scripts/project-root.ts";

/** Where the gate shows a sale; `?pass=` behind it is a pass. */
const SHOP_BASE = "/_sluice/shop";
const ALGORITHMS: Readonly<Record<string, string>> = { oct: "HS256", OKP: "EdDSA", EC: "ES256" };

const passCommand = defineCommand({
  name: "npm run --silent pass --",
  summary: "Makes a pass into a lane of a sale and prints it, for trying passes out.",
  options: {
    sale: {
      type: "text",
      value: "id",
      required: "give the id of the sale it is for, for example --sale air-one",
      help: "the sale it is for",
    },
    lane: { type: "text", value: "id", help: "its lane; without it the lane is 'general'" },
    sub: {
      type: "text",
      value: "subject",
      help: "who it is for: one place on every device; without it, anybody who has it",
    },
    code: {
      type: "text",
      value: "code",
      help: "a discount code that the checkout fills in; see docs/discounts.md",
    },
    url: { ...HTTP_ADDRESS, help: "of the gate: prints the link that gives the pass to its pages" },
    minutes: { type: "integer", min: 1, max: 525_600, default: 60, help: "how long it is good" },
    secrets: { ...FILE, help: "JSON with PASS_KEYS; without it that of the local run" },
  },
  exitCodes: "0 printed",
});

type Options = OptionsOf<typeof passCommand>;

const keySet = z.object({
  keys: z.array(z.looseObject({ kty: z.string(), kid: z.string() })).min(1),
});

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
    throw new UsageError(`--secrets ${path} holds no PASS_KEYS: \`npm start\` makes a set`);
  }
  throw new UsageError(`--secrets ${path}: the first key of PASS_KEYS is public and cannot sign`);
}

async function sign({ sale, lane, sub, code, minutes, secrets }: Options): Promise<string> {
  const jwk = signingKey(secrets ?? join(PROJECT_ROOT, ".sluice", "secrets.json"));
  const alg = ALGORITHMS[jwk.kty];
  if (alg === undefined) throw new UsageError(`--secrets: a key of kty '${jwk.kty}' signs no pass`);
  const key = await importJWK(jwk, alg);
  const pass = new SignJWT({
    ...(lane === null ? {} : { lane }),
    ...(code === null ? {} : { code }),
  })
    .setProtectedHeader({ alg, typ: "sluice-pass+jwt", kid: jwk.kid })
    .setAudience(sale)
    .setIssuedAt()
    .setExpirationTime(`${minutes} minutes`);
  if (sub !== null) pass.setSubject(sub);
  return pass.sign(key);
}

process.exitCode = await passCommand.run(async (options) => {
  process.stdout.write(`${shown(options, await sign(options))}\n`);
  return 0;
});
