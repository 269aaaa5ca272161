/**
 * The local host passes the orders Worker's crons to `startCrons`: firing one reaches the Worker
 * and does its work, a failure is reported, and stopping the host stops them.
 */
import { expect, test, vi } from "vitest";
import type { StartCrons } from "../../simulation/host/crons.ts";
import { EVENTS_KEPT_MS } from "../../src/domain/limits.ts";
import { startSluice } from "./support/sluice.ts";

test("a cron of the local host does the orders Worker's work, until the host stops", async () => {
  const stop = vi.fn<() => void>();
  const startCrons = vi.fn<StartCrons>(() => ({ stop }));
  const sluice = await startSluice({ startCrons, onLog: () => undefined });
  try {
    const [crons = [], fire] = startCrons.mock.lastCall ?? [];
    expect(crons).toEqual(["*/5 * * * *"]);
    const book = await sluice.host.miniflare.getD1Database("ORDER_BOOK", "sluice-gate");
    const log = book.prepare(
      "INSERT INTO events (id, type, sale, at_ms, body) VALUES (?, 'sale.ended', 's', ?, '{}')",
    );
    const now = Date.now();
    await log.bind("old", now - EVENTS_KEPT_MS - 60_000).run();
    await log.bind("young", now).run();
    await fire?.("*/5 * * * *");
    const { body } = await sluice.merchant("GET", "/events");
    expect(body).toMatchObject({ events: [{ id: "young" }] });
    await book.prepare("DROP TABLE webhook_deliveries").run();
    await expect(fire?.("*/5 * * * *")).rejects.toThrow("sluice-orders ended it with");
    expect(stop).not.toHaveBeenCalled();
  } finally {
    await sluice.stop();
  }
  expect(stop).toHaveBeenCalledTimes(1);
});
