/**
 * The price that was agreed: an order states the total that its buyer was shown, and where the sale
 * asks for another by now, nothing is placed and nothing is charged.
 */
import { afterAll, beforeAll, expect, test } from "vitest";
import { Ledger } from "../../simulation/sandbox/ledger.ts";
import { expectNoChange, expectProblem, pathsOf } from "./support/problem-checks.ts";
import {
  acceptedOrder,
  admit,
  type Answer,
  finalOrder,
  makeSale,
  orderBody,
  placeOrder,
  saleDocument,
  type Sluice,
  startSluice,
} from "./support/sluice.ts";

const PRICE = 12_900;
const DELIVERY = 500;
const CODE = { code: "TEN-OFF", kind: "percent", value: 10 };
const TOTAL = PRICE - PRICE / 10 + DELIVERY;

let sluice: Sluice;
beforeAll(async () => {
  sluice = await startSluice();
});
afterAll(() => sluice.stop());

const withDelivery = (price: number) => {
  const post = { id: "post", name: "Post", prices: { DE: price } };
  return { address: "shipping", delivery: [post, { ...post, id: "bike", name: "By bike" }] };
};

/** A sale that delivers shoes to Germany, with a discount code, and a shopper who is in. */
async function openShop(sale: string): Promise<Record<string, string>> {
  await makeSale(sluice, sale, { checkout: withDelivery(DELIVERY) });
  await sluice.merchant("POST", `/sales/${sale}/discount-codes`, CODE);
  return admit(sluice, sale);
}

const lines = (sale: string) => [{ sku: `${sale}-shoe`, quantity: 1 }];
const ADDRESS = { line1: "Gasse 1", city: "Berlin", postalCode: "10115", country: "DE" };
const CHOICES = { delivery: "post", discountCode: "ten-off" };

function order(
  sale: string,
  headers: Record<string, string>,
  key: string,
  change: Readonly<Record<string, unknown>>,
): Promise<Answer> {
  const buyer = { email: "ann@shoppers.example", name: "Ann Ander" };
  const body = orderBody(sale, { buyer, shipTo: ADDRESS, ...CHOICES, ...change });
  return placeOrder(sluice, headers, key, body);
}

async function paymentsOf(order: string) {
  const { body } = await sluice.sandbox("GET", "/sandbox/ledger");
  return Ledger.parse(body).payments.filter((payment) => payment.order === order);
}

test("an order of what was quoted is charged exactly that, and shows it line by line", async () => {
  const headers = await openShop("quoted");
  const amounts = {
    items: PRICE,
    discount: PRICE / 10,
    delivery: DELIVERY,
    tax: 0,
    taxIncluded: 0,
    total: TOTAL,
  };
  const body = { lines: lines("quoted"), country: "DE", ...CHOICES };
  const quoted = await sluice.shopper("POST", "/sales/quoted/quotes", { headers, body });
  expect([quoted.status, quoted.body["amounts"]]).toEqual([200, amounts]);
  const priced = [{ ...lines("quoted")[0], price: PRICE }];
  const placed = await order("quoted", headers, "one", { expectedTotal: TOTAL, lines: priced });
  const final = await finalOrder(sluice, placed);
  expect(final.body).toMatchObject({ state: "confirmed", total: TOTAL, amounts });
  const { id } = acceptedOrder(placed);
  expect(await paymentsOf(id)).toMatchObject([{ authorized: TOTAL, captured: TOTAL }]);
});

test.each([
  ["a cent less", { expectedTotal: TOTAL - 1 }],
  ["a cent more", { expectedTotal: TOTAL + 1 }],
  ["what it costs without the discount", { expectedTotal: PRICE + DELIVERY }],
  ["nothing", { expectedTotal: 0 }],
  [
    "the total, and another price of the unit",
    { expectedTotal: TOTAL, lines: [{ sku: "another-shoe", quantity: 1, price: PRICE - 1 }] },
  ],
])("an order that expects %s is price_changed, and nothing is placed", async (_, change) => {
  const checkout = withDelivery(DELIVERY);
  await sluice.merchant("PUT", "/sales/another", { ...saleDocument("another"), checkout });
  await sluice.merchant("POST", "/sales/another/discount-codes", CODE);
  const headers = await admit(sluice, "another");
  const answer = await expectNoChange(sluice, "another", async () => {
    return expectProblem(await order("another", headers, "one", change), 409, "price_changed");
  });
  const shoe = { sku: "another-shoe", price: PRICE, discount: PRICE / 10 };
  expect(answer.body["quote"]).toMatchObject({ lines: [shoe], amounts: { total: TOTAL } });
});

test.each([
  ["price", { price: PRICE + 1000 }, (13_900 * 9) / 10 + DELIVERY],
  ["delivery", { delivery: DELIVERY + 200 }, TOTAL + 200],
  ["discount", { value: 20 }, (PRICE * 8) / 10 + DELIVERY],
])(
  "after a change of the %s the old total is refused, and the new one is charged",
  async (what, change, total) => {
    const sale = `changed-${what}`;
    const headers = await openShop(sale);
    const { price, delivery, value } = { price: PRICE, delivery: DELIVERY, value: 10, ...change };
    const [shoe, sock] = saleDocument(sale).items;
    const changed = { items: [{ ...shoe, price }, sock], checkout: withDelivery(delivery) };
    await sluice.merchant("PUT", `/sales/${sale}`, { ...saleDocument(sale), ...changed });
    await sluice.merchant("POST", `/sales/${sale}/discount-codes`, { ...CODE, value });
    const old = expectProblem(
      await order(sale, headers, "old", { expectedTotal: TOTAL }),
      409,
      "price_changed",
    );
    expect(old.body["quote"]).toMatchObject({ amounts: { total } });
    const placed = await order(sale, headers, "new", { expectedTotal: total });
    expect((await finalOrder(sluice, placed)).body).toMatchObject({ state: "confirmed", total });
    const { id } = acceptedOrder(placed);
    expect(await paymentsOf(id)).toMatchObject([{ authorized: total, captured: total }]);
  },
);

test.each([
  ["no address", { shipTo: undefined }, 422, "invalid_request", "shipTo"],
  ["an address in words", { shipTo: "Gasse 1, Berlin" }, 422, "invalid_request", "shipTo"],
  ["an address nobody asks for", { billTo: ADDRESS }, 422, "invalid_request", "billTo"],
  ["no name", { buyer: { email: "ann@shoppers.example" } }, 422, "invalid_request", "buyer.name"],
  ["no way of delivery", { delivery: undefined }, 422, "invalid_request", "delivery"],
  ["delivery by pigeon", { delivery: "pigeon" }, 422, "delivery_unknown", "delivery"],
  [
    "an address where nothing is delivered",
    { shipTo: { ...ADDRESS, country: "FR" } },
    422,
    "country_not_served",
    "shipTo.country",
  ],
])(
  "an order with %s names the field and changes nothing",
  async (_, change, status, code, path) => {
    const sale = "particular";
    const checkout = withDelivery(DELIVERY);
    await sluice.merchant("PUT", `/sales/${sale}`, { ...saleDocument(sale), checkout });
    const headers = await admit(sluice, sale);
    const refused = await expectNoChange(sluice, sale, async () => {
      const stated = { expectedTotal: PRICE + DELIVERY, discountCode: undefined, ...change };
      return expectProblem(await order(sale, headers, "one", stated), status, code);
    });
    expect(pathsOf(refused)).toEqual([path]);
  },
);
