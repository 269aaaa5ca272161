/**
 * The relations between limits that other parts rely on.
 */
import { expect, test } from "vitest";
import {
  BODY_BYTES_MAX,
  BOOTH_BLOCK_PLACES,
  DNS_TIMEOUT_MS,
  HOLD_GROUP_WAIT_MS,
  JOIN_GROUP_WAIT_MS,
  LEASE_MS,
  MAIL_CALLS_AT_ONCE,
  MAIL_LEASE_MS,
  MAIL_TIMEOUT_MS,
  ORDER_BOOK_TIMEOUT_MS,
  ORDER_CALLS_AT_ONCE,
  PAYMENT_CALLS_AT_ONCE,
  PAYMENT_TIMEOUT_MS,
  PIPELINE_LOOK_INTERVAL_MS,
  PIPELINE_LOOK_TIMEOUT_MS,
  PIPELINE_READING_MAX_MS,
  PLACES_PER_JOIN_MAX,
  PROGRESS_WATCHDOG_MS,
  RECEIPT_LENGTH_MAX,
  REDIS_TIMEOUT_MS,
  SALE_BODY_BYTES_MAX,
  SEAT_CALL_TIMEOUT_MS,
  SEAT_GROUP_WAIT_MS,
  SHOPPER_CALL_TIMEOUT_MS,
  SNAPSHOT_FRESH_MS,
  SNAPSHOT_STALE_MAX_MS,
  TEMPLATE_BYTES_MAX,
  TICK_MS,
  TRANSFER_WATCH_MS,
  TURNSTILE_TIMEOUT_MS,
  TURNSTILE_TRIES_MAX,
  WEBHOOK_CALLS_AT_ONCE,
  WEBHOOK_LEASE_MS,
  WEBHOOK_TIMEOUT_MS,
} from "../../../src/domain/limits.ts";

const RELATIONS: readonly (readonly [relation: string, holds: boolean])[] = [
  [
    "SALE_BODY_BYTES_MAX >= BODY_BYTES_MAX + 2 * TEMPLATE_BYTES_MAX",
    SALE_BODY_BYTES_MAX >= BODY_BYTES_MAX + 2 * TEMPLATE_BYTES_MAX,
  ],
  ["a receipt fits into a form", RECEIPT_LENGTH_MAX < BODY_BYTES_MAX],
  ["LEASE_MS > 2 * PAYMENT_TIMEOUT_MS", LEASE_MS > 2 * PAYMENT_TIMEOUT_MS],
  [
    "LEASE_MS > ORDER_BOOK_TIMEOUT_MS + PAYMENT_TIMEOUT_MS",
    LEASE_MS > ORDER_BOOK_TIMEOUT_MS + PAYMENT_TIMEOUT_MS,
  ],
  ["calls at once < 6 connections", PAYMENT_CALLS_AT_ONCE + ORDER_CALLS_AT_ONCE < 6],
  ["PROGRESS_WATCHDOG_MS > LEASE_MS", PROGRESS_WATCHDOG_MS > LEASE_MS],
  ["a join's places <= a booth's block", PLACES_PER_JOIN_MAX <= BOOTH_BLOCK_PLACES],
  ["a group's wait < a call's time-out", JOIN_GROUP_WAIT_MS < SHOPPER_CALL_TIMEOUT_MS],
  ["holds wait < a call's time-out", HOLD_GROUP_WAIT_MS < SHOPPER_CALL_TIMEOUT_MS],
  ["seats wait < a call's time-out", SEAT_GROUP_WAIT_MS < SEAT_CALL_TIMEOUT_MS],
  [
    "siteverify's tries < a call's time-out",
    TURNSTILE_TRIES_MAX * TURNSTILE_TIMEOUT_MS < SHOPPER_CALL_TIMEOUT_MS,
  ],
  ["stale age > fresh age", SNAPSHOT_STALE_MAX_MS > SNAPSHOT_FRESH_MS],

  // Two calls: by the script's hash, and with its text if Redis does not know the hash yet.
  ["transfer watch > 2 * REDIS_TIMEOUT_MS", TRANSFER_WATCH_MS > 2 * REDIS_TIMEOUT_MS],
  ["webhook lease > 2 * a try's time-out", WEBHOOK_LEASE_MS > 2 * WEBHOOK_TIMEOUT_MS],
  ["two look-ups < a try's time-out", 2 * DNS_TIMEOUT_MS < WEBHOOK_TIMEOUT_MS],
  ["webhook calls at once < 6 connections", WEBHOOK_CALLS_AT_ONCE < 6],
  ["mail lease > 3 * a call's time-out", MAIL_LEASE_MS > 3 * MAIL_TIMEOUT_MS],
  ["mail calls at once < 6 connections", MAIL_CALLS_AT_ONCE < 6],
  ["PIPELINE_LOOK_TIMEOUT_MS < TICK_MS", PIPELINE_LOOK_TIMEOUT_MS < TICK_MS],
  [
    "PIPELINE_READING_MAX_MS > 2 * PIPELINE_LOOK_INTERVAL_MS",
    PIPELINE_READING_MAX_MS > 2 * PIPELINE_LOOK_INTERVAL_MS,
  ],
];

test.each(RELATIONS)("%s", (_, holds) => {
  expect(holds).toBe(true);
});
