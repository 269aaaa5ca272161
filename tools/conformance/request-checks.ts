/**
 * Checks that hold for both contracts, before anything of a payment or an order is looked at: who
 * may ask, and what is no question.
 */
import { randomBytes } from "node:crypto";
import { type Check, shown, Unmet } from "./checks.ts";
import { mustBeRefused, mustHaveStatus, type RawRequest, type Wire } from "./wire.ts";

const TOO_FAR_MS = 10 * 60 * 1000;
const REFUSED = [401, 403];

/** A request that would do something, and a look at whether it did; each time a new one. */
export interface Tempting {
  readonly id: string;
  readonly body: string;
  /** Throws `Unmet` when something was done; where nobody can see it, does nothing. */
  readonly mustBeUntouched: () => Promise<void>;
}

interface Forgery {
  readonly name: string;
  readonly expected: string;
  readonly fix: string;
  /** @param signed the headers of the request as it should be */
  readonly forge: (tempting: Tempting, signed: Record<string, string>) => RawRequest;
}

function without(headers: Record<string, string>, name: string): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).filter(([key]) => key !== name));
}

const FORGERIES: readonly Forgery[] = [
  {
    name: "signature-missing",
    expected: "a request without a signature is answered 401 and does nothing",
    fix: "verify webhook-signature before the body is looked at",
    forge: ({ id, body }, signed) => {
      return { id, body, headers: without(signed, "webhook-signature") };
    },
  },
  {
    name: "signature-wrong",
    expected: "a request signed with another secret is answered 401 and does nothing",
    fix: "compare HMAC-SHA-256 of `id.timestamp.body`, keyed with the decoded secret, to each v1",
    forge: ({ id, body }) => ({ id, body, secrets: [new Uint8Array(randomBytes(32))] }),
  },
  {
    name: "signature-of-another-body",
    expected: "a body that was changed after signing is answered 401 and does nothing",
    fix: "sign the bytes of the body as they came, not only the id and the time",
    forge: ({ id, body }, signed) => ({ id, body: `${body} `, headers: signed }),
  },
  {
    name: "signature-of-another-key",
    expected: "a webhook-id that was changed after signing is answered 401 and does nothing",
    fix: "sign `id.timestamp.body`: the id is the idempotency key",
    forge: ({ id, body }, signed) => {
      return { id, body, headers: { ...signed, "webhook-id": `${id}:forged` } };
    },
  },
  {
    name: "signature-old",
    expected: "a request signed ten minutes ago is answered 401 and does nothing",
    fix: "refuse a webhook-timestamp more than five minutes from now",
    forge: ({ id, body }) => ({ id, body, at_ms: Date.now() - TOO_FAR_MS }),
  },
  {
    name: "signature-from-the-future",
    expected: "a request signed ten minutes ahead is answered 401 and does nothing",
    fix: "refuse a webhook-timestamp more than five minutes from now, on either side",
    forge: ({ id, body }) => ({ id, body, at_ms: Date.now() + TOO_FAR_MS }),
  },
];

/** The first check of all: whether there is somebody. What they say does not matter here. */
export function answerCheck(wire: Wire): Check {
  return {
    name: "answers",
    expected: "the server answers a signed POST in time",
    fix: "look at the address, and whether the server runs",
    run: async () => {
      const reply = await wire.send({ id: `hello:${crypto.randomUUID()}`, body: "{}" });
      if (reply.status === 404 || reply.status === 405) {
        throw new Unmet(`nothing answers a POST here: ${reply.status} ${shown(reply.text)}`);
      }
    },
  };
}

export function signatureChecks(wire: Wire, tempt: () => Promise<Tempting>): readonly Check[] {
  const forgeries = FORGERIES.map(({ name, expected, fix, forge }): Check => {
    const run = async () => {
      const tempting = await tempt();
      const signed = await wire.sign(tempting.id, tempting.body);
      const reply = await wire.send(forge(tempting, signed));
      mustHaveStatus(reply, REFUSED, "it");
      await tempting.mustBeUntouched();
    };
    return { name, expected, fix, run };
  });
  return [...forgeries, secondSignature(wire, tempt)];
}

/** While a secret is being changed, two signatures stand side by side. */
function secondSignature(wire: Wire, tempt: () => Promise<Tempting>): Check {
  return {
    name: "signature-list",
    expected: "of several signatures one good one is enough",
    fix: "split webhook-signature at spaces and accept any v1 that fits",
    run: async () => {
      const { id, body } = await tempt();
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

/** Bodies that no version of Sluice sends, signed as they should be. */
export function garbageCheck(wire: Wire, bodies: readonly unknown[]): Check {
  const texts = bodies.map((body) => (typeof body === "string" ? body : JSON.stringify(body)));
  return {
    name: "garbage",
    expected: "a body outside the contract is answered 4xx with a code",
    fix: "validate every field, and answer {code} with 400; a 5xx makes Sluice look it up for ever",
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
