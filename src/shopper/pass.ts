/**
 * A merchant's pass: whether it is good, and whose place it stands for. Reading one takes no place
 * and promises none; joining reads it again.
 */
import { passSubjectOf, type PassRefusal } from "../domain/line/pass-places.ts";
import type { Sale } from "../domain/sale/sale.ts";
import { verifyPass } from "../tokens/passes.ts";
import type { Ticket } from "../tokens/tickets.ts";
import type { GateContext } from "./gate-context.ts";

export type PassRead =
  | {
      readonly kind: "good";
      readonly lane: string;
      readonly subject: string | null;
      /** A discount code for the checkout to fill in, normalized. */
      readonly code: string | null;
    }
  | { readonly kind: "refused"; readonly reason: PassRefusal };

export async function readPass(
  { keys, now }: GateContext,
  sale: Sale,
  token: string,
): Promise<PassRead> {
  const outcome = await verifyPass(keys, sale, token, now);
  if (outcome.kind === "invalid") return { kind: "refused", reason: outcome.reason };
  const { lane, sub, code } = outcome.pass;
  return { kind: "good", lane, subject: sub === null ? null : passSubjectOf(sub), code };
}

/**
 * Whether joining with the pass would give this very ticket. A pass for one shopper stands for
 * that shopper's place in whichever lane it is; a pass for its carrier, for any place in its lane.
 */
export function isPlaceOfPass(
  ticket: Pick<Ticket, "lane" | "subject">,
  pass: Extract<PassRead, { readonly kind: "good" }>,
): boolean {
  return pass.subject === null ? ticket.lane === pass.lane : ticket.subject === pass.subject;
}
