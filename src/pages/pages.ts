/**
 * The shopper's pages: every address, and what stands before all of them.
 *
 * Guarantee: works without scripts. All that changes something is a form of this origin's own, of
 * limited size and number; all that goes wrong is a page that says what to do next. Not for:
 * merchants.
 */
import { Hono } from "hono";
import { BODY_BYTES_MAX } from "../domain/limits.ts";
import { saleIdSchema } from "../domain/sale/sale.ts";
import { carriedOf, isOwnOrigin, type GateApp } from "../web/gate-app.ts";
import { isOverLimit, RATE_LIMIT_RETRY_S } from "../web/rate-limits.ts";
import { wholeBody } from "../web/whole-body.ts";
import { forSale, forVisit, pageHeaders, sendNotice } from "./answers.ts";
import { cartForm, emptyForm, enterForm, forForm, joinForm, orderForm } from "./forms.ts";
import { showFairness } from "./routes/fairness.ts";
import {
  backFromForm,
  checkKept,
  enterShop,
  joinLine,
  leaveShop,
  showPlace,
  showSales,
  showStorefront,
} from "./routes/line.ts";
import { hidePass } from "./routes/pass.ts";
import { showProof } from "./routes/proof.ts";
import {
  changeCart,
  orderCart,
  refuseCartForm,
  refuseOrderForm,
  showCart,
  showOrder,
} from "./routes/purchase.ts";

export const pages = new Hono<GateApp>();

pages.use(pageHeaders);
pages.post("*", async (c, next) => {
  if (!isOwnOrigin(c)) return sendNotice(c, { kind: "foreign_origin" });
  return next();
});
pages.post(
  "*",
  wholeBody(BODY_BYTES_MAX, {
    tooLarge: (c) => sendNotice(c, { kind: "body_too_large" }),
    brokenOff: (c) => {
      return sendNotice(c, { kind: "bad_form", field: "form", message: "It did not arrive whole" });
    },
  }),
);
pages.post("/:sale/*", async (c, next) => {
  const sale = saleIdSchema.safeParse(c.req.param("sale"));
  const { admission = null, ticket = null } = sale.success ? carriedOf(c, sale.data) : {};
  if (!(await isOverLimit(c.env, c.req.raw.headers, admission ?? ticket))) return next();
  return sendNotice(c, { kind: "rate_limited", retry_s: RATE_LIMIT_RETRY_S });
});

pages.get("/", showSales);
pages.get("/:sale", hidePass, forVisit(showStorefront));
pages.post("/:sale/join", forForm(joinForm, joinLine));
pages.get("/:sale/proof", forVisit(showProof));
pages.get("/:sale/wait", forVisit(showPlace));
pages.get("/:sale/kept", forSale(checkKept));
pages.post("/:sale/enter", forForm(enterForm, enterShop));
pages.post("/:sale/leave", forForm(emptyForm, leaveShop));
pages.get("/:sale/fairness", forVisit(showFairness));
pages.get("/:sale/cart", forVisit(showCart));
pages.post("/:sale/cart", forForm(cartForm, changeCart, refuseCartForm));
pages.post("/:sale/order", forForm(orderForm, orderCart, refuseOrderForm));
pages.get("/:sale/orders/:order", forSale(showOrder));
// Each by its own path: a pattern here would put every route of the gate on Hono's slower router.
for (const form of ["join", "enter", "leave", "order"]) {
  pages.get(`/:sale/${form}`, forSale(backFromForm));
}

pages.all("*", (c) => sendNotice(c, { kind: "page_not_found" }));

pages.onError((error, c) => {
  const why = error instanceof Error ? error.message : "unknown";
  console.error(JSON.stringify({ at: "pages", event: "broken", path: c.req.path, why }));
  return sendNotice(c, { kind: "broken" });
});
