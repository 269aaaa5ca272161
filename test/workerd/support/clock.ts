/**
 * The clock of the Worker under test. It starts a day ahead of the platform's own, so that no
 * alarm ever comes by itself: a test lets time pass and then drives the alarm.
 */
import { vi } from "vitest";

const DAY_MS = 24 * 60 * 60 * 1000;

export function startClock(): void {
  vi.useRealTimers();
  vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + DAY_MS });
}

export function pass(duration_ms: number): void {
  vi.setSystemTime(Date.now() + duration_ms);
}
