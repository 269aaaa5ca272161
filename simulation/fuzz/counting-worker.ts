/**
 * The gate as it is, with one more header on its answers: how often the request called an object, a
 * store or a counter. The fuzz run holds these figures against a ceiling (`costs.ts`).
 *
 * Guarantee: counts what is called before the answer, by way of the gate's bindings. What an
 * isolate does once a second for all, such as refreshing a snapshot, is not among it.
 */
import gate from "../../src/gate.ts";

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
} from "../../src/gate.ts";

const COST_HEADER = "x-fuzz-cost";

/** Calls by binding. */
export type Calls = Map<string, number>;

type Anything = Record<string | symbol, unknown>;

function isObject(value: unknown): value is Anything {
  return typeof value === "object" && value !== null;
}

/** The same, and each call of one of its methods is counted. */
function counted(value: Anything, count: () => void, made: (value: unknown) => unknown): unknown {
  return new Proxy(value, {
    get: (target, name) => {
      const member = target[name];
      if (typeof member !== "function") return member;
      return (...given: unknown[]) => {
        count();
        return made(Reflect.apply(member, target, given));
      };
    },
  });
}

/** The bindings with each call of an object, a store, a queue or a counter written down. */
export function countedBindings(env: GateEnv, calls: Calls): GateEnv {
  const bindings: Anything = { ...env };
  for (const [name, binding] of Object.entries(bindings)) {
    if (!isObject(binding)) continue;
    const count = (): void => {
      calls.set(name, (calls.get(name) ?? 0) + 1);
    };
    const stub = (value: unknown): unknown => {
      return isObject(value) && "fetch" in value
        ? counted(value, count, (answer) => answer)
        : value;
    };
    const isNamespace = "idFromName" in binding;
    bindings[name] = isNamespace
      ? counted(binding, () => undefined, stub)
      : counted(binding, count, (answer) => answer);
  }
  return { ...env, ...bindings };
}

/** The answer with its cost in a header, where its headers can be changed. */
export function withCost(answer: Response, calls: Calls): Response {
  if (answer.webSocket !== null || answer.status < 200 || answer.status > 599) return answer;
  const counting = new Response(answer.body, answer);
  counting.headers.set(COST_HEADER, JSON.stringify(Object.fromEntries(calls)));
  return counting;
}

export default {
  async fetch(request: Request, env: GateEnv, context: ExecutionContext): Promise<Response> {
    const calls: Calls = new Map();
    return withCost(await gate.fetch(request, countedBindings(env, calls), context), calls);
  },
};
