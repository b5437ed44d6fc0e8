/**
 * The time as the server has it, for the whole page: one timer however many clocks are shown, and none
 * while none is. `Date` of the answers corrects a clock that is wrong by more than five seconds.
 */
import { createSubscriber } from 'svelte/reactivity';

const TOLERATED_SKEW = 5_000;
const TICK = 1_000;

let skew = 0;

const ticking = createSubscriber((update) => {
  const timer = setInterval(update, TICK);
  return () => clearInterval(timer);
});

/** Milliseconds since 1970, not reactive. */
export function serverNow(): number {
  return Date.now() + skew;
}

/** The same, read again each second where it is shown. */
export function clock(): number {
  ticking();
  return serverNow();
}

/** Told of the `Date` of each answer. */
export function noteServerDate(date: string | null): void {
  const server = date === null ? Number.NaN : Date.parse(date);
  if (Number.isNaN(server)) return;
  const difference = server - Date.now();
  skew = Math.abs(difference) > TOLERATED_SKEW ? difference : 0;
}
