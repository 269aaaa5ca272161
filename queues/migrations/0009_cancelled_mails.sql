-- For the number of mails about cancelled orders to one address.
CREATE INDEX mails_cancelled ON mails (recipient) WHERE kind = 'cancelled';
