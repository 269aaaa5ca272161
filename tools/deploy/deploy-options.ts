/**
 * The command line of `npm run deploy`: what may be said, and a sentence for everything else.
 */
import { parseArgs } from "node:util";
import { z } from "zod";

export const USAGE = `npm run deploy -- [options]

Puts both Workers into the Cloudflare account wrangler is logged in to, and creates what they need.
It can be run again at any point, also after a failure: what exists is found by its name and kept.

  --dry-run                 shows what would be created and builds both Workers; changes nothing,
                            and needs no account
  --json                    with --dry-run: the plan as JSON on standard output, and nothing else
  --gate-secrets <file>     JSON as \`npm run --silent keys\` prints it; needed the first time
  --orders-secrets <file>   JSON with STRIPE_API_KEY; needed the first time
  --route <pattern>         the gate answers these addresses of a zone, as "shop.example/*";
                            may be repeated
  --zone <name>             the zone of the routes, as "shop.example"
  --custom-domain <host>    the gate is this host, as "gate.shop.example"; may be repeated
  --origin <zone|URL>       what stands behind the gate: the zone's own origin, or a server at
                            http(s)://host[:port]
  --help                    this text

Routes, custom domains and the origin hold for this deployment. To keep them, write them into
wrangler.toml (\`routes\`, and ORIGIN under [vars]); an option goes before the file.

Exit code: 0 done, 1 something failed, 2 bad options.
`;

export interface Route {
  readonly pattern: string;
  /** Null for a custom domain: its pattern is a host, and Cloudflare finds the zone. */
  readonly zone: string | null;
}

export interface DeployOptions {
  readonly dryRun: boolean;
  readonly json: boolean;
  readonly gateSecrets: string | null;
  readonly ordersSecrets: string | null;
  /** Empty: those of wrangler.toml. */
  readonly routes: readonly Route[];
  /** Null: that of wrangler.toml. */
  readonly origin: string | null;
}

export type DeployCommand =
  | { readonly kind: "help" }
  | { readonly kind: "run"; readonly options: DeployOptions }
  | { readonly kind: "bad"; readonly message: string };

const LABEL = "[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?";
const HOST = `${LABEL}(?:\\.${LABEL})+`;
const ROUTE = new RegExp(`^(?:\\*\\.?)?(${HOST})/\\S*$`);

const file = (name: string) => z.string().min(1, `${name} must name a file`).optional();
const host = (name: string, example: string) => {
  return z.string().regex(new RegExp(`^${HOST}$`), `${name} must be a host, as "${example}"`);
};

const originError = '--origin must be "zone" or http(s)://host[:port], without a path';

/** Whether a text is an address of a server and nothing more. */
function isServer(text: string): boolean {
  const url = URL.parse(text);
  if (url === null || !["http:", "https:"].includes(url.protocol)) return false;
  return url.username === "" && url.password === "" && `${url.origin}/` === url.href;
}

const optionsSchema = z.object({
  "dry-run": z.boolean().default(false),
  json: z.boolean().default(false),
  "gate-secrets": file("--gate-secrets"),
  "orders-secrets": file("--orders-secrets"),
  route: z
    .array(z.string().regex(ROUTE, '--route must be a host and a path, as "shop.example/*"'))
    .default([]),
  zone: host("--zone", "shop.example").optional(),
  "custom-domain": z.array(host("--custom-domain", "gate.shop.example")).default([]),
  origin: z
    .string()
    .refine((text) => text === "zone" || isServer(text), originError)
    .transform((text) => (text === "zone" ? text : new URL(text).origin))
    .optional(),
});

type Parsed = z.infer<typeof optionsSchema>;

const FLAGS = {
  "dry-run": { type: "boolean" },
  json: { type: "boolean" },
  "gate-secrets": { type: "string" },
  "orders-secrets": { type: "string" },
  route: { type: "string", multiple: true },
  zone: { type: "string" },
  "custom-domain": { type: "string", multiple: true },
  origin: { type: "string" },
  help: { type: "boolean" },
} as const;

export function readDeployCommand(args: readonly string[]): DeployCommand {
  let values: Record<string, unknown>;
  try {
    ({ values } = parseArgs({ args: [...args], options: FLAGS, strict: true }));
  } catch (error) {
    return { kind: "bad", message: error instanceof Error ? error.message : String(error) };
  }
  const { help, ...given } = values;
  if (help === true) return { kind: "help" };
  const parsed = optionsSchema.safeParse(given);
  if (!parsed.success) {
    const messages = new Set(parsed.error.issues.map(({ message }) => message));
    return { kind: "bad", message: [...messages].join("\n") };
  }
  const message = contradictionIn(parsed.data);
  return message === null
    ? { kind: "run", options: chosen(parsed.data) }
    : { kind: "bad", message };
}

/** What each option allows by itself and both together do not; null when all is well. */
function contradictionIn(given: Parsed): string | null {
  const { route, zone, origin } = given;
  const domains = given["custom-domain"];
  if (given.json && !given["dry-run"]) return "--json goes with --dry-run";
  if (route.length > 0 && zone === undefined) return "--route needs --zone, the zone it lies in";
  if (zone !== undefined && route.length === 0) return "--zone goes with --route";
  for (const pattern of route) {
    const [, name = ""] = ROUTE.exec(pattern) ?? [];
    if (name !== zone && !name.endsWith(`.${zone}`)) {
      return `--route ${pattern} does not lie in --zone ${zone}`;
    }
  }
  if (origin === "zone" && route.length === 0 && domains.length > 0) {
    return "--origin zone needs --route: a custom domain has no other server behind it";
  }
  const server = origin === undefined || origin === "zone" ? null : new URL(origin).hostname;
  if (server !== null && domains.includes(server)) {
    return `--origin ${origin} is the gate itself: it is a --custom-domain`;
  }
  return null;
}

function chosen(given: Parsed): DeployOptions {
  return {
    dryRun: given["dry-run"],
    json: given.json,
    gateSecrets: given["gate-secrets"] ?? null,
    ordersSecrets: given["orders-secrets"] ?? null,
    routes: [
      ...given.route.map((pattern) => ({ pattern, zone: given.zone ?? null })),
      ...given["custom-domain"].map((pattern) => ({ pattern, zone: null })),
    ],
    origin: given.origin ?? null,
  };
}
