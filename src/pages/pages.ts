/**
 * The shopper's pages: their routes, and the checks before every form.
 *
 * Guarantee: works without scripts. Only forms of this origin change anything, and their size and
 * rate are limited; every failure is a page that says what to do next. Not for merchants.
 */
import { Hono } from "hono";
import { BODY_BYTES_MAX } from "../domain/limits.ts";
import { saleIdSchema } from "../domain/sale/sale.ts";
import { errorText } from "../encoding/error-text.ts";
import { log } from "../platform/log.ts";
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
      return sendNotice(c, {
        kind: "bad_form",
        field: "form",
        message: "It was not received completely",
      });
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
// One route per path, because a pattern here would move all routes of the gate to Hono's slower
// router.
for (const form of ["join", "enter", "leave", "order"]) {
  pages.get(`/:sale/${form}`, forSale(backFromForm));
}

pages.all("*", (c) => sendNotice(c, { kind: "page_not_found" }));

pages.onError((error, c) => {
  log.error("pages", "broken", { path: c.req.path, why: errorText(error) });
  return sendNotice(c, { kind: "broken" });
});
