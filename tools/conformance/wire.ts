/**
 * Sends requests that the adapters would never send: with a wrong signature, an old timestamp, a
 * changed body, or garbage. Returns the status and the text of each answer.
 */
import { randomBytes } from "node:crypto";
import { type SignedHttpSettings, whyOf } from "../../queues/backends/signed-http.ts";
import { signedHeaders } from "../../src/webhooks/signature.ts";
import { shown, Unmet } from "./checks.ts";
import type { Target } from "./options.ts";

export interface Reply {
  readonly status: number;
  readonly text: string;
}

export interface RawRequest {
  readonly body: string;
  readonly id: string;
  /** Replaces the valid signature. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly secrets?: readonly Uint8Array<ArrayBuffer>[];
  readonly at_ms?: number;
}

export class Wire {
  readonly target: Target;
  readonly timeout_ms: number;

  constructor(target: Target, timeout_ms: number) {
    this.target = target;
    this.timeout_ms = timeout_ms;
  }

  /** Settings of the adapters. Their errors are not logged, because the findings report them. */
  settings(): SignedHttpSettings {
    const { url, secrets, allowHttp } = this.target;
    return {
      url,
      secrets,
      allowHttp,
      timeout_ms: this.timeout_ms,
      now: () => Date.now(),
      newId: () => crypto.randomUUID(),
      onTrouble: () => undefined,
    };
  }

  sign(id: string, body: string, at_ms = Date.now(), secrets = this.target.secrets) {
    return signedHeaders(secrets, id, body, at_ms);
  }

  /** Throws `Unmet` when there is no answer in time. */
  async send({ id, body, headers, at_ms, secrets }: RawRequest): Promise<Reply> {
    const signed = headers ?? (await this.sign(id, body, at_ms, secrets));
    try {
      const response = await fetch(this.target.url, {
        method: "POST",
        headers: { ...signed, "content-type": "application/json" },
        body,
        redirect: "manual",
        signal: AbortSignal.timeout(this.timeout_ms),
      });
      return { status: response.status, text: await response.text() };
    } catch (error) {
      throw new Unmet(`no answer: ${whyOf(error)}`);
    }
  }
}

/** A new order id in Sluice's form, of an order that does not exist. */
export function newOrderId(): string {
  return `ord_${randomBytes(20).toString("hex")}`;
}

export function mustHaveStatus(reply: Reply, statuses: readonly number[], request: string): void {
  if (statuses.includes(reply.status)) return;
  throw new Unmet(`${request} was answered ${reply.status} ${shown(reply.text)}`);
}

/** Throws `Unmet` unless the reply is a 4xx with a problem document that has a code. */
export function mustBeRefused(reply: Reply, request: string): void {
  const isRefusal = reply.status >= 400 && reply.status < 500;
  if (isRefusal && /"code"\s*:\s*"[a-z][a-z0-9_]*"/.test(reply.text)) return;
  throw new Unmet(`${request} was answered ${reply.status} ${shown(reply.text)}`);
}
