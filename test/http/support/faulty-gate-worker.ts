/**
 * The gate with faults planted in it, one for each rule of the fuzz run, so that it can be seen
 * that the run finds them. Each is asked for by name in the path `/planted/<name>`, and stays.
 */
import { type Challenge, solveChallenge } from "altcha-lib";
import { deriveKey } from "altcha-lib/algorithms/web/pbkdf2";
import { FUZZ_SALES } from "../../../simulation/fuzz/names.ts";
import { problemAnswer } from "../../../src/api/problems.ts";
import gate from "../../../src/gate.ts";

export {
  Order,
  PassDesk,
  RedisBridge,
  SkuStock,
  TicketBooth,
  WaitingRoom,
} from "../../../src/gate.ts";

const planted = { fault: "none" };

function toOrigin(request: Request, env: GateEnv): Request {
  const { pathname, search } = new URL(request.url);
  return new Request(env.ORIGIN + pathname + search, request);
}

const PROVEN = `/_sluice/v1/sales/${FUZZ_SALES.proven}`;

/** A place for whatever is brought: the proof is solved here, and the real gate gives the place. */
async function believed(
  request: Request,
  env: GateEnv,
  context: ExecutionContext,
): Promise<Response> {
  const asked = new Request(new URL(`${PROVEN}/challenge`, request.url));
  const challenge = await (await gate.fetch(asked, env, context)).json<Challenge>();
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
  switch (planted.fault) {
    case "breaks on a header":
      if (headers.has("x-http-method-override")) throw new Error("nobody thought of this header");
      return null;
    case "believes any token":
      return headers.has("sluice-admission") ? Response.json({ ok: true }) : null;
    case "believes any proof": {
      const isJoin = new URL(request.url).pathname === `${PROVEN}/tickets`;
      return isJoin ? believed(request, env, context) : null;
    }
    case "names no field": {
      const answer = await gate.fetch(request, env, context);
      if (answer.status !== 422) return answer;
      const { errors: _, ...problem } = await answer.json<Readonly<Record<string, unknown>>>();
      return new Response(JSON.stringify(problem), answer);
    }
    case "writes before it looks": {
      const isUnknown =
        request.body !== null && (await request.clone().text()).includes("surprise");
      if (isUnknown) await env.CONFIG.put(`odd:${crypto.randomUUID()}`, "kept");
      return null;
    }
    case "logs what it is given":
      console.log(`${request.method} with ${headers.get("sluice-admission")}`);
      return null;
    case "tells a secret":
      return headers.has("cookie") ? new Response(env.ADMIN_TOKEN) : null;
    case "refuses in words":
      return headers.has("stripe-signature") ? new Response("No.", { status: 403 }) : null;
    case "answers for another operation": {
      const { pathname } = new URL(request.url);
      return pathname.endsWith("/cart") ? elsewhereProblem() : null;
    }
    case "hands on an admission": {
      const isShops = !new URL(request.url).pathname.startsWith("/_sluice");
      return isShops && headers.has("sluice-admission") ? fetch(toOrigin(request, env)) : null;
    }
    case "guards what is written": {
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
    const asked = /^\/planted\/([\w%]+)$/.exec(new URL(request.url).pathname)?.[1];
    if (asked !== undefined) {
      planted.fault = decodeURIComponent(asked);
      return new Response(null, { status: 204 });
    }
    return (await faulty(request, env, context)) ?? gate.fetch(request, env, context);
  },
};
