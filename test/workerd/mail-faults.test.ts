/**
 * Mails under random faults: messages that are repeated, lost, reordered and handled at once, a
 * service that fails, is busy, refuses or loses its answer, crashes between sending and recording,
 * and events that come again.
 *
 * The laws: a mail that the record knows as sent is not sent again; a mail service that remembers
 * keys sends every mail once; and when the faults end, every mail that was not refused for good is
 * sent. The seed of a failing story is printed.
 */
import { env } from "cloudflare:workers";
import * as fc from "fast-check";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { sweepMails } from "../../queues/mail/mail-outbox.ts";
import { MAIL_LEASE_MS, MAIL_OVERDUE_MS } from "../../src/domain/limits.ts";
import { mailMessage } from "../../src/domain/mail/mail.ts";
import { pass, startClock } from "./support/clock.ts";
import { MailShop } from "./support/mail-shop.ts";

beforeEach(() => {
  startClock();
  for (const level of ["warn", "error"] as const) {
    vi.spyOn(console, level).mockImplementation(() => undefined);
  }
});
afterEach(() => vi.restoreAllMocks());

const STORIES = 12;
const SETTLING_ROUNDS_MAX = 40;

type Answer = "ok" | "failed" | "lost" | "busy" | "no_connection";
const answers = fc.constantFrom<Answer>("ok", "failed", "lost", "busy", "no_connection");
const step = fc.record({
  answer: answers,
  /** Messages are handed over this often, at once. */
  copies: fc.integer({ min: 1, max: 3 }),
  loses: fc.boolean(),
  /** A message from before comes again. */
  old: fc.boolean(),
  eventAgain: fc.boolean(),
  crashes: fc.boolean(),
  passes_s: fc.constantFrom(0, 1, 30, 61, 600),
});

/** A mail service that counts the mails of each key, and remembers keys if it is a good one. */
class Service {
  readonly sends: string[] = [];
  readonly keys = new Set<string>();
  answer: Answer = "ok";
  readonly #remembers: boolean;

  constructor(remembers: boolean) {
    this.#remembers = remembers;
    vi.spyOn(globalThis, "fetch").mockImplementation(async (_, init) => {
      return this.#take(new Headers(init?.headers).get("idempotency-key") ?? "");
    });
  }

  #take(key: string): Response {
    if (this.answer === "no_connection") throw new TypeError("no connection, as planned");
    if (this.answer === "busy") return Response.json({}, { status: 429 });
    if (this.answer === "failed") return Response.json({}, { status: 500 });
    if (!this.#remembers || !this.keys.has(key)) this.sends.push(key);
    this.keys.add(key);
    if (this.answer === "lost") return Response.json({}, { status: 500 });
    return Response.json({ id: `m-${this.sends.length}` });
  }
}

/** D1, which takes no record of an outcome while `isDown()`: the Worker died before it. */
function forgetful(isDown: () => boolean): D1Database {
  const prepare = (sql: string) => {
    if (isDown() && sql.includes("service_id = ?6")) throw new Error("crashed, as planned");
    return env.ORDER_BOOK.prepare(sql);
  };
  return new Proxy(env.ORDER_BOOK, {
    get: (book, name): unknown =>
      name === "prepare" ? prepare : Reflect.get(book, name).bind(book),
  });
}

async function stateOf(id: string): Promise<string> {
  const row = await env.ORDER_BOOK.prepare("SELECT state FROM mails WHERE id = ?").bind(id).first();
  return String(row?.["state"]);
}

async function live(
  shop: MailShop,
  service: Service,
  events: readonly unknown[],
  mail: string,
  story: readonly (typeof step extends fc.Arbitrary<infer Step> ? Step : never)[],
): Promise<void> {
  let crashes = false;
  shop.change = { ORDER_BOOK: forgetful(() => crashes) };
  await shop.tell(...events);
  for (const { answer, copies, loses, old, eventAgain, crashes: crashesNow, passes_s } of story) {
    service.answer = answer;
    crashes = crashesNow;
    if (eventAgain) await shop.tell(...events);
    const bodies = shop.waiting.splice(0).map(({ body }) => body);
    const known = await stateOf(mail);
    const before = service.sends.length;
    if (!loses) {
      if (old) bodies.push(mailMessage(mail));
      const all = Array.from({ length: copies }, () => bodies).flat();
      const { again } = await shop.handOver(all);
      for (const body of again) shop.waiting.push({ body, delay_s: 0 });
    }
    const isSent = known === "sent";
    expect(isSent && service.sends.length > before, "sent again").toBe(false);
    pass(passes_s * 1000);
  }
  service.answer = "ok";
  crashes = false;
  for (let round = 0; round < SETTLING_ROUNDS_MAX; round += 1) {
    if ((await stateOf(mail)) !== "pending") return;
    pass(Math.max(MAIL_LEASE_MS, MAIL_OVERDUE_MS) + 1000);
    await sweepMails(shop.env, Date.now());
    const { again } = await shop.deliver();
    for (const body of again) shop.waiting.push({ body, delay_s: 0 });
  }
}

test("every mail is sent at last, never again once the record knows it, and once by a service with keys", async () => {
  const property = fc.asyncProperty(
    fc.array(step, { minLength: 1, maxLength: 8 }),
    fc.boolean(),
    async (story, remembers) => {
      vi.restoreAllMocks();
      for (const level of ["warn", "error"] as const) {
        vi.spyOn(console, level).mockImplementation(() => undefined);
      }
      const shop = new MailShop();
      const { id, events, state } = await shop.order();
      const mail = `${id}:${state}`;
      const service = new Service(remembers);
      await live(shop, service, events, mail, story);
      expect(await stateOf(mail)).toBe("sent");
      expect([...new Set(service.sends)]).toEqual([mail]);
      // Where the service forgets, only a try whose outcome nobody recorded is made again.
      const unclear = story.filter(({ answer, crashes }) => answer === "lost" || crashes).length;
      expect(service.sends.length).toBeLessThanOrEqual(remembers ? 1 : 1 + unclear);
    },
  );
  await fc.assert(property, { numRuns: STORIES, endOnFailure: true });
}, 120_000);
