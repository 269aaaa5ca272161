/**
 * Loaded before `openapi-typescript` (`node --import`), so that it finds `typescript-api.ts`.
 */
import { registerHooks } from "node:module";

const API = new URL("typescript-api.ts", import.meta.url).href;

registerHooks({
  resolve: (specifier, context, next) =>
    next(specifier === "typescript" ? API : specifier, context),
});
