/**
 * SaleList: owns the list of all sales, with the document of each as it was last published. KV
 * mirrors it; isolates that KV shows nothing of a sale ask this object.
 *
 * Guarantee: a sale is stored here before KV shows it, and stays until it is deleted; then its id
 * is refused for good. The alarm compares KV with the rows every five minutes while a sale may go
 * on, and within a minute after an isolate lacked something, and writes what is missing or older,
 * at most `MIRROR_WRITES_MAX` documents a pass. Sales that only KV knows, because a release without
 * this object published them, are taken over from their rooms.
 * Weak: a document may be older than its room's; gates see that from the room's snapshot.
 */
import { DurableObject } from "cloudflare:workers";
import {
  KV_SHOWS_WITHIN_MS,
  MIRROR_CHECK_MS,
  MIRROR_RECHECK_MS,
  MIRROR_WRITES_MAX,
} from "../../src/domain/limits.ts";
import {
  guardListOf,
  planMirror,
  type GuardList,
  type Mirrored,
} from "../../src/domain/sale/mirror.ts";
import { errorText } from "../../src/encoding/error-text.ts";
import { log } from "../../src/platform/log.ts";
import { roomOf } from "../../src/platform/objects.ts";
import { withTimeout } from "../../src/platform/with-timeout.ts";
import { readPublished, type PublishedSale } from "../../src/sales/published-sale.ts";
import {
  readGuardList,
  readMirrored,
  writeGuardList,
  writeGuards,
  writeSale,
} from "../../src/sales/sale-mirror.ts";
import { SingleAlarm } from "../single-alarm.ts";
import { SaleTables } from "./sale-tables.ts";

/** From a change to the pass that writes the index of guards. */
const SOON_MS = 1000;

/** The answer to an isolate that lacks guards. */
export interface OwnedGuards {
  /** All sales whose guards are in force, with their revisions. */
  readonly sales: Readonly<Record<string, number>>;
  /** The documents that the isolate has not, or has older, as KV stores them. */
  readonly newer: readonly string[];
}

export interface Republished {
  /** How many sales this call wrote. */
  readonly written: number;
  /** The id after which the next call continues; null when all are written. */
  readonly next: string | null;
}

export class SaleList extends DurableObject<GateEnv> {
  readonly #rows: SaleTables;
  readonly #alarm: SingleAlarm;
  #checkedAt_ms = Number.NEGATIVE_INFINITY;
  /** When each document was last written to KV, which may not show it yet. */
  readonly #written = new Map<string, number>();
  /** In KV, and no room knows them. */
  readonly #orphans = new Set<string>();
  /** The pass that is running. */
  #pass: Promise<unknown> = Promise.resolve();

  constructor(ctx: DurableObjectState, env: GateEnv) {
    super(ctx, env);
    this.#rows = new SaleTables(ctx.storage.sql);
    this.#alarm = new SingleAlarm(ctx.storage);
  }

  /**
   * Durable before the answer. An older revision changes nothing, nor does a deleted sale.
   * @param isMirrored the caller writes KV next; else the next pass does
   */
  async publish(published: PublishedSale, isMirrored: boolean): Promise<void> {
    const now = Date.now();
    const isNew = this.#rows.keep(published);
    if (isNew) {
      if (isMirrored) this.#written.set(published.sale.id, now);
      else this.#written.delete(published.sale.id);
    }
    await this.#alarm.arm([isNew ? now + SOON_MS : this.#nextCheck_ms(now)], now);
  }

  /** The sale was deleted. When this has returned, no pass writes it to KV any more. */
  async withdraw(id: string): Promise<void> {
    const now = Date.now();
    this.#rows.withdraw(id);
    this.#written.delete(id);
    await this.#pass;
    await this.#alarm.arm([now + SOON_MS], now);
  }

  /** All sales, in order. */
  async ids(): Promise<string[]> {
    return this.#rows.owned().map(({ id }) => id);
  }

  /** As KV stores it; KV did not show it. Null: there is no such sale. */
  async find(id: string): Promise<string | null> {
    const text = this.#rows.text(id);
    if (text !== null) await this.#checkSoon();
    return text;
  }

  /** KV did not show an isolate all guards. @param known what the isolate has */
  async guards(known: Readonly<Record<string, number>>): Promise<OwnedGuards> {
    await this.#checkSoon();
    const { sales } = guardListOf(this.#rows.owned(), Date.now());
    const lacking = Object.entries(sales).filter(([id, revision]) => revision > (known[id] ?? 0));
    const newer = lacking.map(([id]) => this.#rows.text(id)).filter((text) => text !== null);
    return { sales, newer };
  }

  /** An operator's command: writes KV again, from the documents of the rooms, in pages. */
  async republish(after: string | null): Promise<Republished> {
    if (after === null) await this.#adopt(await readMirrored(this.env.CONFIG));
    const ids = (await this.ids()).filter((id) => after === null || id > after);
    const page = ids.slice(0, MIRROR_WRITES_MAX);
    await Promise.all(page.map((id) => this.#takeOver(id)));
    await this.#write(page, page);
    const next = ids.length > page.length ? (page.at(-1) ?? null) : null;
    if (next === null) await writeGuardList(this.env.CONFIG, this.#guardList());
    return { written: page.length, next };
  }

  override async alarm(): Promise<void> {
    this.#alarm.fired();
    const pass = this.#check();
    this.#pass = pass;
    const isDone = await pass;
    const now = Date.now();
    await this.#alarm.arm([isDone ? this.#nextCheck_ms(now) : now + SOON_MS], now);
  }

  /** Null when no sale can go on any more: then only what is asked causes a check. */
  #nextCheck_ms(now: number): number | null {
    return this.#rows.goesOn(now) ? now + MIRROR_CHECK_MS : null;
  }

  async #checkSoon(): Promise<void> {
    const now = Date.now();
    await this.#alarm.arm([Math.max(now + SOON_MS, this.#checkedAt_ms + MIRROR_RECHECK_MS)], now);
  }

  #guardList(): GuardList {
    return guardListOf(this.#rows.owned(), Date.now());
  }

  /** Compares KV with the rows and writes what is missing; false when some is left to write. */
  async #check(): Promise<boolean> {
    this.#checkedAt_ms = Date.now();
    try {
      const kv = this.env.CONFIG;
      const [mirrored, shown] = await Promise.all([readMirrored(kv), readGuardList(kv)]);
      await this.#adopt(mirrored);
      const now = Date.now();
      const plan = planMirror(this.#rows.owned(), mirrored, now);
      const isDue = (id: string): boolean =>
        now - (this.#written.get(id) ?? Number.NEGATIVE_INFINITY) >= KV_SHOWS_WITHIN_MS;
      const guards = [...plan.guards, ...plan.unguarded].filter(isDue);
      const sales = plan.sales.filter(isDue);
      const page = [...new Set([...guards, ...sales])].slice(0, MIRROR_WRITES_MAX);
      const inPage = new Set(page);
      await this.#write(
        guards.filter((id) => inPage.has(id)),
        sales.filter((id) => inPage.has(id)),
      );
      const list = this.#guardList();
      if (JSON.stringify(shown) !== JSON.stringify(list)) await writeGuardList(kv, list);
      if (page.length > 0) log.warn("sale-list", "republished", { sales: page.length });
      return guards.every((id) => inPage.has(id)) && sales.every((id) => inPage.has(id));
    } catch (error) {
      log.error("sale-list", "check_failed", { why: errorText(error) });
      return true;
    }
  }

  /** Guards before sales: a sale that is public while its addresses are open lets everybody in. */
  async #write(guards: readonly string[], sales: readonly string[]): Promise<void> {
    const kv = this.env.CONFIG;
    const written = async (
      ids: readonly string[],
      write: (published: PublishedSale) => Promise<void>,
    ): Promise<void> => {
      await Promise.all(
        ids.map(async (id) => {
          // It may have been deleted meanwhile.
          const published = this.#published(id);
          if (published === null) return;
          await write(published);
          this.#written.set(id, Date.now());
        }),
      );
    };
    await written(guards, (published) => writeGuards(kv, published, Date.now()));
    await written(sales, (published) => writeSale(kv, published));
  }

  #published(id: string): PublishedSale | null {
    const text = this.#rows.text(id);
    const published = text === null ? null : readPublished(text);
    if (text !== null && published === null)
      log.error("sale-list", "unreadable_sale", { sale: id });
    return published;
  }

  async #adopt({ sales }: Mirrored): Promise<void> {
    const owned = new Set(await this.ids());
    const strange = [...sales.keys()].filter((id) => !owned.has(id) && !this.#orphans.has(id));
    await Promise.all(strange.slice(0, MIRROR_WRITES_MAX).map((id) => this.#takeOver(id)));
  }

  /** The room's document, which is the newest. */
  async #takeOver(id: string): Promise<void> {
    if (this.#rows.isWithdrawn(id)) return;
    const answered = await withTimeout(this.#documentOf(id));
    if (answered === null) return;
    if (answered.document === null) this.#orphans.add(id);
    else this.#rows.keep(answered.document);
  }

  async #documentOf(id: string): Promise<{ readonly document: PublishedSale | null }> {
    return { document: await roomOf(this.env, id).document() };
  }
}
