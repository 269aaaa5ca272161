/**
 * Another site, for the browser tests: pages of a host that is no part of the gate's, so that
 * browsers treat its requests as cross-site.
 */
import { createServer } from "node:http";
import { z } from "zod";

export interface SecondSite {
  /** The address of a page with this markup. */
  readonly page: (markup: string) => string;
  readonly stop: () => Promise<void>;
}

/** The gate of these tests is at `localhost`, which is another site than this address. */
export async function startSecondSite(): Promise<SecondSite> {
  const pages = new Map<string, string>();
  const server = createServer((request, response) => {
    const markup = pages.get(request.url ?? "");
    response.writeHead(markup === undefined ? 404 : 200, { "Content-Type": "text/html" });
    response.end(`<!doctype html><title>Another site</title>${markup ?? ""}`);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = z.object({ port: z.int() }).parse(server.address());
  return {
    page: (markup) => {
      const path = `/${pages.size}`;
      pages.set(path, markup);
      return `http://127.0.0.1:${port}${path}`;
    },
    stop: () => {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}
