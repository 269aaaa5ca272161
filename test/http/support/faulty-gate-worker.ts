/**
 * The gate with deliberate faults, one for each rule of the fuzz run, to test that the run finds
 * them. A request for `/fault/<name>` switches to that fault; `none` switches all off.
 */
import { type Challenge, solveChallenge } from "altcha-lib";
import { deriveKey } from "altcha-lib/algorithms/web/pbkdf2";
import { FUZZ_SALES } from "../../../simulation/fuzz/names.ts";
import { problemAnswer } from "../../../src/api/problems.ts";
import gate from "../../../src/gate.ts";

export {
  DiscountCodes,
  Order,
  PassDesk,
  RedisBridge,
  SkuStock,
  TicketBooth,
  TurnReminders,
  WaitingRoom,
} from "../../../src/gate.ts";

const current = { fault: "none" };

function toOrigin(request: Request, env: GateEnv): Request {
  const { pathname, search } = new URL(request.url);
  return new Request(env.ORIGIN + pathname + search, request);
}

const PROVEN = `/_sluice/v1/sales/${FUZZ_SALES.proven}`;

/** Gives a place for any proof: solves a challenge itself and joins with it at the real gate. */
async function joinWithOwnProof(
  request: Request,
  env: GateEnv,
  context: ExecutionContext,
): Promise<Response> {
  const challengeRequest = new Request(new URL(`${PROVEN}/challenge`, request.url));
  const answer = await gate.fetch(challengeRequest, env, context);
  const challenge = await answer.json<Challenge>();
  const solution = await solveChallenge({ challenge, deriveKey });
  const proof = btoa(JSON.stringify({ challenge, solution }));
  const body = JSON.stringify({ proof });
  return gate.fetch(new Request(request.url, { ...JOIN, body }), env, context);
}

/** Good in itself; no cart has it. */
function elsewhereProblem(): Response {
  const { status, headers, body } = problemAnswer("order_final");
  return new Response(JSON.stringify(body), { status, headers });
}

const JOIN = { method: "POST", headers: { "content-type": "application/json" } };

async function faulty(
  request: Request,
  env: GateEnv,
  context: ExecutionContext,
): Promise<Response | null> {
  const { headers } = request;
  switch (current.fault) {
    case "throws on a header":
      if (headers.has("x-http-method-override")) throw new Error("an unexpected header");
      return null;
    case "accepts any token":
      return headers.has("sluice-admission") ? Response.json({ ok: true }) : null;
    case "accepts any proof": {
      const isJoin = new URL(request.url).pathname === `${PROVEN}/tickets`;
      return isJoin ? joinWithOwnProof(request, env, context) : null;
    }
    case "names no field": {
      const answer = await gate.fetch(request, env, context);
      if (answer.status !== 422) return answer;
      const { errors: _, ...problem } = await answer.json<Readonly<Record<string, unknown>>>();
      return new Response(JSON.stringify(problem), answer);
    }
    case "writes before it validates": {
      const isUnknown =
        request.body !== null && (await request.clone().text()).includes("surprise");
      if (isUnknown) await env.CONFIG.put(`odd:${crypto.randomUUID()}`, "kept");
      return null;
    }
    case "logs admissions":
      console.log(`${request.method} with ${headers.get("sluice-admission")}`);
      return null;
    case "answers with a secret":
      return headers.has("cookie") ? new Response(env.ADMIN_TOKEN) : null;
    case "refuses with plain text":
      return headers.has("stripe-signature") ? new Response("No.", { status: 403 }) : null;
    case "answers for another operation": {
      const { pathname } = new URL(request.url);
      return pathname.endsWith("/cart") ? elsewhereProblem() : null;
    }
    case "forwards any admission": {
      const isForShop = !new URL(request.url).pathname.startsWith("/_sluice");
      return isForShop && headers.has("sluice-admission") ? fetch(toOrigin(request, env)) : null;
    }
    case "guards only the literal path": {
      const { pathname } = new URL(request.url);
      if (/^\/(_sluice|guarded|waiting|countdown|proven|checked)/.test(pathname)) return null;
      return fetch(toOrigin(request, env));
    }
    default:
      return null;
  }
}

export default {
  async fetch(request: Request, env: GateEnv, context: ExecutionContext): Promise<Response> {
    const fault = /^\/fault\/([\w%]+)$/.exec(new URL(request.url).pathname)?.[1];
    if (fault !== undefined) {
      current.fault = decodeURIComponent(fault);
      return new Response(null, { status: 204 });
    }
    return (await faulty(request, env, context)) ?? gate.fetch(request, env, context);
  },
};
