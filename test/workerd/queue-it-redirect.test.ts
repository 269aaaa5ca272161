/**
 * What an admitted shopper gets while the deployment has lost its Queue-it secret: no way to a
 * connector that would send them away, and the admission all the same.
 */
import { afterEach, expect, test, vi } from "vitest";
import { queueItRedirect, type GoingOn } from "../../src/proxy/queue-it-redirect.ts";
import { saleOf } from "../node/support/sale-document.ts";

const QUEUE_IT_SECRET = "e5f9c2".repeat(12);
const TOKEN = "a-signed-admission";
const NOW = Date.parse("2026-11-27T10:00:00Z");
const sale = saleOf({}, { queueIt: { eventId: "airone" } });

afterEach(() => {
  vi.restoreAllMocks();
});

function goingOn(secret: string): GoingOn {
  // Verified before it comes here; only its id and its end are read.
  const admission = {
    id: "adm_tkt_1",
    sale: sale.id,
    subject: "sub_1",
    lane: "general",
    issuedAt_ms: NOW,
    expiresAt_ms: NOW + 600_000,
    device: null,
    number: null,
    place: null,
  };
  const env: Pick<GateEnv, "ISSUER"> & { readonly QUEUE_IT_SECRET: string } = {
    ISSUER: "sluice",
    QUEUE_IT_SECRET: secret,
  };
  return {
    sale,
    request: new Request("https://shop.example/drops/air"),
    asked: "document",
    admission: { kind: "valid", token: TOKEN, admission },
    cookies: [`__Host-sluice-admission-air-one=${TOKEN}`],
    tools: { env, now: NOW, chance: 0 },
  };
}

test("without the secret the answer is 503, and the operator's log names it and shows no token", async () => {
  const log = vi.spyOn(console, "error").mockImplementation(() => {});
  const going = goingOn("");
  const answer = await queueItRedirect(going);
  expect(answer?.status).toBe(503);
  expect(answer?.headers.getSetCookie()).toEqual([`__Host-sluice-admission-air-one=${TOKEN}`]);
  expect(answer?.headers.get("location")).toBeNull();
  const said = log.mock.calls.flat().join();
  expect(said).toContain("QUEUE_IT_SECRET is missing");
  expect(said).not.toContain(TOKEN);
});

test("with it the redirect carries the admission's cookie and the gate's own mark", async () => {
  const answer = await queueItRedirect(goingOn(QUEUE_IT_SECRET));
  expect(answer?.status).toBe(302);
  expect(answer?.headers.get("location")).toContain(
    "https://shop.example/drops/air?queueittoken=e_",
  );
  expect(answer?.headers.get("location")).not.toContain(QUEUE_IT_SECRET);
  expect(answer?.headers.getSetCookie().map((line) => line.split("=")[0])).toEqual([
    "__Host-sluice-admission-air-one",
    "__Host-sluice-queue-it-air-one",
  ]);
});
