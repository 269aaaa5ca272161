/**
 * A tiny server for the example page: its files, and the headers that a page with a payment form
 * should have.
 *
 * Guarantee: the page loads scripts from this server and from Stripe only, talks to these and to
 * the gate only, and is in no frame. Not for the open internet: it listens on the loopback
 * interface, without TLS, which a shop's own web server provides.
 */
import { readFileSync } from "node:fs";
import { createServer, type Server } from "node:http";

export interface CheckoutServerOptions {
  /** The gate's origin, such as https://tickets.shop.example. */
  readonly gate: string;
  /** The address of Stripe.js: Stripe's own, or the sandbox's stand-in. */
  readonly stripeJs: string;
  /** 0: any free port. */
  readonly port: number;
}

export interface CheckoutServer {
  /** The address of the page: `checkout.page` of a sale. */
  readonly url: string;
  stop(): Promise<void>;
}

const TYPES: Readonly<Record<string, string>> = {
  html: "text/html; charset=utf-8",
  css: "text/css; charset=utf-8",
  js: "text/javascript; charset=utf-8",
};
const FILES = ["index.html", "checkout.css", "checkout.js", "form.js", "sluice.js"];

export async function startCheckoutServer(options: CheckoutServerOptions): Promise<CheckoutServer> {
  const files = new Map(FILES.map((name) => [name, readPage(name, options)]));
  const policy = policyOf(options);
  const server = createServer(({ url = "/" }, response) => {
    const path = new URL(url, "http://localhost").pathname.slice(1);
    const name = path === "" ? "index.html" : path;
    const text = files.get(name);
    if (text === undefined) return response.writeHead(404).end();
    return response
      .writeHead(200, {
        "content-type": TYPES[name.slice(name.lastIndexOf(".") + 1)] ?? "text/plain",
        "content-security-policy": policy,
        "referrer-policy": "no-referrer",
        "cache-control": "no-store",
        "x-content-type-options": "nosniff",
      })
      .end(text);
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject).listen(options.port, "127.0.0.1", resolve);
  });
  return {
    url: `http://localhost:${portOf(server)}/`,
    stop: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function readPage(name: string, { gate, stripeJs }: CheckoutServerOptions): string {
  const text = readFileSync(new URL(`page/${name}`, import.meta.url), "utf8");
  return text
    .replace("{{gate}}", new URL(gate).origin)
    .replace("{{stripe}}", new URL(stripeJs).href);
}

/** https://docs.stripe.com/security/guide#content-security-policy, and the gate. */
function policyOf({ gate, stripeJs }: CheckoutServerOptions): string {
  const { origin } = new URL(stripeJs);
  const isStripe = origin === "https://js.stripe.com";
  const scripts = isStripe ? "https://js.stripe.com https://*.js.stripe.com" : origin;
  const frames = isStripe ? `${scripts} https://hooks.stripe.com` : origin;
  const api = isStripe ? "https://api.stripe.com" : origin;
  return [
    "default-src 'none'",
    `script-src 'self' ${scripts}`,
    `frame-src ${frames}`,
    `connect-src ${new URL(gate).origin} ${api}`,
    // Stripe's elements style the place that they are mounted in.
    "style-src 'self' 'unsafe-inline'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join("; ");
}

function portOf(server: Server): number {
  const address = server.address();
  if (typeof address !== "object" || address === null) throw new Error("the server has no port");
  return address.port;
}
