/**
 * What must not compile against the generated types; each line that is marked has one error.
 */
import createClient from "openapi-fetch";
import type { paths } from "./openapi.ts";

const { GET, POST, PUT } = createClient<paths>({ baseUrl: "/_sluice" });
const path = { sale: "typed" };
const lines = [{ sku: "typed-shoe", quantity: 1 }];
const free = { sale: "typed", lines, buyer: { email: "" }, payment: { method: "" } };
const body = { ...free, expectedTotal: 0 };
const header = { "Idempotency-Key": "key" };

await GET("/v1/sales/{sale}/cohorts/{lane}/{k}", {
  params: { path: { ...path, lane: "general" } }, // wrong: no `k`
});
await POST("/v1/orders", { params: { header: {} }, body }); // wrong: no Idempotency-Key
await POST("/v1/orders", { params: { header }, body: free }); // wrong: no total
await PUT("/v1/sales/{sale}/cart", { params: { path }, body: { lines: [{}] } }); // wrong: no SKU
await GET("/v1/sale/{sale}/status", { params: { path } }); // wrong: no such path

const { error } = await GET("/v1/sales/{sale}/status", { params: { path } });
if (error?.code === "ticket_required") process.exitCode = 1;
if (error?.code === "sold_out") process.exitCode = 1; // wrong: not a problem of this operation
