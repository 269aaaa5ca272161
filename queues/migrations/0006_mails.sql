-- The mails to buyers: the outbox and the record of each, and never an address. `recipient` is a
-- digest of sale and address. Rows stay, because an event that comes again must meet its mail.
CREATE TABLE mails (
  id TEXT PRIMARY KEY,
  order_id TEXT NOT NULL,
  sale TEXT NOT NULL,
  kind TEXT NOT NULL,
  refund TEXT,
  recipient TEXT NOT NULL,
  state TEXT NOT NULL,
  reason TEXT,
  tries INTEGER NOT NULL,
  due_ms INTEGER NOT NULL,
  service_id TEXT,
  at_ms INTEGER NOT NULL,
  updated_ms INTEGER NOT NULL
) WITHOUT ROWID;
-- For the sweep of overdue mails. Partial, because most mails are not pending.
CREATE INDEX mails_due ON mails (due_ms) WHERE state = 'pending';
-- For the number of mails about declined payments to one address.
CREATE INDEX mails_declined ON mails (recipient) WHERE kind = 'declined';
