/**
 * The HTTP adapters with servers that hang, send too much or redirect, in Node and in workerd: each
 * call ends in time, with an outcome, and goes to one address only.
 */
import { fileURLToPath } from "node:url";
import { convertV4MiniflareOptions, Miniflare } from "miniflare";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { z } from "zod";
import { bundleWorker } from "../../simulation/host/bundle.ts";
import { readCompatibility } from "../../scripts/worker-config.ts";
import { BACKEND_ANSWER_BYTES_MAX } from "../../src/domain/limits.ts";
import {
  ask,
  NEW_SECRET,
  paymentId,
  respondWith,
  type Script,
  type ScriptedBackend,
  startScriptedBackend,
  TIMEOUT_MS,
} from "./support/scripted-backend.ts";

let backend: ScriptedBackend;
let workerd: Miniflare;
let probeUrl: string;
beforeAll(async () => {
  backend = await startScriptedBackend();
  const probe = fileURLToPath(new URL("support/http-backend-probe.ts", import.meta.url));
  workerd = new Miniflare(
    convertV4MiniflareOptions({
      name: "probe",
      modules: true,
      script: await bundleWorker(probe),
      ...readCompatibility("queues/wrangler.toml"),
    }),
  );
  probeUrl = (await workerd.ready).origin;
});
afterAll(async () => {
  backend.stop();
  await workerd.dispose();
});

const outcomeSchema = z.object({ kind: z.string(), reason: z.string().optional() });
type Outcome = z.infer<typeof outcomeSchema>;

async function lookUp(runtime: "Node" | "workerd", url = backend.url): Promise<Outcome> {
  if (runtime === "Node") return ask(backend.payments, "lookup");
  const body = JSON.stringify({ url, secret: NEW_SECRET, timeout_ms: TIMEOUT_MS });
  return outcomeSchema.parse(await (await fetch(probeUrl, { method: "POST", body })).json());
}

const found = { answer: "found", payment: paymentId, authorized: 0, captured: 0, refunded: 0 };
const good = JSON.stringify({ ...found, standing: "prepared" });
const padded = (bytes: number) => good.padEnd(bytes, " ");

describe.each(["Node", "workerd"] as const)("in %s", (runtime) => {
  test.each<[string, Script]>([
    ["never answers", () => undefined],
    ["sends headers and no body", (response) => response.writeHead(200).flushHeaders()],
    ["stops in the middle of the body", (response) => response.writeHead(200).write('{"answer"')],
  ])("a server that %s is unknown within the deadline", async (_name, answer) => {
    backend.next(answer);
    const began = performance.now();
    const { kind, reason } = await lookUp(runtime);
    expect({ kind, reason }).toEqual({
      kind: "unknown",
      reason: `no answer within ${TIMEOUT_MS} ms`,
    });
    expect(performance.now() - began).toBeLessThan(TIMEOUT_MS + 500);
    expect(backend.sent).toHaveLength(1);
  });

  test("after a timeout the connection is closed", async () => {
    let isClosed: () => boolean = () => false;
    backend.next((response) => {
      isClosed = () => response.destroyed;
    });
    expect(await lookUp(runtime)).toMatchObject({ kind: "unknown" });
    await expect.poll(() => isClosed()).toBe(true);
  });

  test("an answer that arrives slowly forever is unknown within the deadline", async () => {
    let drip: ReturnType<typeof setInterval> | undefined;
    backend.next((response) => {
      response.writeHead(200);
      drip = setInterval(() => response.write(" "), 20);
    });
    expect(await lookUp(runtime)).toMatchObject({ kind: "unknown" });
    clearInterval(drip);
  });

  test("an answer of the maximum length is read; one byte more is unknown", async () => {
    backend.next(respondWith(200, padded(BACKEND_ANSWER_BYTES_MAX)));
    expect(await lookUp(runtime)).toMatchObject({ kind: "found" });
    backend.next(respondWith(200, padded(BACKEND_ANSWER_BYTES_MAX + 1)));
    expect(await lookUp(runtime)).toMatchObject({ kind: "unknown" });
  });

  test("an endless answer is aborted when it is too long", async () => {
    let isClosed: () => boolean = () => false;
    backend.next((response) => {
      isClosed = () => response.destroyed;
      const more = () => {
        if (response.write(" ".repeat(65_536))) setImmediate(more);
      };
      response
        .writeHead(200)
        .on("drain", more)
        .on("error", () => undefined);
      more();
    });
    expect(await lookUp(runtime)).toMatchObject({ kind: "unknown" });
    await expect.poll(() => isClosed()).toBe(true);
  });

  test("an answer that is not UTF-8 is unknown", async () => {
    backend.next((response) => {
      response.writeHead(200);
      response.write('{"note":"');
      response.write(Buffer.from([0xff, 0xfe]));
      response.end(`",${good.slice(1)}`);
    });
    expect(await lookUp(runtime)).toMatchObject({ kind: "unknown" });
  });

  test.each([301, 302, 303, 307, 308])("a redirect by %i is not followed", async (status) => {
    backend.next(
      respondWith(status, "", { location: `${backend.url}/elsewhere` }),
      respondWith(200, good),
    );
    expect(await lookUp(runtime)).toMatchObject({ kind: "unknown", reason: String(status) });
    expect(backend.sent).toHaveLength(1);
  });

  test("a failed call is not repeated, because the saga decides about that", async () => {
    backend.next(respondWith(500, ""), respondWith(200, good));
    expect(await lookUp(runtime)).toMatchObject({ kind: "unknown" });
    expect(backend.sent).toHaveLength(1);
  });
});
