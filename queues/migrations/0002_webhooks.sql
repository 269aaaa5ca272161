-- The event log, rebuilt: events of sales have no order, and `seq` is the order in which events
-- were read, for paging. A write of a Worker from before this migration fails, and the queue
-- retries it.
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

-- The merchant's webhook endpoints. No secret is stored: it derives from `kid` and `generation`.
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

-- One row for each event and subscribed endpoint, with its tries as JSON.
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
-- For the sweep of overdue deliveries. Partial, because most deliveries are not pending.
CREATE INDEX webhook_deliveries_due ON webhook_deliveries (due_ms) WHERE state = 'pending';
