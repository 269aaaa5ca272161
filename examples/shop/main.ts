/**
 * `node examples/shop/main.ts [port]`: the example shop as a server of its own, with the
 * secret in BACKEND_SECRET, to try `npm run conformance` on or to start a shop's own from.
 */
import { startExampleShop } from "./server.ts";

const secret = process.env["BACKEND_SECRET"] ?? "";
const port = Number(process.argv[2] ?? "8790");
if (!/^whsec_[A-Za-z0-9+/]{32,}=*$/.test(secret) || !Number.isInteger(port)) {
  process.stderr.write("BACKEND_SECRET must hold whsec_ and base64; the port must be a number\n");
  process.exitCode = 2;
} else {
  const shop = await startExampleShop({ secret, port });
  process.stdout.write(`payments  ${shop.paymentsUrl}\norders    ${shop.ordersUrl}\n`);
}
