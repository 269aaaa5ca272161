/** The command line of `npm run deploy`. */
import { FILE, isServerAddress } from "../../scripts/command-option.ts";
import { defineCommand, type OptionsOf, UsageError } from "../../scripts/define-command.ts";

const LABEL = "[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?";
const HOST = `${LABEL}(?:\\.${LABEL})+`;
const ROUTE = new RegExp(`^(?:\\*\\.?)?(${HOST})/\\S*$`);

/** A queue "sluice-orders-dead" would be an environment's, or the dead-letter queue. */
const ENV = /^(?!dead)[a-z](?:[a-z0-9-]{0,14}[a-z0-9])?$/;

const isHost = (text: string): boolean => new RegExp(`^${HOST}$`).test(text);

export const deployCommand = defineCommand({
  name: "npm run deploy --",
  summary: `Puts both Workers into the Cloudflare account wrangler is logged in to, and creates
    what they need. It can be run again at any point, also after a failure: what exists is found
    by its name and kept.`,
  options: {
    "dry-run": {
      type: "flag",
      help: `shows what would be created and builds both Workers; changes nothing, and needs no
        account`,
    },
    env: {
      type: "text",
      value: "name",
      accepts: (text) => ENV.test(text),
      must: "must be 1 to 16 of a-z, 0-9 and -, beginning with a letter, and not with dead",
      help: `a second deployment in the account, such as "staging": its Workers, queues, database
        and KV namespace have names of their own that end with it`,
    },
    json: {
      type: "flag",
      help: "with --dry-run: the plan as JSON on standard output, and nothing else",
    },
    "gate-secrets": {
      ...FILE,
      help: "JSON as `npm run --silent keys` prints it; needed the first time",
    },
    "orders-secrets": { ...FILE, help: "JSON with STRIPE_API_KEY; needed the first time" },
    route: {
      type: "text",
      value: "pattern",
      accepts: (text) => ROUTE.test(text),
      must: 'must be a host and a path, as "shop.example/*"',
      multiple: true,
      help: 'the gate answers these addresses of a zone, as "shop.example/*"',
    },
    zone: {
      type: "text",
      value: "name",
      accepts: isHost,
      must: 'must be a host, as "shop.example"',
      help: 'the zone of the routes, as "shop.example"',
    },
    "custom-domain": {
      type: "text",
      value: "host",
      accepts: isHost,
      must: 'must be a host, as "gate.shop.example"',
      multiple: true,
      help: 'the gate is this host, as "gate.shop.example"',
    },
    origin: {
      type: "text",
      value: "zone|URL",
      accepts: (text) => text === "zone" || isServerAddress(text),
      must: 'must be "zone" or http(s)://host[:port], without a path',
      help: `what stands behind the gate: the zone's own origin, or a server at
        http(s)://host[:port]`,
    },
    readiness: {
      type: "text",
      value: "URL",
      accepts: isServerAddress,
      must: "must be http(s)://host[:port], without a path",
      help: `deploys nothing: asks the gate at this address whether it can take money, with
        ADMIN_TOKEN of the environment or of --gate-secrets`,
    },
    "register-domain": {
      type: "text",
      value: "host",
      accepts: isHost,
      must: 'must be a host, as "shop.example"',
      multiple: true,
      help: `deploys nothing: registers this host with Stripe for Apple Pay, Google Pay and Link,
        with STRIPE_API_KEY of the environment`,
    },
  },
  notes: `Routes, custom domains and the origin hold for this deployment. To keep them, write them
    into wrangler.toml (\`routes\`, and ORIGIN under [vars]); an option goes before the file.`,
  exitCodes: "0 done, 1 something failed, or the gate is not ready",
  resolve: ({ route: patterns, zone, customDomain: domains, origin, ...values }) => {
    if (values.json && !values.dryRun) throw new UsageError("--json goes with --dry-run");
    checkAlone(values);
    checkRoutes(patterns, zone);
    checkOrigin(origin, patterns, domains);
    return {
      ...values,
      readiness: values.readiness === null ? null : new URL(values.readiness).origin,
      /** Empty: those of wrangler.toml. */
      routes: [
        ...patterns.map((pattern): Route => ({ pattern, zone })),
        ...domains.map((pattern): Route => ({ pattern, zone: null })),
      ],
      /** Null: that of wrangler.toml. */
      origin: origin === null || origin === "zone" ? origin : new URL(origin).origin,
    };
  },
});

export type DeployOptions = OptionsOf<typeof deployCommand>;

export interface Route {
  readonly pattern: string;
  /** Null for a custom domain: its pattern is a host, and Cloudflare finds the zone. */
  readonly zone: string | null;
}

interface Alone {
  readonly dryRun: boolean;
  readonly readiness: string | null;
  readonly registerDomain: readonly string[];
}

/** Two options are work of their own, beside which nothing is deployed. */
function checkAlone({ dryRun, readiness, registerDomain }: Alone): void {
  if (readiness !== null && registerDomain.length > 0) {
    throw new UsageError("--readiness and --register-domain are two runs");
  }
  if (!dryRun) return;
  if (readiness !== null) throw new UsageError("--readiness does not go with --dry-run");
  if (registerDomain.length > 0) {
    throw new UsageError("--register-domain does not go with --dry-run");
  }
}

function checkRoutes(patterns: readonly string[], zone: string | null): void {
  if (zone === null) {
    if (patterns.length === 0) return;
    throw new UsageError("--route needs --zone, the zone it lies in");
  }
  if (patterns.length === 0) throw new UsageError("--zone goes with --route");
  for (const pattern of patterns) {
    const [, name = ""] = ROUTE.exec(pattern) ?? [];
    if (name !== zone && !name.endsWith(`.${zone}`)) {
      throw new UsageError(`--route ${pattern} does not lie in --zone ${zone}`);
    }
  }
}

function checkOrigin(
  origin: string | null,
  patterns: readonly string[],
  domains: readonly string[],
): void {
  if (origin === "zone" && patterns.length === 0 && domains.length > 0) {
    const why = "a custom domain has no other server behind it";
    throw new UsageError(`--origin zone needs --route: ${why}`);
  }
  const server = origin === null || origin === "zone" ? null : new URL(origin).hostname;
  if (server !== null && domains.includes(server)) {
    throw new UsageError(`--origin ${origin} is the gate itself: it is a --custom-domain`);
  }
}
