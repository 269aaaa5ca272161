/**
 * Checks of both contracts that do not depend on payments or orders: signatures and malformed
 * requests.
 */
import { randomBytes } from "node:crypto";
import { type Check, shown, Unmet } from "./checks.ts";
import { mustBeRefused, mustHaveStatus, type RawRequest, type Wire } from "./wire.ts";

const TOO_FAR_MS = 10 * 60 * 1000;
const REFUSED = [401, 403];

/** A valid request that was not sent before, with a check that it had no effect. */
export interface UnsentRequest {
  readonly id: string;
  readonly body: string;
  /** Throws `Unmet` if the request had an effect; does nothing if no look-up can show one. */
  readonly mustHaveNoEffect: () => Promise<void>;
}

interface Forgery {
  readonly name: string;
  readonly expected: string;
  readonly fix: string;
  /** @param signed the headers with a valid signature */
  readonly forge: (request: UnsentRequest, signed: Record<string, string>) => RawRequest;
}

function without(headers: Record<string, string>, name: string): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).filter(([key]) => key !== name));
}

const FORGERIES: readonly Forgery[] = [
  {
    name: "signature-missing",
    expected: "a request without a signature is answered 401 and has no effect",
    fix: "verify webhook-signature before the body is parsed",
    forge: ({ id, body }, signed) => {
      return { id, body, headers: without(signed, "webhook-signature") };
    },
  },
  {
    name: "signature-wrong",
    expected: "a request signed with another secret is answered 401 and has no effect",
    fix: "compare HMAC-SHA-256 of `id.timestamp.body`, keyed with the decoded secret, with each v1",
    forge: ({ id, body }) => ({ id, body, secrets: [new Uint8Array(randomBytes(32))] }),
  },
  {
    name: "signature-of-another-body",
    expected: "a body that was changed after signing is answered 401 and has no effect",
    fix: "verify the exact bytes of the body, not only the id and the time",
    forge: ({ id, body }, signed) => ({ id, body: `${body} `, headers: signed }),
  },
  {
    name: "signature-of-another-key",
    expected: "a webhook-id that was changed after signing is answered 401 and has no effect",
    fix: "verify `id.timestamp.body`, because the id is the idempotency key",
    forge: ({ id, body }, signed) => {
      return { id, body, headers: { ...signed, "webhook-id": `${id}:forged` } };
    },
  },
  {
    name: "signature-old",
    expected: "a request signed ten minutes ago is answered 401 and has no effect",
    fix: "refuse a webhook-timestamp that is more than five minutes old",
    forge: ({ id, body }) => ({ id, body, at_ms: Date.now() - TOO_FAR_MS }),
  },
  {
    name: "signature-from-the-future",
    expected: "a request signed ten minutes in the future is answered 401 and has no effect",
    fix: "refuse a webhook-timestamp that is more than five minutes in the future",
    forge: ({ id, body }) => ({ id, body, at_ms: Date.now() + TOO_FAR_MS }),
  },
];

/** The first check: whether the server answers at all. Any answer passes except 404 and 405. */
export function answerCheck(wire: Wire): Check {
  return {
    name: "answers",
    expected: "the server answers a signed POST in time",
    fix: "check the address, and that the server runs",
    run: async () => {
      const reply = await wire.send({ id: `hello:${crypto.randomUUID()}`, body: "{}" });
      if (reply.status === 404 || reply.status === 405) {
        throw new Unmet(`nothing answers a POST here: ${reply.status} ${shown(reply.text)}`);
      }
    },
  };
}

export function signatureChecks(
  wire: Wire,
  newRequest: () => Promise<UnsentRequest>,
): readonly Check[] {
  const forgeries = FORGERIES.map(({ name, expected, fix, forge }): Check => {
    const run = async () => {
      const request = await newRequest();
      const signed = await wire.sign(request.id, request.body);
      const reply = await wire.send(forge(request, signed));
      mustHaveStatus(reply, REFUSED, "it");
      await request.mustHaveNoEffect();
    };
    return { name, expected, fix, run };
  });
  return [...forgeries, secondSignature(wire, newRequest)];
}

/** While a secret is rotated, requests have two signatures. */
function secondSignature(wire: Wire, newRequest: () => Promise<UnsentRequest>): Check {
  return {
    name: "signature-list",
    expected: "one valid signature among several is enough",
    fix: "split webhook-signature at spaces and accept any v1 that matches",
    run: async () => {
      const { id, body } = await newRequest();
      const wrong = `v1,${randomBytes(32).toString("base64")}`;
      const signed = await wire.sign(id, body);
      const both = `${wrong} ${signed["webhook-signature"]}`;
      const reply = await wire.send({
        id,
        body,
        headers: { ...signed, "webhook-signature": both },
      });
      mustHaveStatus(reply, [200, 201, 202], "it");
    },
  };
}

/** Bodies that no version of Sluice sends, with a valid signature. */
export function garbageCheck(wire: Wire, bodies: readonly unknown[]): Check {
  const texts = bodies.map((body) => (typeof body === "string" ? body : JSON.stringify(body)));
  return {
    name: "garbage",
    expected: "a body outside the contract is answered 4xx with a code",
    fix: "validate every field, and answer {code} with 400; a 5xx makes Sluice retry forever",
    run: async () => {
      const wrong: string[] = [];
      for (const body of ["{", "", "[]", "null", ...texts]) {
        const reply = await wire.send({ id: `garbage:${crypto.randomUUID()}`, body });
        try {
          mustBeRefused(reply, body === "" ? "an empty body" : body);
        } catch (error) {
          if (!(error instanceof Unmet)) throw error;
          wrong.push(error.message);
        }
      }
      const [first] = wrong;
      if (first === undefined) return;
      throw new Unmet(wrong.length === 1 ? first : `${first} (and ${wrong.length - 1} more)`);
    },
  };
}
