/**
 * The sandbox's only Durable Object: payments, tokens, idempotency keys and settings, in SQLite.
 *
 * Guarantee: each call is one synchronous transaction, so no call sees a part of another's changes,
 * and it is answered only when its effect is durable. The rules are in the pure files beside this
 * one. The object never waits: the Worker delays answers, and the alarm sends events and settles
 * refunds.
 */
import { DurableObject } from "cloudflare:workers";
import { Account, DEFAULT_ACCOUNT } from "./account.ts";
import { BROKEN, invalidRequest, KEY_REFUSED, TOO_MANY } from "./api-error.ts";
import { Desk, type DeskAct, type DeskOutcome } from "./desk.ts";
import { EventOutbox } from "./event-outbox.ts";
import { drawFault, type FaultKind, FaultSettings, held_ms, NO_FAULTS } from "./faults.ts";
import { fingerprintOf, KEY_LENGTH_MAX, recall, Remembered } from "./idempotency.ts";
import { type Ledger, ledgerOf } from "./ledger.ts";
import { perform } from "./perform.ts";
import { answerError, type Changes, type IdPrefix, type Performed } from "./records.ts";
import { settleDueRefunds } from "./refunds.ts";
import { DEFAULT_SCRIPT, ScriptSettings } from "./script-settings.ts";
import { SandboxStore } from "./store.ts";
import { type Call, readCall } from "./stripe-requests.ts";
import { type Redeemed, siteverify } from "./turnstile.ts";
import type { WebhookEnv } from "./webhooks.ts";

export interface SandboxEnv extends WebhookEnv {
  readonly SANDBOX: DurableObjectNamespace<SandboxProvider>;
  /** The files in `browser/`: the stand-in for Stripe.js and its frames. */
  readonly ASSETS: Fetcher;
}

export interface ApiRequest {
  readonly method: string;
  readonly path: string;
  readonly parameters: [string, string][];
  /** The idempotency key. */
  readonly key: string | null;
  readonly origin: string;
  readonly by: "secret" | "publishable";
  readonly isLive: boolean;
}

/** The response the Worker must send, after `held_ms`; `cut`: break the connection half-way. */
export interface Delivery {
  readonly status: number;
  readonly headers: Record<string, string>;
  readonly body: string;
  readonly held_ms: number;
  readonly cut: boolean;
}

export class SandboxProvider extends DurableObject<SandboxEnv> {
  readonly #store: SandboxStore;
  readonly #events: EventOutbox;
  #faults: FaultSettings = NO_FAULTS;
  #account: Account = DEFAULT_ACCOUNT;

  constructor(ctx: DurableObjectState, env: SandboxEnv) {
    super(ctx, env);
    this.#store = new SandboxStore(ctx.storage.sql);
    this.#events = new EventOutbox(ctx.storage, env);
    const faults = this.#store.read("setting", "faults");
    if (faults !== null) this.#faults = FaultSettings.parse(JSON.parse(faults));
    const account = this.#store.read("setting", "account");
    if (account !== null) this.#account = Account.parse(JSON.parse(account));
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
    const payments = this.#store.payments();
    return ledgerOf(payments.toSorted((a, b) => a.createdAt_ms - b.createdAt_ms));
  }

  faults(): FaultSettings {
    return this.#faults;
  }

  /** Calls are counted from 0 again, so that a seed always gives the same faults. */
  setFaults(faults: FaultSettings): void {
    this.ctx.storage.transactionSync(() => {
      this.#store.write("setting", "faults", JSON.stringify(faults));
      this.#store.write("setting", "calls", "0");
      this.#events.restartDraws();
    });
    this.#faults = faults;
  }

  account(): Account {
    return this.#account;
  }

  setAccount(account: Account): void {
    this.#store.write("setting", "account", JSON.stringify(account));
    this.#account = account;
  }

  script(): ScriptSettings {
    const stored = this.#store.read("setting", "script");
    return stored === null ? DEFAULT_SCRIPT : ScriptSettings.parse(JSON.parse(stored));
  }

  setScript(script: ScriptSettings): void {
    this.#store.write("setting", "script", JSON.stringify(script));
  }

  reset(): void {
    this.ctx.storage.transactionSync(() => {
      this.#store.clear();
      this.#events.clear();
    });
    this.#faults = NO_FAULTS;
    this.#account = DEFAULT_ACCOUNT;
  }

  /** Turnstile's siteverify. Redeemed tokens are rows of the settings' table. */
  siteverify(form: Record<string, string>): { readonly status: number; readonly body: string } {
    return this.ctx.storage.transactionSync(() => {
      const known = (id: string): Redeemed | null => {
        const stored = this.#store.read("setting", `turnstile:${id}`);
        return stored === null ? null : { key: stored === "" ? null : stored };
      };
      const { status, body, redeemed } = siteverify(form, known, Date.now());
      if (redeemed !== null) {
        this.#store.write("setting", `turnstile:${redeemed.id}`, redeemed.by.key ?? "");
      }
      return { status, body: JSON.stringify(body) };
    });
  }

  override async alarm(): Promise<void> {
    const now = Date.now();
    this.ctx.storage.transactionSync(() => {
      for (const payment of this.#store.duePayments(now)) {
        this.#keep({ payment: settleDueRefunds(payment, now) }, "", now);
      }
    });
    await this.#events.send();
    this.#arm(Date.now());
  }

  /** What a person does: the shopper at the bank, or the merchant at the dashboard. */
  atDesk(origin: string, act: DeskAct): DeskOutcome {
    return this.ctx.storage.transactionSync(() => {
      const now = Date.now();
      const desk = new Desk(this.#store, this.#account, { now, newId });
      const { outcome, changed } = desk.act(act);
      this.#keep(changed, origin, now);
      return outcome;
    });
  }

  #drawFault(): FaultKind | null {
    if (this.#faults.rate === 0) return null;
    const call = Number(this.#store.read("setting", "calls") ?? "0");
    this.#store.write("setting", "calls", String(call + 1));
    return drawFault(this.#faults, call);
  }

  #answer(request: ApiRequest, fault: FaultKind | null, now: number): Answer {
    if (fault === "rate_limit") {
      return { ...answerError(TOO_MANY), headers: { "retry-after": "1" } };
    }
    if (this.#account.key === "refused") return plain(answerError(KEY_REFUSED));
    const { method, path, parameters, key, by } = request;
    const read = readCall(method, path, parameters, by);
    if (read.kind === "refused") return plain(answerError(read.error));
    if (method === "GET") return this.#retrieve(read.call, request, fault, now);
    // Stripe knows no idempotency keys of browsers, and a remembered call would hold its card.
    if (key === null || by === "publishable") return this.#begin(read.call, request, fault, now);
    if (key.length === 0 || key.length > KEY_LENGTH_MAX) {
      const message = `Idempotency keys have 1 to ${KEY_LENGTH_MAX} characters.`;
      return plain(answerError(invalidRequest(message)));
    }
    const fingerprint = fingerprintOf(method, path, parameters);
    const stored = this.#store.read("key", key);
    const first = stored === null ? null : Remembered.parse(JSON.parse(stored));
    const recalled = recall(first, fingerprint, now);
    if (recalled.kind === "refused") return plain(answerError(recalled.error));
    if (recalled.kind === "replay") return replay(recalled.first);
    const answer = this.#begin(read.call, request, fault, now);
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
    this.#store.write("key", key, JSON.stringify(remembered));
    return { ...answer, headers: { ...answer.headers, "request-id": requestId } };
  }

  #retrieve(call: Call, request: ApiRequest, fault: FaultKind | null, now: number): Answer {
    if (fault === "error_before" || fault === "error_after") {
      return { ...answerError(BROKEN), headers: { "stripe-should-retry": "true" } };
    }
    return plain(this.#perform(call, request, now));
  }

  /** A call with a new key takes effect unless the fault is `error_before`. */
  #begin(call: Call, request: ApiRequest, fault: FaultKind | null, now: number): Answer {
    const broken = { ...answerError(BROKEN), headers: { "stripe-should-retry": "false" } };
    if (fault === "error_before") return broken;
    const performed = this.#perform(call, request, now);
    this.#keep(performed.changed, request.origin, now);
    return fault === "error_after" ? broken : plain(performed);
  }

  #perform(call: Call, { origin, by, isLive }: ApiRequest, now: number): Performed {
    const context = { now, origin, account: this.#account, by, isLive, newId };
    return perform(call, this.#store, context);
  }

  #deliver(answer: Answer, fault: FaultKind | null): Delivery {
    const headers = { "request-id": newId("req"), ...answer.headers };
    const { status, body } = answer;
    const cut = fault === "disconnect";
    return { status, headers, body, held_ms: held_ms(fault, this.#faults), cut };
  }

  #keep(changes: Changes, origin: string, now: number): void {
    const { payment } = changes;
    if (payment !== undefined) {
      const before = this.#store.payment(payment.id);
      const parts = { newId: () => newId("evt"), origin, now };
      this.#events.add(before, payment, this.#faults, parts);
    }
    this.#store.keep(changes);
    this.#arm(now);
  }

  /** One alarm for both: the next event to send and the next refund to settle. */
  #arm(now: number): void {
    const times = [this.#events.next_ms(), this.#store.nextSettlement_ms()];
    const due_ms = times.flatMap((time) => (time === null ? [] : [time]));
    if (due_ms.length === 0) return;
    void this.ctx.storage.setAlarm(Math.max(Math.min(...due_ms), now + 1));
  }
}

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

/** Like Stripe's ids: a prefix and 24 random characters. */
function newId(prefix: IdPrefix | "req" | "evt"): string {
  return `${prefix}_${crypto.randomUUID().replaceAll("-", "").slice(0, 24)}`;
}
