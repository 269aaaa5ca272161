-- What a merchant finds orders by. Each index ends with the sort key of the list: the time at which
-- an order was placed, and its id.

-- The e-mail address in the form in which addresses are compared. Null in rows of a release before,
-- until the orders Worker's cron has written it; SQL can only change ASCII letters to lower case.
ALTER TABLE orders ADD COLUMN email_normalised TEXT;

CREATE INDEX orders_by_time ON orders (placed_ms, id);
CREATE INDEX orders_by_sale_and_time ON orders (sale, placed_ms, id);
CREATE INDEX orders_by_state_and_time ON orders (state, placed_ms, id);
CREATE INDEX orders_by_sale_state_and_time ON orders (sale, state, placed_ms, id);
CREATE INDEX orders_by_email ON orders (coalesce(email_normalised, lower(email)), placed_ms, id);
CREATE INDEX orders_not_normalised ON orders (id) WHERE email_normalised IS NULL;
-- The same columns are the first two of orders_by_sale_state_and_time.
DROP INDEX orders_by_sale;

-- The SKUs of each order.
CREATE TABLE order_skus (
  sku TEXT NOT NULL,
  placed_ms INTEGER NOT NULL,
  order_id TEXT NOT NULL,
  PRIMARY KEY (sku, placed_ms, order_id)
) WITHOUT ROWID;
INSERT INTO order_skus (sku, placed_ms, order_id)
  SELECT DISTINCT line.value ->> '$.sku', orders.placed_ms, orders.id
  FROM orders, json_each(orders.lines) AS line;

CREATE INDEX bookings_by_reference ON bookings (reference);

-- What became of the money: itemised amounts as JSON, the provider's id of the payment, what was
-- refunded, the provider's state of a dispute with the version that it came with, and the code of
-- what the shop's settings did not allow. Empty in rows of a release before.
ALTER TABLE orders ADD COLUMN amounts TEXT;
ALTER TABLE orders ADD COLUMN payment TEXT;
ALTER TABLE orders ADD COLUMN refunded INTEGER NOT NULL DEFAULT 0;
ALTER TABLE orders ADD COLUMN dispute TEXT;
ALTER TABLE orders ADD COLUMN dispute_version INTEGER NOT NULL DEFAULT 0;
ALTER TABLE orders ADD COLUMN provider_code TEXT;

-- What it takes to ship: the delivery option as JSON, the billing address as JSON, the telephone.
ALTER TABLE bookings ADD COLUMN delivery TEXT;
ALTER TABLE bookings ADD COLUMN bill_to TEXT;
ALTER TABLE bookings ADD COLUMN phone TEXT;
