/**
 * Wraps something whose methods act on others, so that each call is seen before it leaves and
 * after it came back. What is called is the real thing.
 */

type Reach = (step: string) => Promise<void>;

type Method = (...given: readonly unknown[]) => unknown;

function isMethod(member: unknown): member is Method {
  return typeof member === "function";
}

/** Every method of `target` becomes two steps with the call between them. */
export function stepping<Target extends object>(target: Target, reach: Reach): Target {
  return new Proxy(target, {
    get(real, name): unknown {
      const member: unknown = Reflect.get(real, name);
      if (!isMethod(member)) return member;
      return async (...given: readonly unknown[]): Promise<unknown> => {
        await reach(`before ${String(name)}`);
        const answer: unknown = await Reflect.apply(member, real, given);
        await reach(`after ${String(name)}`);
        return answer;
      };
    },
  });
}

/** A namespace of Durable Objects whose stubs step. */
export function steppingNamespace<Namespace extends object>(
  namespace: Namespace,
  reach: Reach,
): Namespace {
  return new Proxy(namespace, {
    get(real, name): unknown {
      const member: unknown = Reflect.get(real, name);
      if (!isMethod(member)) return member;
      return (...given: readonly unknown[]): unknown => {
        const answer: unknown = Reflect.apply(member, real, given);
        if (name !== "get" || typeof answer !== "object" || answer === null) return answer;
        return stepping(answer, reach);
      };
    },
  });
}
