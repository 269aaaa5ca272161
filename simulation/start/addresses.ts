/** What `npm start` prints once everything answers: where things are, and what to do with them. */
import type { Host } from "../host/host.ts";
import type { LocalRedis } from "../redis-rest/local-redis.ts";
import type { StartOptions } from "./options.ts";
import { CROWD_SIZE, GUARDED_PATH, type SampleSale } from "./sample-sale.ts";

/** Browsers keep Secure cookies over plain HTTP for `localhost`, so that is the name to open. */
function forBrowsers(url: string): string {
  const address = new URL(url);
  address.hostname = "localhost";
  return address.origin;
}

function list(rows: readonly (readonly [name: string, address: string])[]): string {
  return rows.map(([name, address]) => `  ${name.padEnd(16)}${address}`).join("\n");
}

export function describeRun(
  options: StartOptions,
  host: Pick<Host, "gateUrl" | "sandboxUrl" | "adminToken">,
  sale: SampleSale | null,
  now: number,
): string {
  const gate = `${forBrowsers(host.gateUrl)}/_sluice`;
  const sandbox = forBrowsers(host.sandboxUrl);
  const saleRows =
    sale === null
      ? []
      : ([
          ["Shop", `${gate}/shop/${sale.id}`],
          ["Sale as JSON", `${gate}/v1/sales/${sale.id}`],
        ] as const);
  const guarded = `${forBrowsers(host.gateUrl)}${GUARDED_PATH.replace("*", "")}`;
  const originRows: (readonly [name: string, address: string])[] =
    options.origin === null
      ? []
      : [
          ["Your server", `${forBrowsers(host.gateUrl)}/ is ${options.origin}`],
          ...(sale === null ? [] : [["Guarded", guarded] as const]),
        ];
  const rows = list([
    ...originRows,
    ...saleRows,
    ["Health", `${gate}/health`],
    ["OpenAPI", `${gate}/openapi.json`],
    ["API reference", `${gate}/docs`],
    ["Merchant's API", `${gate}/admin/v1`],
    ["Merchant's token", ` ${host.adminToken}`],
    ["Payments", `${sandbox}/sandbox/ledger`],
    ["Mails", `${sandbox}/sandbox/mail`],
  ]);
  return ["", "Sluice is running.", "", rows, "", ...advice(options, host, sale, now)].join("\n");
}

/** What can be tried with the Redis of `--redis`. */
export function describeRedis({ url, port }: Pick<LocalRedis, "url" | "port">): string {
  const rows = list([
    ["Redis", `redis-cli -p ${port}`],
    ["Redis over REST", url],
  ]);
  return [
    rows,
    "",
    "Give it a stock, and move some of it to the edge (docs/redis.md):",
    `  redis-cli -p ${port} SET stock:shoe 100`,
    `  POST …/admin/v1/skus/shoe/allotments {"id": "first", "key": "stock:shoe", "quantity": 10}`,
    "",
  ].join("\n");
}

function advice(
  options: StartOptions,
  host: Pick<Host, "gateUrl" | "sandboxUrl">,
  sale: SampleSale | null,
  now: number,
): string[] {
  const drill = `npm run drill -- --url ${host.gateUrl} --sandbox-url ${host.sandboxUrl}`;
  const lines: string[] = [];
  if (sale !== null) {
    const seconds = Math.max(Math.round((sale.startsAt_ms - now) / 1000), 0);
    const crowd = options.crowd ? `, and ${CROWD_SIZE} simulated shoppers are coming too` : "";
    lines.push(`The sale '${sale.id}' starts in ${seconds} s${crowd}.`);
    lines.push(
      options.origin === null
        ? "Open the shop, join the line, wait for your turn, and buy a pair."
        : "Open the guarded address: it shows the line, and your server once it is your turn.",
      "",
    );
  }
  lines.push("With the token above as ADMIN_TOKEN, a crowd of your own and a verdict:");
  lines.push(`  ${drill}`, "");
  lines.push("Ctrl-C stops everything; `npm start -- --fresh` begins from nothing.", "");
  return lines;
}
