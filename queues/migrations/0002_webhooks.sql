-- The log of events, rebuilt: events of sales have no order, and `seq` is the order in which they
-- were read, to page by. What a Worker of before this migration tries to write meanwhile fails and
-- comes again through the queue.
CREATE TABLE event_log (
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  id TEXT NOT NULL UNIQUE,
  type TEXT NOT NULL,
  sale TEXT,
  order_id TEXT,
  at_ms INTEGER NOT NULL,
  body TEXT NOT NULL
);
INSERT INTO event_log (id, type, sale, order_id, at_ms, body)
  SELECT id, type, sale, order_id, at_ms, body FROM events ORDER BY at_ms, id;
DROP TABLE events;
ALTER TABLE event_log RENAME TO events;

-- Where the merchant wants events sent. No secret is here: `kid` and `generation` name it.
CREATE TABLE webhook_endpoints (
  id TEXT PRIMARY KEY,
  url TEXT NOT NULL,
  types TEXT NOT NULL,
  description TEXT NOT NULL,
  enabled INTEGER NOT NULL,
  disabled_reason TEXT,
  kid TEXT NOT NULL,
  generation INTEGER NOT NULL,
  previous_kid TEXT,
  rotated_ms INTEGER,
  created_ms INTEGER NOT NULL,
  updated_ms INTEGER NOT NULL
);

-- One row for each event and endpoint that wants it, with its tries as JSON.
CREATE TABLE webhook_deliveries (
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  id TEXT NOT NULL UNIQUE,
  endpoint TEXT NOT NULL,
  event TEXT NOT NULL,
  type TEXT NOT NULL,
  state TEXT NOT NULL,
  tries INTEGER NOT NULL,
  due_ms INTEGER NOT NULL,
  attempts TEXT NOT NULL,
  created_ms INTEGER NOT NULL,
  updated_ms INTEGER NOT NULL
);
-- The sweep looks for what is overdue; most deliveries are not pending.
CREATE INDEX webhook_deliveries_due ON webhook_deliveries (due_ms) WHERE state = 'pending';
