/**
 * A client that disconnects in the middle of its body: nothing changes, and no error is logged.
 */
import { connect } from "node:net";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { LogEntry } from "../../simulation/host/host.ts";
import { expectNoChange } from "./support/problem-checks.ts";
import { admit, makeSale, type Sluice, startSluice } from "./support/sluice.ts";

const SALE = "broken-bodies";
const errors: string[] = [];
let sluice: Sluice;
let admission: Record<string, string>;

beforeAll(async () => {
  const onLog = ({ level, message }: LogEntry): void => {
    if (level === "error") errors.push(message);
  };
  sluice = await startSluice({ onLog, pipeline: false });
  await makeSale(sluice, SALE);
  admission = await admit(sluice, SALE);
});
afterAll(() => sluice.stop());

/** The answer on a connection whose client sends nothing more. */
function answerTo(text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const { hostname, port } = new URL(sluice.host.gateUrl);
    const pieces: Buffer[] = [];
    const socket = connect({ host: hostname, port: Number(port) }, () => socket.end(text));
    socket.on("data", (piece) => pieces.push(piece));
    socket.on("error", reject);
    socket.on("close", () => resolve(Buffer.concat(pieces).toString()));
  });
}

test.each([
  ["api", `/_sluice/v1/sales/${SALE}/cart`, "PUT", "application/json"],
  ["merchant's api", `/_sluice/admin/v1/sales/${SALE}/actions`, "POST", "application/json"],
  ["pages", `/_sluice/shop/${SALE}/leave`, "POST", "application/x-www-form-urlencoded"],
])(
  "%s: an incomplete body changes nothing, and is not an error of the gate",
  async (_, path, method, type) => {
    const head = [`${method} ${path} HTTP/1.1`, "Host: shop.example", `Content-Type: ${type}`];
    head.push(`Sluice-Admission: ${admission["sluice-admission"]}`);
    head.push(`Authorization: Bearer ${sluice.host.adminToken}`, "Connection: close");
    const answer = await expectNoChange(sluice, SALE, () => {
      return answerTo([...head, "Transfer-Encoding: chunked", "", "20", "{}"].join("\r\n"));
    });
    expect(answer).toMatch(/^HTTP\/1.1 4\d\d /);
    expect(errors).toEqual([]);
  },
);
