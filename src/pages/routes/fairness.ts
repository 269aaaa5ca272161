/** The page that checks the draw, for anybody; with a ticket it comes filled in. */
import { askFairness } from "../../shopper/fairness.ts";
import type { Visit } from "../../shopper/visit.ts";
import type { GateRequest } from "../../web/gate-app.ts";
import { sendRefusal } from "../answers.ts";
import { fairnessPage } from "../views/fairness.ts";
import { publicOrigin } from "../../web/public-origin.ts";

export async function showFairness(c: GateRequest, visit: Visit): Promise<Response> {
  const asked = await askFairness(visit);
  if (asked.kind !== "fairness") return sendRefusal(c, visit, asked);
  const { sale, seen, ticket: carried } = visit;
  const { commitment, beacon, secret, revealsAt_ms } = asked.fairness;
  const origin = publicOrigin(c.req.url, c.env);
  const ticket = carried.kind === "valid" ? carried.token : null;
  const { phase } = seen.snapshot;
  const published = { commitment, beacon, secret, revealsAt_ms };
  return c.html(fairnessPage({ sale, phase, ...published, ticket, origin, now: seen.now }));
}
