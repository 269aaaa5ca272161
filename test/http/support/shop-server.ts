/**
 * A small shop behind the gate: an API under `/api/`, and pages. Pages under `/queue-` use
 * Queue-it's connector, like a shop's server, for the event `airone`.
 */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { askConnector } from "../../node/support/queue-it-connector.ts";

export interface ShopServer {
  readonly url: string;
  /** Every request that reached it: method and target. */
  readonly requests: readonly string[];
  stop(): Promise<void>;
}

function cookiesOf(request: IncomingMessage): Record<string, string> {
  const pairs = (request.headers.cookie ?? "").split("; ").map((pair) => {
    const at = pair.indexOf("=");
    return [pair.slice(0, at), decodeURIComponent(pair.slice(at + 1))] as const;
  });
  return Object.fromEntries(pairs);
}

/** True when the connector has answered; it redirects to the URL without the token. */
async function connect(request: IncomingMessage, response: ServerResponse): Promise<boolean> {
  if (request.url?.startsWith("/queue-") !== true) return false;
  const host = request.headers["x-forwarded-host"];
  const url = new URL(`http://${String(host)}${request.url}`);
  const token = url.searchParams.get("queueittoken") ?? "";
  url.searchParams.delete("queueittoken");
  const visit = { url: url.href, token, cookies: cookiesOf(request) };
  const { sendsTo, cookies } = await askConnector(visit, { eventId: "airone" });
  for (const [name, value] of Object.entries(cookies)) {
    response.appendHeader("Set-Cookie", `${name}=${encodeURIComponent(value)}; Path=/; HttpOnly`);
  }
  const onward = sendsTo ?? (token === "" ? null : url.href);
  if (onward === null) return false;
  response.writeHead(302, { location: onward }).end();
  return true;
}

function answer(request: IncomingMessage, response: ServerResponse): void {
  if (request.url?.startsWith("/api/") === true) {
    response.writeHead(200, { "content-type": "application/json" });
    response.end(JSON.stringify({ shoes: 5, admitted: "sluice-admission" in request.headers }));
    return;
  }
  response.writeHead(200, { "content-type": "text/html" });
  response.end("<!doctype html><title>The shop</title><h1>Welcome to the drop</h1>");
}

async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
  try {
    if (!(await connect(request, response))) answer(request, response);
  } catch (error) {
    response.writeHead(500).end(String(error));
  }
}

export async function startShop(): Promise<ShopServer> {
  const requests: string[] = [];
  const server = createServer((request, response) => {
    requests.push(`${request.method ?? ""} ${request.url ?? ""}`);
    void serve(request, response);
  });
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("listens on no port");
  const { port } = address;
  return {
    url: `http://127.0.0.1:${port}`,
    requests,
    stop: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => {
        server.close(resolve);
      });
    },
  };
}
