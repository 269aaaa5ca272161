/** The page that checks the draw, for anybody; with a ticket it comes filled in. */
import { askFairness } from "../../shopper/fairness.ts";
import type { Visit } from "../../shopper/visit.ts";
import type { GateRequest } from "../../web/gate-app.ts";
import { sendRefusal } from "../answers.ts";
import { fairnessPage } from "../views/fairness.ts";

export async function showFairness(c: GateRequest, visit: Visit): Promise<Response> {
  const fairness = await askFairness(visit);
  if (fairness.kind !== "fairness") return sendRefusal(c, visit, fairness);
  const { sale, seen, ticket: carried } = visit;
  const { commitment, secret } = fairness;
  const { origin } = new URL(c.req.url);
  const ticket = carried.kind === "valid" ? carried.token : null;
  const { phase } = seen.snapshot;
  return c.html(fairnessPage({ sale, phase, commitment, secret, ticket, origin, now: seen.now }));
}
