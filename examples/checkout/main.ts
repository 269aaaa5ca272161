/**
 * `node scripts/run.mjs examples/checkout/main.ts`: serves the example checkout page on this
 * machine, to try it with the local run or to start a shop's own from.
 */
import { defineCommand } from "../../scripts/define-command.ts";
import { startCheckoutServer } from "./server.ts";

const isAddress = (text: string): boolean => /^https?:$/.test(URL.parse(text)?.protocol ?? "");
const ADDRESS = { type: "text", value: "url", accepts: isAddress } as const;
const MUST = "must be an address such as http://localhost:8787";

const checkoutCommand = defineCommand({
  name: "node scripts/run.mjs examples/checkout/main.ts",
  summary: "Serves the example of a shop's own checkout page.",
  options: {
    gate: { ...ADDRESS, must: MUST, default: "http://localhost:8787", help: "the gate" },
    "stripe-js": {
      ...ADDRESS,
      must: MUST,
      default: "http://localhost:8788/sandbox/stripe.js",
      help: "Stripe.js; by default the stand-in of the local run",
    },
    port: {
      type: "integer",
      value: "port",
      min: 0,
      max: 65_535,
      default: 8791,
      help: "listens here",
    },
  },
  exitCodes: "0 stopped",
});

process.exitCode = await checkoutCommand.run(async (options) => {
  const { url } = await startCheckoutServer(options);
  process.stdout.write(`${url}\n`);
  return 0;
});
