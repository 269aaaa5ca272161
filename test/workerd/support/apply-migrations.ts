/**
 * Runs before each file of workerd tests, whose storage starts empty: gives the order book its
 * tables. Applying them again is harmless.
 */
import { applyD1Migrations, reset } from "cloudflare:test";
import { env } from "cloudflare:workers";

await reset();
await applyD1Migrations(env.ORDER_BOOK, env.MIGRATIONS);
