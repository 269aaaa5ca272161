/**
 * The texts that no answer and no log may contain, by their names.
 */
import { z } from "zod";
import type { GateSecrets } from "../../scripts/secret-set.ts";
import { SANDBOX_TURNSTILE_SECRET } from "../sandbox/turnstile.ts";
import { BYPASS, FUZZ_SALES } from "./names.ts";
import type { State } from "./state.ts";

const jwksSchema = z.object({ keys: z.array(z.record(z.string(), z.unknown())) });

const KEY_SETS = [
  "TICKET_KEYS",
  "ADMISSION_KEYS",
  "PASS_KEYS",
  "WEBHOOK_KEYS",
  "PROOF_KEYS",
  "SERVER_KEYS",
  "BUYER_KEYS",
] as const;

/** The secrets of the gate and the sandbox, and of the draw of each sale that is not over. */
export function hiddenTexts(
  secrets: GateSecrets,
  adminToken: string,
  state: State,
): ReadonlyMap<string, string> {
  const hidden = new Map<string, string>([
    ["ADMIN_TOKEN", adminToken],
    ["TURNSTILE_SECRET", SANDBOX_TURNSTILE_SECRET],
    ["the bypass token", BYPASS.token],
  ]);
  for (const name of KEY_SETS) {
    jwksSchema.parse(JSON.parse(secrets[name])).keys.forEach((key, index) => {
      for (const member of ["k", "d"]) {
        const value = key[member];
        if (typeof value === "string") hidden.set(`${name}.keys.${index}.${member}`, value);
      }
    });
  }
  for (const [table, rows] of state) {
    for (const row of rows) {
      const [, sale, secret] =
        /"id\\":\\"(fuzz-[a-z]+)\\".*"secret\\":\\"([0-9a-f]{64})/.exec(row) ?? [];
      if (secret === undefined || sale === undefined || sale === FUZZ_SALES.over) continue;
      hidden.set(`the draw of ${sale} in ${table}`, secret);
    }
  }
  return hidden;
}
