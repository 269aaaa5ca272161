/**
 * `node examples/shop/main.ts`: the example shop as a server of its own, to try `npm run
 * conformance` on or to start a shop's own from.
 */
import { defineCommand } from "../../scripts/define-command.ts";
import { startExampleShop } from "./server.ts";

const shopCommand = defineCommand({
  name: "node examples/shop/main.ts",
  summary: "Runs the example shop: a payment server and an order server on this machine.",
  options: {
    secret: {
      type: "text",
      value: "whsec",
      accepts: (text) => /^whsec_[A-Za-z0-9+/]{32,}=*$/.test(text),
      must: "must be whsec_ and then base64",
      environment: "BACKEND_SECRET",
      required: "give it as BACKEND_SECRET in the environment, whsec_ and then base64",
      help: "shared with Sluice",
    },
    port: {
      type: "integer",
      value: "port",
      min: 0,
      max: 65_535,
      default: 8790,
      help: "listens here",
    },
  },
  exitCodes: "0 stopped",
});

process.exitCode = await shopCommand.run(async (options) => {
  const shop = await startExampleShop(options);
  process.stdout.write(`payments  ${shop.paymentsUrl}\norders    ${shop.ordersUrl}\n`);
  return 0;
});
