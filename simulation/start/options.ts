/** The command line of `npm start`. */
import { parseArgs } from "node:util";

export const USAGE = `npm start -- [options]

Runs the whole of Sluice on this machine, with a sample sale about to start.

  --port <n>          the gate listens here                      (default: 8787)
  --sandbox-port <n>  the sandbox payment provider listens here  (default: 8788)
                      0 stands for any free port, of either
  --origin <url>      stands in front of the server at this address; the sample sale guards
                      /drops/* of it (docs/gate.md)
  --folder <path>     state is kept here between runs            (default: .sluice)
  --fresh             forgets the state of earlier runs
  --redis             starts a redis-server beside it, and connects it (docs/redis.md)
  --no-crowd          the sample sale without simulated shoppers
  --no-sale           no sample sale
  --help              this text

ADMIN_TOKEN in the environment replaces the generated local token.
`;

export interface StartOptions {
  readonly port: number;
  readonly sandboxPort: number;
  /** The server to stand in front of; null for none. */
  readonly origin: string | null;
  /** From the working directory; undefined stands for `.sluice` in the project. */
  readonly folder: string | undefined;
  readonly fresh: boolean;
  readonly redis: boolean;
  readonly crowd: boolean;
  readonly sale: boolean;
}

export type CommandLine =
  | { readonly kind: "run"; readonly options: StartOptions }
  | { readonly kind: "help" }
  | { readonly kind: "bad"; readonly message: string };

const FLAGS = {
  port: { type: "string", default: "8787" },
  "sandbox-port": { type: "string", default: "8788" },
  origin: { type: "string" },
  folder: { type: "string" },
  fresh: { type: "boolean", default: false },
  redis: { type: "boolean", default: false },
  "no-crowd": { type: "boolean", default: false },
  "no-sale": { type: "boolean", default: false },
  help: { type: "boolean", default: false },
} as const;

function readPort(text: string): number | null {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : null;
  return port === null || port > 65_535 ? null : port;
}

export function readCommandLine(args: readonly string[]): CommandLine {
  let values;
  try {
    ({ values } = parseArgs({ args: [...args], options: FLAGS, strict: true }));
  } catch (error) {
    return { kind: "bad", message: error instanceof Error ? error.message : String(error) };
  }
  if (values.help) return { kind: "help" };
  const port = readPort(values.port);
  const sandboxPort = readPort(values["sandbox-port"]);
  if (port === null || sandboxPort === null) {
    const flag = port === null ? "--port" : "--sandbox-port";
    return { kind: "bad", message: `${flag} must be a port from 0 to 65535` };
  }
  if (port === sandboxPort && port !== 0) {
    return { kind: "bad", message: "--port and --sandbox-port must differ" };
  }
  const origin = values.origin === undefined ? null : readOrigin(values.origin);
  if (origin === "") {
    const message = "--origin must be an address such as http://localhost:3000, without a path";
    return { kind: "bad", message };
  }
  const crowd = !values["no-crowd"] && !values["no-sale"];
  const sale = !values["no-sale"];
  const { folder, fresh, redis } = values;
  return { kind: "run", options: { port, sandboxPort, origin, folder, fresh, redis, crowd, sale } };
}

/** Scheme, host and port, as the gate's ORIGIN has them; empty for what is no such address. */
function readOrigin(text: string): string {
  const url = URL.parse(text);
  if (url === null || !/^https?:$/.test(url.protocol)) return "";
  const isBare = url.pathname === "/" && url.search === "" && url.hash === "";
  return isBare && url.username === "" && url.password === "" ? url.origin : "";
}
