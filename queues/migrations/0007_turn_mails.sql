-- Mails about turns have a ticket and no order: their `order_id` is empty.
ALTER TABLE mails ADD COLUMN ticket TEXT;
-- For the number of mails about turns to one address, and to delete old ones.
CREATE INDEX mails_your_turn ON mails (recipient) WHERE kind = 'yourTurn';
CREATE INDEX mails_your_turn_age ON mails (at_ms) WHERE kind = 'yourTurn';
