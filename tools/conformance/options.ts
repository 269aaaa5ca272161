/** The command line of `npm run conformance`. No message shows the secret. */
import { readBackendUrl } from "../../queues/backends/signed-http.ts";
import { defineCommand, UsageError } from "../../scripts/define-command.ts";
import { readSecrets } from "../../src/webhooks/signature.ts";

export const conformanceCommand = defineCommand({
  name: "npm run conformance --",
  summary: `Tries a shop's own payment server, order server or both against the contract in
    docs/backends.md, through the adapters that Sluice deploys. It makes payments and orders with
    test methods: aim it at a test server, never at one that charges cards.`,
  options: {
    payment: { type: "text", value: "url", help: "the payment server, as in PAYMENT_BACKEND_URL" },
    orders: { type: "text", value: "url", help: "the order server, as in ORDER_BACKEND_URL" },
    secret: {
      type: "text",
      value: "whsec",
      environment: "BACKEND_SECRET",
      help: `the shared secret; better given in the environment, because others on the same
        machine may see a command line`,
    },
    currency: {
      type: "text",
      value: "code",
      accepts: (text) => /^[A-Z]{3}$/.test(text),
      must: "must be three capital letters",
      default: "EUR",
      help: "the currency of the test payments",
    },
    local: { type: "flag", help: "allows plain http" },
  },
  exitCodes: "0 every check passed, 1 some did not",
  resolve: ({ payment, orders, secret, currency, local: allowHttp }) => {
    if (payment === null && orders === null) {
      throw new UsageError("--payment or --orders must be given");
    }
    const read = readSecrets(secret ?? "");
    if (read.kind === "bad") throw new UsageError(`--secret (or BACKEND_SECRET) ${read.why}`);
    const target = (name: string, url: string | null): Target | null => {
      if (url === null) return null;
      const address = readBackendUrl(url, allowHttp);
      if (address.kind === "good") return { url, secrets: read.secrets, allowHttp, currency };
      throw new UsageError(`${name} ${address.why}${allowHttp ? "" : "; --local allows http"}`);
    };
    return { payment: target("--payment", payment), orders: target("--orders", orders) };
  },
});

export interface Target {
  readonly url: string;
  readonly secrets: readonly Uint8Array<ArrayBuffer>[];
  readonly allowHttp: boolean;
  readonly currency: string;
}
