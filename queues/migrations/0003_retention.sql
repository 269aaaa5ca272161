-- The log is kept for a time, so rows leave it: the oldest are found without a look at the others.
CREATE INDEX events_by_age ON events (at_ms);
CREATE INDEX webhook_deliveries_by_event ON webhook_deliveries (event);
CREATE INDEX dead_letters_replayed ON dead_letters (replayed_ms) WHERE replayed_ms IS NOT NULL;

-- The event that a dead letter would bring, were it replayed. Bodies nested too deep are no JSON to
-- SQLite, and have none.
ALTER TABLE dead_letters ADD COLUMN event TEXT
  GENERATED ALWAYS AS (CASE WHEN json_valid(body) THEN body ->> '$.id' END) VIRTUAL;
CREATE INDEX dead_letters_by_event ON dead_letters (event);
