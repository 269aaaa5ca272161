/**
 * The mails that the sandbox was given, and what its mail service does with the next ones.
 *
 * Guarantee: an idempotency key is remembered for 24 hours with its body, as Resend does it: again
 * with the same body it gets the first answer and sends nothing, with another it is refused. The
 * newest `MAILS_KEPT_MAX` mails are kept.
 *
 * Source: https://resend.com/docs/dashboard/emails/idempotency-keys.
 */
import { DurableObject } from "cloudflare:workers";
import { z } from "zod";

const MAILS_KEPT_MAX = 2000;
const KEY_REMEMBERED_MS = 24 * 60 * 60 * 1000;

export const mailSchema = z.object({
  from: z.string().min(1),
  to: z.array(z.string().min(1)).min(1).max(50),
  reply_to: z.string().optional(),
  subject: z.string().min(1),
  text: z.string(),
  html: z.string(),
  headers: z.record(z.string(), z.string()).default({}),
});
export type Mail = z.infer<typeof mailSchema>;

const share = z.number().min(0).max(1).default(0);

/** What happens to the next calls, as shares from 0 to 1. */
export const mailFaultsSchema = z.strictObject({
  /** Refused for good, as an address that cannot be one. */
  refused: share,
  /** Refused for good, because the address bounced before. */
  bounced: share,
  /** 429 with `Retry-After: 1`. */
  busy: share,
  /** 500 without an effect. */
  failed: share,
  /** Sent, and then answered with 500. */
  answerLost: share,
});
export type MailFaults = z.infer<typeof mailFaultsSchema>;
const NO_FAULTS = mailFaultsSchema.parse({});

const keptSchema = z.object({
  ...mailSchema.shape,
  id: z.string(),
  /** The idempotency key. */
  key: z.string().nullable(),
  at: z.string(),
});
export type KeptMail = z.infer<typeof keptSchema>;

export interface MailAnswer {
  readonly status: number;
  readonly body: Readonly<Record<string, string | number>>;
}

function refusal(status: number, name: string, message: string): MailAnswer {
  return { status, body: { statusCode: status, name, message } };
}

const FAULTS: Readonly<Record<keyof MailFaults, MailAnswer>> = {
  refused: refusal(422, "validation_error", "Invalid `to` field."),
  bounced: refusal(422, "recipient_suppressed", "The address has bounced before."),
  busy: refusal(429, "rate_limit_exceeded", "Too many requests."),
  failed: refusal(500, "internal_server_error", "Something went wrong."),
  answerLost: refusal(500, "internal_server_error", "Something went wrong."),
};

const docSchema = z.object({ doc: z.string() });
const keySchema = z.object({ body: z.string(), id: z.string(), at_ms: z.int() });

export class SandboxMail extends DurableObject<unknown> {
  readonly #sql: SqlStorage;

  constructor(ctx: DurableObjectState, env: unknown) {
    super(ctx, env);
    this.#sql = ctx.storage.sql;
    this.#sql.exec(`
      CREATE TABLE IF NOT EXISTS mail (
        seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, doc TEXT NOT NULL
      );
      CREATE TABLE IF NOT EXISTS key (
        name TEXT PRIMARY KEY, body TEXT NOT NULL, id TEXT NOT NULL, at_ms INTEGER NOT NULL
      ) WITHOUT ROWID;
      CREATE TABLE IF NOT EXISTS setting (name TEXT PRIMARY KEY, doc TEXT NOT NULL) WITHOUT ROWID;
    `);
  }

  /** @param chance a random number from 0 to 1, which chooses the fault */
  send(mail: Mail, key: string | null, chance: number): MailAnswer {
    const now = Date.now();
    return this.ctx.storage.transactionSync(() => {
      const body = JSON.stringify(mail);
      const known = key === null ? null : this.#known(key, now);
      if (known === null) return this.#take(mail, key, body, chance, now);
      if (known.body === body) return { status: 200, body: { id: known.id } };
      const message = "Same idempotency key used with a different request payload.";
      return refusal(409, "invalid_idempotent_request", message);
    });
  }

  #take(mail: Mail, key: string | null, body: string, chance: number, now: number): MailAnswer {
    const fault = this.#faultAt(chance);
    if (fault !== null && fault !== "answerLost") return FAULTS[fault];
    const id = crypto.randomUUID();
    const kept: KeptMail = { ...mail, id, key, at: new Date(now).toISOString() };
    this.#sql.exec("INSERT INTO mail (id, doc) VALUES (?, ?)", id, JSON.stringify(kept));
    this.#sql.exec("DELETE FROM mail WHERE seq <= (SELECT MAX(seq) FROM mail) - ?", MAILS_KEPT_MAX);
    if (key !== null) {
      this.#sql.exec("INSERT OR REPLACE INTO key VALUES (?, ?, ?, ?)", key, body, id, now);
    }
    return fault === null ? { status: 200, body: { id } } : FAULTS[fault];
  }

  #known(key: string, now: number): z.infer<typeof keySchema> | null {
    const [row] = this.#sql.exec("SELECT body, id, at_ms FROM key WHERE name = ?", key);
    const known = keySchema.safeParse(row).data;
    return known === undefined || now - known.at_ms >= KEY_REMEMBERED_MS ? null : known;
  }

  #faultAt(chance: number): keyof MailFaults | null {
    const faults = this.faults();
    let until = 0;
    for (const name of ["refused", "bounced", "busy", "failed", "answerLost"] as const) {
      until += faults[name];
      if (chance < until) return name;
    }
    return null;
  }

  faults(): MailFaults {
    const [row] = this.#sql.exec("SELECT doc FROM setting WHERE name = 'faults'");
    const stored = docSchema.safeParse(row).data;
    return stored === undefined ? NO_FAULTS : mailFaultsSchema.parse(JSON.parse(stored.doc));
  }

  setFaults(faults: MailFaults): void {
    const doc = JSON.stringify(faults);
    this.#sql.exec("INSERT OR REPLACE INTO setting VALUES ('faults', ?)", doc);
  }

  /** The newest first. @param to only mails to this address; null: all */
  list(to: string | null, limit: number): KeptMail[] {
    const rows = this.#sql.exec("SELECT doc FROM mail ORDER BY seq DESC").toArray();
    const mails = rows.map((row) => keptSchema.parse(JSON.parse(docSchema.parse(row).doc)));
    const theirs = to === null ? mails : mails.filter((mail) => mail.to.includes(to));
    return theirs.slice(0, limit);
  }

  find(id: string): KeptMail | null {
    const [row] = this.#sql.exec("SELECT doc FROM mail WHERE id = ?", id);
    const stored = docSchema.safeParse(row).data;
    return stored === undefined ? null : keptSchema.parse(JSON.parse(stored.doc));
  }

  clear(): void {
    this.#sql.exec("DELETE FROM mail; DELETE FROM key; DELETE FROM setting;");
  }
}
