/**
 * The OpenAPI document as the gate serves it, generated in this process: no Worker is started.
 */
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { z } from "zod";
import { PROJECT_ROOT } from "./project-root.ts";

interface Api {
  request(path: string, init: RequestInit, env: object): Response | Promise<Response>;
}
const apiSchema = z.object({
  jsonApi: z.custom<() => Api>((value) => typeof value === "function"),
});

/** As JSON. The API is imported by its address, because its types are those of Workers. */
export async function openApiDocument(): Promise<string> {
  const address = pathToFileURL(join(PROJECT_ROOT, "src", "api", "api.ts")).href;
  const { jsonApi } = apiSchema.parse(await import(address));
  return (await jsonApi().request("/openapi.json", {}, {})).text();
}
