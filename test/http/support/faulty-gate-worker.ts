/**
 * The gate with deliberate faults, one for each rule of the fuzz run, to test that the run finds
 * them. A request for `/fault/<name>` switches to that fault; `none` switches all off.
 */
import { type Challenge, solveChallenge } from "altcha-lib";
import { deriveKey } from "altcha-lib/algorithms/web/pbkdf2";
import { type Calls, countedBindings, withCost } from "../../../simulation/fuzz/counting-worker.ts";
import { FUZZ_SALES } from "../../../simulation/fuzz/names.ts";
import { problemAnswer } from "../../../src/api/problems.ts";
import gate from "../../../src/gate.ts";

export {
  BackendPace,
  DiscountCodes,
  Order,
  PassDesk,
  RedisBridge,
  SaleList,
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
      // A body that breaks off is for the gate to refuse.
      const body = await request
        .clone()
        .text()
        .catch(() => "");
      if (body.includes("surprise")) await env.CONFIG.put(`odd:${crypto.randomUUID()}`, "kept");
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
    default:
      return faultyAtShop(request, env, context);
  }
}

/** Faults on the way to the shop, and of what the gate calls. */
async function faultyAtShop(
  request: Request,
  env: GateEnv,
  context: ExecutionContext,
): Promise<Response | null> {
  const { headers } = request;
  switch (current.fault) {
    case "forwards any admission": {
      const isForShop = !new URL(request.url).pathname.startsWith("/_sluice");
      return isForShop && headers.has("sluice-admission") ? fetch(toOrigin(request, env)) : null;
    }
    case "guards only the literal path": {
      const { pathname } = new URL(request.url);
      if (/^\/(_sluice|guarded|waiting|countdown|proven|checked|drops)/.test(pathname)) return null;
      return fetch(toOrigin(request, env));
    }
    case "finds its cookie anywhere": {
      const [, token] =
        /__Host-sluice-admission-[a-z-]+="?([\w.-]+)/i.exec(`${headers.get("cookie")}`) ?? [];
      if (token === undefined || headers.has("sluice-admission")) return null;
      const changed = new Request(request);
      changed.headers.set("sluice-admission", token);
      return gate.fetch(changed, env, context);
    }
    case "forwards its cookies": {
      const isAdmitted = (await gate.fetch(request.clone(), env, context)).headers.has(
        "x-fuzz-origin",
      );
      return isAdmitted && headers.has("cookie") ? fetch(toOrigin(request, env)) : null;
    }
    case "forwards folded names": {
      const isOpen = new URL(request.url).pathname.startsWith("/open");
      return isOpen ? fetch(toOrigin(request, env)) : null;
    }
    case "leads to the Host of a request": {
      const { pathname } = new URL(request.url);
      if (!pathname.startsWith("/_sluice/shop")) return null;
      const location = `https://${headers.get("host")}${pathname}`;
      return new Response(null, { status: 308, headers: { location } });
    }
    case "reads without end": {
      if (!new URL(request.url).pathname.endsWith("/status")) return null;
      for (let count = 0; count < 30; count += 1) await env.CONFIG.get(`nothing:${count}`);
      return null;
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
    const calls: Calls = new Map();
    const counted = countedBindings(env, calls);
    const answer =
      (await faulty(request, counted, context)) ?? (await gate.fetch(request, counted, context));
    return withCost(answer, calls);
  },
};
