/**
 * `npm run --silent keys`: prints a fresh set of the gate's secrets as JSON, in the form that
 * `wrangler secret bulk` and `npm run deploy -- --gate-secrets` read. The orders Worker's
 * STRIPE_API_KEY comes from Stripe, not from here.
 *
 * It only prints; nothing is stored and nothing is sent.
 */
import { generateGateSecrets } from "./secret-set.ts";

process.stdout.write(`${JSON.stringify(generateGateSecrets(), null, 2)}\n`);
