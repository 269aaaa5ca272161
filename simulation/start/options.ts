/** The command line of `npm start`. */
import { isServerAddress } from "../../scripts/command-option.ts";
import { defineCommand, type OptionsOf, UsageError } from "../../scripts/define-command.ts";
import { ADMIN_TOKEN_LENGTH_MIN } from "../../src/domain/limits.ts";

const PORT = { type: "integer", value: "port", min: 0, max: 65_535 } as const;

export const startCommand = defineCommand({
  name: "npm start --",
  summary: "Runs the whole of Sluice on this machine, with a sample sale about to start.",
  options: {
    port: { ...PORT, default: 8787, help: "the gate listens here; 0 takes any free port" },
    "sandbox-port": {
      ...PORT,
      default: 8788,
      help: "the sandbox payment provider listens here; 0 takes any free port",
    },
    origin: {
      type: "text",
      value: "url",
      accepts: isServerAddress,
      must: "must be an address such as http://localhost:3000, without a path",
      help: `stands in front of the server at this address; the sample sale guards /drops/* of it
        (docs/gate.md)`,
    },
    folder: {
      type: "text",
      value: "path",
      must: "must name a folder",
      help: "state is kept here between runs; without it in .sluice",
    },
    fresh: { type: "flag", help: "forgets the state of earlier runs" },
    redis: {
      type: "flag",
      help: "starts a redis-server beside it, and connects it (docs/redis.md)",
    },
    "no-crowd": { type: "flag", help: "the sample sale without simulated shoppers" },
    "no-sale": { type: "flag", help: "no sample sale" },
    "admin-token": {
      type: "text",
      value: "token",
      accepts: (text) => text.length >= ADMIN_TOKEN_LENGTH_MIN,
      must: `must have at least ${ADMIN_TOKEN_LENGTH_MIN} characters`,
      environment: "ADMIN_TOKEN",
      help: "replaces the generated token of the merchant",
    },
  },
  exitCodes: "0 stopped by Ctrl-C, 1 Sluice could not start",
  resolve: ({ noCrowd, noSale, ...values }) => {
    if (values.port === values.sandboxPort && values.port !== 0) {
      throw new UsageError("--port and --sandbox-port must differ");
    }
    const origin = values.origin === null ? null : new URL(values.origin).origin;
    return { ...values, origin, sale: !noSale, crowd: !noSale && !noCrowd };
  },
});

export type StartOptions = OptionsOf<typeof startCommand>;
