/**
 * What vitest.config.ts adds to the bindings of the Worker under test.
 */
declare namespace Cloudflare {
  interface Env {
    readonly MIGRATIONS: import("@cloudflare/vitest-plugin").D1Migration[];
  }
}
