/** The page that checks the draw, for anybody; whoever carries a ticket finds it filled in. */
import { askFairness } from "../../shopper/fairness.ts";
import { visitOf } from "../../shopper/visit.ts";
import { carriedOf, type GateRequest } from "../../web/gate-app.ts";
import { sendUnreachable } from "../answers.ts";
import { fairnessPage } from "../views/fairness.ts";

export async function showFairness(c: GateRequest, id: string): Promise<Response> {
  const gate = c.get("gate");
  const found = await visitOf(gate, id, carriedOf(c, id));
  if (found.kind !== "visit") return sendUnreachable(c, found);
  const fairness = await askFairness(gate, id);
  if (fairness.kind !== "fairness") return sendUnreachable(c, fairness);
  const { sale, seen, ticketToken } = found.visit;
  const { commitment, secret } = fairness;
  const { origin } = new URL(c.req.url);
  const { phase } = seen.snapshot;
  const { now } = gate;
  const model = { sale, phase, commitment, secret, ticket: ticketToken, origin, now };
  return c.html(fairnessPage(model));
}
