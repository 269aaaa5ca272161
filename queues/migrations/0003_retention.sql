-- Indexes for deleting old rows of the log without scanning the others.
CREATE INDEX events_by_age ON events (at_ms);
CREATE INDEX webhook_deliveries_by_event ON webhook_deliveries (event);
CREATE INDEX dead_letters_replayed ON dead_letters (replayed_ms) WHERE replayed_ms IS NOT NULL;

-- The id of the event in a dead letter's body, if any: the event stays while a letter contains it.
-- Null for bodies that SQLite does not accept as JSON, such as too deeply nested ones.
ALTER TABLE dead_letters ADD COLUMN event TEXT
  GENERATED ALWAYS AS (CASE WHEN json_valid(body) THEN body ->> '$.id' END) VIRTUAL;
CREATE INDEX dead_letters_by_event ON dead_letters (event);
