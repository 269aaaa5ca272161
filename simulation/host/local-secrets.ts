/**
 * The secrets of a local Sluice: drawn once and kept in a file that git ignores, so that tickets
 * and admissions outlive a restart together with the state they belong to.
 *
 * Guarantee: the file is readable by its owner only. Not for a deployed Worker; its secrets are
 * made by `npm run keys` and live with Cloudflare.
 */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { z } from "zod";
import { generateGateSecrets, type GateSecrets } from "../../scripts/secret-set.ts";

const gateSecrets = z.object({
  TICKET_KEYS: z.string(),
  ADMISSION_KEYS: z.string(),
  ADMIN_TOKEN: z.string(),
  /** Absent in a file from before there were passes. */
  PASS_KEYS: z.string().optional(),
  /** Absent in a file from before there were webhooks. */
  WEBHOOK_KEYS: z.string().optional(),
  /** Absent in a file from before there were proofs of work. */
  PROOF_KEYS: z.string().optional(),
});

/** Not a key of anybody's: the sandbox takes every key that has this shape. */
export const SANDBOX_API_KEY = "sk_test_sandbox";

/** With it the sandbox signs its events, and a local gate takes no others. */
export const SANDBOX_WEBHOOK_SECRET = "whsec_of_the_local_sandbox";

/** `path` is the file they are kept in; `null` draws them for this run only. */
export function loadLocalSecrets(path: string | null): GateSecrets {
  if (path === null) return generateGateSecrets();
  const kept = readKept(path);
  const { PASS_KEYS, WEBHOOK_KEYS, PROOF_KEYS, ...others } = kept ?? {};
  const drawn = generateGateSecrets();
  const secrets = {
    ...drawn,
    ...others,
    PASS_KEYS: PASS_KEYS ?? drawn.PASS_KEYS,
    WEBHOOK_KEYS: WEBHOOK_KEYS ?? drawn.WEBHOOK_KEYS,
    PROOF_KEYS: PROOF_KEYS ?? drawn.PROOF_KEYS,
  };
  if ([PASS_KEYS, WEBHOOK_KEYS, PROOF_KEYS].every((keys) => keys !== undefined)) return secrets;
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, `${JSON.stringify(secrets, null, 2)}\n`, { mode: 0o600 });
  return secrets;
}

function readKept(path: string): z.output<typeof gateSecrets> | undefined {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
  try {
    return gateSecrets.parse(JSON.parse(text));
  } catch (cause) {
    throw new Error(`${path} does not hold a set of secrets; delete it to draw new ones`, {
      cause,
    });
  }
}
