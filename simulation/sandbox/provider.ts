/**
 * The sandbox's only Durable Object: payments, idempotency keys and fault settings, in SQLite.
 *
 * Guarantee: each call is one synchronous transaction, so no call sees a part of another's changes,
 * and it is answered only when its effect is durable. The rules are in the pure files beside this
 * one. The object never waits: the Worker delays answers, and the alarm sends events.
 *
 * Weakness: a key older than a day is ignored, but its row stays until `reset`.
 */
import { DurableObject } from "cloudflare:workers";
import { BROKEN, type ApiError, invalidRequest, noSuchPayment, TOO_MANY } from "./api-error.ts";
import { EventOutbox } from "./event-outbox.ts";
import { drawFault, type FaultKind, FaultSettings, held_ms, NO_FAULTS } from "./faults.ts";
import { fingerprintOf, KEY_LENGTH_MAX, recall, Remembered } from "./idempotency.ts";
import { type Ledger, ledgerOf } from "./ledger.ts";
import { applyCommand, Payment } from "./payment.ts";
import { answerError, perform, type Performed } from "./perform.ts";
import { type Call, readCall } from "./stripe-requests.ts";
import { type Redeemed, siteverify } from "./turnstile.ts";
import type { WebhookEnv } from "./webhooks.ts";

export interface SandboxEnv extends WebhookEnv {
  readonly SANDBOX: DurableObjectNamespace<SandboxProvider>;
}

export interface ApiRequest {
  readonly method: string;
  readonly path: string;
  readonly parameters: [string, string][];
  readonly key: string | null;
  readonly origin: string;
}

/** The response the Worker must send, after `held_ms`; `cut`: break the connection half-way. */
export interface Delivery {
  readonly status: number;
  readonly headers: Record<string, string>;
  readonly body: string;
  readonly held_ms: number;
  readonly cut: boolean;
}

export type Authentication =
  | { readonly kind: "waiting"; readonly amount: number; readonly currency: string }
  | { readonly kind: "done"; readonly returnUrl: string | null; readonly accepted: boolean }
  | { readonly kind: "refused"; readonly message: string };

export class SandboxProvider extends DurableObject<SandboxEnv> {
  readonly #sql: SqlStorage;
  readonly #events: EventOutbox;
  #faults: FaultSettings = NO_FAULTS;

  constructor(ctx: DurableObjectState, env: SandboxEnv) {
    super(ctx, env);
    this.#sql = ctx.storage.sql;
    this.#events = new EventOutbox(ctx.storage, env);
    this.#sql.exec(`
      CREATE TABLE IF NOT EXISTS payment (id TEXT PRIMARY KEY, doc TEXT NOT NULL) WITHOUT ROWID;
      CREATE TABLE IF NOT EXISTS key (name TEXT PRIMARY KEY, doc TEXT NOT NULL) WITHOUT ROWID;
      CREATE TABLE IF NOT EXISTS setting (name TEXT PRIMARY KEY, doc TEXT NOT NULL) WITHOUT ROWID;
    `);
    const stored = this.#read("setting", "faults");
    if (stored !== null) this.#faults = FaultSettings.parse(JSON.parse(stored));
  }

  call(request: ApiRequest): Delivery {
    const now = Date.now();
    return this.ctx.storage.transactionSync(() => {
      const fault = this.#drawFault();
      const answer = this.#answer(request, fault, now);
      return this.#deliver(answer, fault);
    });
  }

  ledger(): Ledger {
    const rows = this.#sql.exec<{ doc: string }>("SELECT doc FROM payment").toArray();
    const payments = rows.map(({ doc }) => Payment.parse(JSON.parse(doc)));
    return ledgerOf(payments.toSorted((a, b) => a.createdAt_ms - b.createdAt_ms));
  }

  faults(): FaultSettings {
    return this.#faults;
  }

  /** Calls are counted from 0 again, so that a seed always gives the same faults. */
  setFaults(faults: FaultSettings): void {
    this.ctx.storage.transactionSync(() => {
      this.#write("setting", "faults", JSON.stringify(faults));
      this.#write("setting", "calls", "0");
      this.#events.restartDraws();
    });
    this.#faults = faults;
  }

  reset(): void {
    this.ctx.storage.transactionSync(() => {
      this.#sql.exec("DELETE FROM payment; DELETE FROM key; DELETE FROM setting;");
      this.#events.clear();
    });
    this.#faults = NO_FAULTS;
  }

  /** Turnstile's siteverify. Redeemed tokens are rows of the settings' table. */
  siteverify(form: Record<string, string>): { readonly status: number; readonly body: string } {
    return this.ctx.storage.transactionSync(() => {
      const known = (id: string): Redeemed | null => {
        const stored = this.#read("setting", `turnstile:${id}`);
        return stored === null ? null : { key: stored === "" ? null : stored };
      };
      const { status, body, redeemed } = siteverify(form, known, Date.now());
      if (redeemed !== null) {
        this.#write("setting", `turnstile:${redeemed.id}`, redeemed.by.key ?? "");
      }
      return { status, body: JSON.stringify(body) };
    });
  }

  override alarm(): Promise<void> {
    return this.#events.send();
  }

  authentication(id: string): Authentication {
    const payment = this.#payment(id);
    if (payment === null) return refusedAuthentication(noSuchPayment(id, "intent"));
    if (payment.standing.status !== "requires_action") {
      const message = "This payment is not waiting for authentication.";
      return { kind: "refused", message };
    }
    return { kind: "waiting", amount: payment.amount, currency: payment.currency };
  }

  authenticate(id: string, accepted: boolean): Authentication {
    return this.ctx.storage.transactionSync((): Authentication => {
      const payment = this.#payment(id);
      if (payment === null) return refusedAuthentication(noSuchPayment(id, "intent"));
      const applied = applyCommand(payment, { kind: "authenticate", accepted }, newId("ch"));
      if (applied.error !== null) return refusedAuthentication(applied.error);
      this.#change(applied.payment, "", Date.now());
      const { standing } = payment;
      const returnUrl = standing.status === "requires_action" ? standing.returnUrl : null;
      return { kind: "done", returnUrl, accepted };
    });
  }

  #drawFault(): FaultKind | null {
    if (this.#faults.rate === 0) return null;
    const call = Number(this.#read("setting", "calls") ?? "0");
    this.#write("setting", "calls", String(call + 1));
    return drawFault(this.#faults, call);
  }

  #answer(request: ApiRequest, fault: FaultKind | null, now: number): Answer {
    if (fault === "rate_limit") {
      return { ...answerError(TOO_MANY, null), headers: { "retry-after": "1" } };
    }
    const { method, path, parameters, key } = request;
    const read = readCall(method, path, parameters);
    if (read.kind === "refused") return plain(answerError(read.error, null));
    if (read.call.kind === "retrieve") return this.#retrieve(read.call, request.origin, fault, now);
    if (key === null) return this.#begin(read.call, request.origin, fault, now);
    if (key.length === 0 || key.length > KEY_LENGTH_MAX) {
      const message = `Idempotency keys have 1 to ${KEY_LENGTH_MAX} characters.`;
      return plain(answerError(invalidRequest(message), null));
    }
    const fingerprint = fingerprintOf(method, path, parameters);
    const stored = this.#read("key", key);
    const first = stored === null ? null : Remembered.parse(JSON.parse(stored));
    const recalled = recall(first, fingerprint, now);
    if (recalled.kind === "refused") return plain(answerError(recalled.error, null));
    if (recalled.kind === "replay") return replay(recalled.first);
    const answer = this.#begin(read.call, request.origin, fault, now);
    const requestId = newId("req");
    const remembered: Remembered = {
      version: 1,
      fingerprint,
      status: answer.status,
      body: answer.body,
      requestId,
      at_ms: now,
      busyUntil_ms: now + held_ms(fault, this.#faults),
    };
    this.#write("key", key, JSON.stringify(remembered));
    return { ...answer, headers: { ...answer.headers, "request-id": requestId } };
  }

  #retrieve(call: Call, origin: string, fault: FaultKind | null, now: number): Answer {
    if (fault === "error_before" || fault === "error_after") {
      return { ...answerError(BROKEN, null), headers: { "stripe-should-retry": "true" } };
    }
    return plain(this.#perform(call, origin, now));
  }

  /** A call with a new key takes effect unless the fault is `error_before`. */
  #begin(call: Call, origin: string, fault: FaultKind | null, now: number): Answer {
    const broken = { ...answerError(BROKEN, null), headers: { "stripe-should-retry": "false" } };
    if (fault === "error_before") return broken;
    const performed = this.#perform(call, origin, now);
    if (performed.changed !== null) {
      this.#change(performed.changed, origin, now);
    }
    return fault === "error_after" ? broken : plain(performed);
  }

  #perform(call: Call, origin: string, now: number): Performed {
    const payment = call.kind === "create" ? null : this.#payment(call.id);
    const newIds = { payment: newId("pi"), charge: newId("ch"), refund: newId("re") };
    return perform(call, payment, { now, origin, newIds });
  }

  #deliver(answer: Answer, fault: FaultKind | null): Delivery {
    const headers = { "request-id": newId("req"), ...answer.headers };
    const { status, body } = answer;
    const cut = fault === "disconnect";
    return { status, headers, body, held_ms: held_ms(fault, this.#faults), cut };
  }

  #change(payment: Payment, origin: string, now: number): void {
    this.#write("payment", payment.id, JSON.stringify(payment));
    this.#events.add(payment, this.#faults, newId("evt"), origin, now);
  }

  #payment(id: string): Payment | null {
    const stored = this.#read("payment", id);
    return stored === null ? null : Payment.parse(JSON.parse(stored));
  }

  #read(table: Table, name: string): string | null {
    const rows = this.#sql.exec<{ doc: string }>(SELECT[table], name).toArray();
    return rows[0]?.doc ?? null;
  }

  #write(table: Table, name: string, doc: string): void {
    this.#sql.exec(UPSERT[table], name, doc);
  }
}

type Table = "payment" | "key" | "setting";

const SELECT: Record<Table, string> = {
  payment: "SELECT doc FROM payment WHERE id = ?",
  key: "SELECT doc FROM key WHERE name = ?",
  setting: "SELECT doc FROM setting WHERE name = ?",
};

const UPSERT: Record<Table, string> = {
  payment: "INSERT OR REPLACE INTO payment (id, doc) VALUES (?, ?)",
  key: "INSERT OR REPLACE INTO key (name, doc) VALUES (?, ?)",
  setting: "INSERT OR REPLACE INTO setting (name, doc) VALUES (?, ?)",
};

interface Answer {
  readonly status: number;
  readonly body: string;
  readonly headers: Record<string, string>;
}

function plain({ status, body }: Performed): Answer {
  return { status, body, headers: {} };
}

function replay(first: Remembered): Answer {
  const headers = {
    "idempotent-replayed": "true",
    "original-request": first.requestId,
    "stripe-should-retry": "false",
  };
  return { status: first.status, body: first.body, headers };
}

function refusedAuthentication(error: ApiError): Authentication {
  return { kind: "refused", message: error.message };
}

/** Like Stripe's ids: a prefix and 24 random characters. */
function newId(prefix: "pi" | "ch" | "re" | "req" | "evt"): string {
  return `${prefix}_${crypto.randomUUID().replaceAll("-", "").slice(0, 24)}`;
}
