/**
 * The shopper's pages: their routes, and the checks before every form.
 *
 * Guarantee: works without scripts. Only forms of this origin change anything, and their size and
 * rate are limited; every failure is a page that says what to do next. Not for merchants.
 */
import { Hono, type MiddlewareHandler } from "hono";
import { BODY_BYTES_MAX } from "../domain/limits.ts";
import { saleIdSchema } from "../domain/sale/sale.ts";
import { errorText } from "../encoding/error-text.ts";
import { log } from "../platform/log.ts";
import {
  isOverReaderLimit,
  isOverWriterLimit,
  isOwnOrigin,
  type GateApp,
} from "../web/gate-app.ts";
import { isOverNetworkLimit, RATE_LIMIT_RETRY_S } from "../web/rate-limits.ts";
import { wholeBody } from "../web/whole-body.ts";
import { forSale, forShopVisit, forVisit, pageHeaders, sendNotice } from "./answers.ts";
import { orderForm } from "./checkout-form.ts";
import {
  cartForm,
  emptyForm,
  enterForm,
  forForm,
  forShopForm,
  joinForm,
  passForm,
  receiptForm,
  reminderForm,
  stopReminderForm,
} from "./forms.ts";
import { changeCart, refuseCartForm } from "./routes/cart.ts";
import { orderCart, refuseOrderForm, showCart } from "./routes/checkout.ts";
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
import { backToOrder, giveUp, showOrder } from "./routes/order.ts";
import { hidePass } from "./routes/pass.ts";
import { acceptPass } from "./routes/pass-link.ts";
import { changeReminder, showReminder, stopByLink } from "./routes/reminder.ts";
import { showProof } from "./routes/proof.ts";
import { checkGivenReceipt, showReceipt } from "./routes/receipt.ts";
import { onlyWhenSeen } from "./routes/seen.ts";

export const pages = new Hono<GateApp>();

pages.use(pageHeaders);
pages.use(onlyWhenSeen);
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
  const joins = c.req.path.endsWith("/join") || c.req.query("pass") !== undefined;
  const orders = c.req.path.endsWith("/order");
  const write = joins ? "join" : orders ? "order" : "other";
  const isOver =
    (await isOverNetworkLimit(c.env, c.req.raw.headers, write)) ||
    (sale.success && (await isOverWriterLimit(c, sale.data)));
  if (!isOver) return next();
  return sendNotice(c, { kind: "rate_limited", retry_s: RATE_LIMIT_RETRY_S });
});

/** Of pages, those that ask objects for an admission, an order or a list. */
const limitReads: MiddlewareHandler<GateApp> = async (c, next) => {
  const sale = saleIdSchema.safeParse(c.req.param("sale")).data ?? null;
  if (!(await isOverReaderLimit(c, sale))) return next();
  return sendNotice(c, { kind: "rate_limited", retry_s: RATE_LIMIT_RETRY_S });
};

pages.get("/", limitReads, showSales);
pages.get("/:sale", limitReads, hidePass, forVisit(showStorefront));
pages.post("/:sale", hidePass, forForm(passForm, acceptPass));
pages.post("/:sale/join", forForm(joinForm, joinLine));
pages.get("/:sale/proof", forVisit(showProof));
pages.get("/:sale/wait", forVisit(showPlace));
pages.get("/:sale/kept", forSale(checkKept));
pages.post("/:sale/enter", forForm(enterForm, enterShop));
pages.post("/:sale/leave", forForm(emptyForm, leaveShop));
pages.get("/:sale/fairness", forVisit(showFairness));
pages.get("/:sale/reminder", forVisit(showReminder));
pages.post("/:sale/reminder", forForm(reminderForm, changeReminder));
pages.post("/:sale/reminder/stop", forForm(stopReminderForm, stopByLink));
pages.get("/:sale/receipt", limitReads, forVisit(showReceipt));
pages.post("/:sale/receipt", forForm(receiptForm, checkGivenReceipt));
pages.get("/:sale/cart", limitReads, forShopVisit(showCart));
pages.post("/:sale/cart", forShopForm(cartForm, changeCart, refuseCartForm));
pages.post("/:sale/order", forShopForm(orderForm, orderCart, refuseOrderForm));
pages.get("/:sale/orders/:order", limitReads, forSale(showOrder));
pages.post("/:sale/orders/:order/give-up", forSale(giveUp));
// One route per path, because a pattern here would move all routes of the gate to Hono's slower
// router.
for (const form of ["join", "enter", "leave", "order"]) {
  pages.get(`/:sale/${form}`, forSale(backFromForm));
}
pages.get("/:sale/orders/:order/give-up", forSale(backToOrder));

pages.all("*", (c) => sendNotice(c, { kind: "page_not_found" }));

pages.onError((error, c) => {
  log.error("pages", "broken", { path: c.req.path, why: errorText(error) });
  return sendNotice(c, { kind: "broken" });
});
