-- An order that was cancelled before it was booked has nothing to ship, so nothing of its buyer is
-- kept; earlier versions kept it. Both times of such a row are those of the one statement.
UPDATE bookings SET email = '', name = NULL, phone = NULL, ship_to = NULL, bill_to = NULL,
  delivery = NULL
WHERE status = 'cancelled' AND cancelled_ms = booked_ms;
