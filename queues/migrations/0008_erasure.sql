-- Buyers are found by a keyed hash of their e-mail address (`buyer`), and erased (`erased_ms`).
-- Rows of a release before have an address and no hash, until the orders Worker's cron has written
-- it.
ALTER TABLE orders ADD COLUMN buyer TEXT;
ALTER TABLE orders ADD COLUMN erased_ms INTEGER;
CREATE INDEX orders_by_buyer ON orders (buyer) WHERE buyer IS NOT NULL;
CREATE INDEX orders_with_address ON orders (id) WHERE email <> '' AND buyer IS NULL;

-- To find everything about an order whose buyer is erased.
CREATE INDEX events_by_order ON events (order_id) WHERE order_id IS NOT NULL;
CREATE INDEX mails_by_order ON mails (order_id) WHERE order_id <> '';
ALTER TABLE dead_letters ADD COLUMN order_id TEXT
  GENERATED ALWAYS AS (CASE WHEN json_valid(body) THEN body ->> '$.order' END) VIRTUAL;
CREATE INDEX dead_letters_by_order ON dead_letters (order_id) WHERE order_id IS NOT NULL;
