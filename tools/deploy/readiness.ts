/**
 * Asks a deployed gate whether it can take money, and prints the answer.
 *
 * Guarantee: the merchant's token goes to the given address only, which is not followed elsewhere,
 * and appears in no output.
 */
import { z } from "zod";
import { errorText } from "../../src/encoding/error-text.ts";
import { OperatorError } from "../wrangler.ts";
import { printChecks } from "./check-report.ts";
import type { Route } from "./options.ts";

const TIMEOUT_MS = 15_000;

const readinessSchema = z.object({
  ready: z.boolean(),
  version: z.string(),
  ordersReportedAt: z.iso.datetime().nullable(),
  checks: z.array(
    z.object({
      name: z.string(),
      ok: z.boolean(),
      severity: z.enum(["error", "warning", "info"]),
      detail: z.string(),
    }),
  ),
});
export type Readiness = z.infer<typeof readinessSchema>;

/** Where the gate of a deployment answers: the first host that is surely its own. */
export function gateUrlOf(routes: readonly Route[]): string | null {
  for (const { pattern, zone } of routes) {
    if (zone === null) return `https://${pattern}`;
    const [, host] = /^([^*/]+)\/(?:\*|_sluice\/\*)$/.exec(pattern) ?? [];
    if (host !== undefined) return `https://${host}`;
  }
  return null;
}

/** @throws OperatorError when there is no answer, or none about readiness */
export async function askReadiness(gateUrl: string, adminToken: string): Promise<Readiness> {
  const url = `${gateUrl}/_sluice/admin/v1/readiness`;
  const headers = { Authorization: `Bearer ${adminToken}` };
  let response: Response;
  try {
    const signal = AbortSignal.timeout(TIMEOUT_MS);
    response = await fetch(url, { headers, redirect: "manual", signal });
  } catch (error) {
    const why = errorText(error);
    const hint = "A new host needs some minutes until its name and certificate are known.";
    throw new OperatorError(`${url} does not answer: ${why}. ${hint}`);
  }
  const answer = readinessSchema.safeParse(await response.json().catch(() => null));
  if (response.status === 200 && answer.success) return answer.data;
  const hint = response.status === 401 ? ": ADMIN_TOKEN is not this gate's" : "";
  throw new OperatorError(`${url} answers ${response.status}${hint}.`);
}

/** @param deployedAt_ms null where nothing was deployed just now */
export function printReadiness(
  { ready, version, ordersReportedAt, checks }: Readiness,
  deployedAt_ms: number | null,
): string {
  const isOld =
    deployedAt_ms !== null &&
    (ordersReportedAt === null || Date.parse(ordersReportedAt) < deployedAt_ms);
  return [
    `Readiness of Sluice ${version}: ${ready ? "it can take money" : "NOT ready"}`,
    ...printChecks(checks),
    ...(isOld
      ? [
          "",
          "The orders Worker has not reported since this deployment. It does every five minutes;",
          "ask again then, with --readiness.",
        ]
      : []),
    "",
  ].join("\n");
}
