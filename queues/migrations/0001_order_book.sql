-- The latest known state of each order: a projection of the orders' events, newest version wins.
CREATE TABLE orders (
  id TEXT PRIMARY KEY,
  sale TEXT NOT NULL,
  state TEXT NOT NULL,
  version INTEGER NOT NULL,
  total INTEGER NOT NULL,
  currency TEXT NOT NULL,
  email TEXT NOT NULL,
  reason TEXT,
  lines TEXT NOT NULL,
  placed_ms INTEGER NOT NULL,
  updated_ms INTEGER NOT NULL
);
CREATE INDEX orders_by_sale ON orders (sale, state);

-- Bookings of the embedded order backend: the orders that the shop must fulfil.
CREATE TABLE bookings (
  order_id TEXT PRIMARY KEY,
  reference TEXT NOT NULL,
  sale TEXT NOT NULL,
  status TEXT NOT NULL,
  total INTEGER NOT NULL,
  currency TEXT NOT NULL,
  lines TEXT NOT NULL,
  email TEXT NOT NULL,
  name TEXT,
  ship_to TEXT,
  booked_ms INTEGER NOT NULL,
  cancelled_ms INTEGER
);

-- Every event, once.
CREATE TABLE events (
  id TEXT PRIMARY KEY,
  type TEXT NOT NULL,
  order_id TEXT NOT NULL,
  sale TEXT NOT NULL,
  at_ms INTEGER NOT NULL,
  body TEXT NOT NULL
);

-- Messages whose retries are used up, with their bodies, to be read and replayed.
CREATE TABLE dead_letters (
  id TEXT PRIMARY KEY,
  queue TEXT NOT NULL,
  body TEXT NOT NULL,
  reason TEXT NOT NULL,
  attempts INTEGER NOT NULL,
  parked_ms INTEGER NOT NULL,
  replayed_ms INTEGER
);
