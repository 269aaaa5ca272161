/**
 * Reads the ledger of the sandbox payment provider: the amounts authorized, captured, voided and
 * refunded, independent of what Sluice recorded.
 */
import { request } from "undici";
import { z } from "zod";
import { errorText } from "../../src/encoding/error-text.ts";

const amount = z.int().min(0);

const paymentSchema = z.object({
  id: z.string(),
  order: z.string().nullable(),
  amount,
  currency: z.string(),
  authorized: amount,
  captured: amount,
  voided: amount,
  refunded: amount,
});
export type Payment = z.output<typeof paymentSchema>;

const ledgerSchema = z.object({ payments: z.array(paymentSchema) });

export type LedgerAnswer =
  | { readonly kind: "read"; readonly payments: readonly Payment[] }
  | { readonly kind: "unreadable"; readonly reason: string };

const TIMEOUT_MS = 30_000;

export async function readSandboxLedger(sandboxUrl: string): Promise<LedgerAnswer> {
  try {
    const response = await request(new URL("/sandbox/ledger", sandboxUrl), {
      headersTimeout: TIMEOUT_MS,
      bodyTimeout: TIMEOUT_MS,
    });
    const json: unknown = await response.body.json();
    if (response.statusCode !== 200) {
      return { kind: "unreadable", reason: `status ${response.statusCode}` };
    }
    const parsed = ledgerSchema.safeParse(json);
    if (parsed.success) return { kind: "read", payments: parsed.data.payments };
    return { kind: "unreadable", reason: z.prettifyError(parsed.error) };
  } catch (error) {
    return { kind: "unreadable", reason: errorText(error) };
  }
}
