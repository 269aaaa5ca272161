/**
 * The stand-in beacon (`sandbox/beacon.ts`) at an address of this machine, for a host's gate. It is
 * there without the pipeline too, because a lottery waits for its round.
 */
import { createServer } from "node:http";
import { answerOfBeacon } from "../sandbox/beacon.ts";
import { LOOPBACK } from "./ports.ts";

export interface BeaconServer {
  readonly url: string;
  readonly stop: () => Promise<void>;
}

/** @param answer what it answers; a test gives another beacon */
export function startBeaconServer(answer = answerOfBeacon): Promise<BeaconServer> {
  const server = createServer((request, response) => {
    const { status, body } = answer(request.url ?? "/", Date.now());
    response.writeHead(status, { "content-type": "application/json" });
    response.end(JSON.stringify(body));
  });
  const stop = (): Promise<void> => {
    return new Promise((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
  };
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, LOOPBACK, () => {
      const address = server.address();
      if (address === null || typeof address === "string") return reject(new Error("no port"));
      // It keeps no process alive: the host does.
      server.unref();
      resolve({ url: `http://${LOOPBACK}:${address.port}`, stop });
    });
  });
}
