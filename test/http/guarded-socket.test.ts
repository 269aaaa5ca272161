/**
 * WebSockets of admitted shoppers: messages of both kinds pass in both directions, and the
 * connection ends with the admission on which it was opened.
 */
import { afterAll, beforeAll, expect, test } from "vitest";
import { WebSocket } from "undici";
import { startOrigin, type OriginServer } from "./support/origin-server.ts";
import { connections, makeSale, startSluice, textOf, type Sluice } from "./support/sluice.ts";

let origin: OriginServer;
let sluice: Sluice;

beforeAll(async () => {
  origin = await startOrigin();
  sluice = await startSluice({ pipeline: false, variables: { gate: { ORIGIN: origin.url } } });
});
afterAll(async () => {
  await sluice.stop();
  await origin.stop();
});

async function admittedTo(sale: string, sessionSeconds: number): Promise<Record<string, string>> {
  const guards = [{ host: "*", path: `/${sale}/*` }];
  const seconds = { sessionSeconds, holdSeconds: 10, claimWindowSeconds: 5, ratePerMinute: 1e6 };
  await makeSale(sluice, sale, { items: [], guards, admission: seconds });
  const joined = await sluice.shopper("POST", `/sales/${sale}/tickets`);
  return { "sluice-admission": textOf(joined, "admission") };
}

interface Connection {
  readonly socket: WebSocket;
  readonly closed: Promise<{ readonly code: number; readonly reason: string }>;
  readonly echo: (message: string | Uint8Array<ArrayBuffer>) => Promise<unknown>;
}

async function connect(sale: string, headers: Record<string, string>): Promise<Connection> {
  const address = `${sluice.host.gateUrl.replace("http", "ws")}/${sale}/live`;
  const socket = new WebSocket(address, { headers, dispatcher: connections });
  socket.binaryType = "arraybuffer";
  const closed = new Promise<{ code: number; reason: string }>((resolve) => {
    socket.addEventListener("close", ({ code, reason }) => resolve({ code, reason }));
  });
  await new Promise((resolve, reject) => {
    socket.addEventListener("open", resolve, { once: true });
    socket.addEventListener("error", reject, { once: true });
  });
  const echo = (message: string | Uint8Array<ArrayBuffer>): Promise<unknown> => {
    const answered = new Promise((resolve) => {
      socket.addEventListener("message", ({ data }) => resolve(data), { once: true });
    });
    socket.send(message);
    return answered;
  };
  return { socket, closed, echo };
}

test("text passes, and the connection ends when the seat is given back", async () => {
  const admission = await admittedTo("socket-left", 600);
  const { echo, closed } = await connect("socket-left", admission);
  expect(await echo("is anybody there?")).toBe("is anybody there?");
  const headers = admission;
  const left = await sluice.shopper("DELETE", "/sales/socket-left/admissions/current", { headers });
  expect(left.status).toBe(204);
  expect(await closed).toEqual({ code: 1008, reason: "admission over" });
});

test("it ends when the admission expires", async () => {
  const { echo, closed } = await connect("socket-expires", await admittedTo("socket-expires", 30));
  expect(await echo("soon over")).toBe("soon over");
  expect(await closed).toEqual({ code: 1008, reason: "admission expired" });
}, 60_000);

test("a client that closes is closed with its own code", async () => {
  const { socket, closed } = await connect("socket-closed", await admittedTo("socket-closed", 600));
  socket.close(4000, "done");
  expect((await closed).code).toBe(4000);
});
