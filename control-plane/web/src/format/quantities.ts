/** Durations and sizes. */

const SECOND = 1000;
const MINUTE_SECONDS = 60;
const HOUR_SECONDS = 60 * MINUTE_SECONDS;

/** `850 ms`, `12.4 s`, `1m 04s`, `1h 02m`; never negative. */
export function formatDuration(milliseconds: number): string {
  const span = Math.max(0, milliseconds);
  if (span < SECOND) return `${Math.round(span)} ms`;
  const tenths = (span / SECOND).toFixed(1);
  if (Number(tenths) < MINUTE_SECONDS) return `${tenths} s`;
  const seconds = Math.round(span / SECOND);
  const minutes = Math.floor(seconds / MINUTE_SECONDS);
  if (seconds < HOUR_SECONDS) return `${minutes}m ${pad(seconds % MINUTE_SECONDS)}s`;
  return `${Math.floor(minutes / 60)}h ${pad(minutes % 60)}m`;
}

function pad(number: number): string {
  return String(number).padStart(2, '0');
}

const UNITS = ['B', 'kB', 'MB', 'GB', 'TB'] as const;

/** Decimal, with one decimal place from kilobytes on: `512 B`, `12.4 MB`. */
export function bytes(count: number): string {
  let value = Math.max(0, count);
  let unit = 0;
  // 999,950 bytes would read "1000.0 kB".
  while (value >= (unit === 0 ? 1000 : 999.95) && unit < UNITS.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return unit === 0 ? `${value} B` : `${value.toFixed(1)} ${UNITS[unit]}`;
}

/** Whole per cent, from 0 to 100, rounded down: 100 is only what is complete. `undefined` without a total. */
export function percent(done: number, total: number): number | undefined {
  if (!(total > 0)) return undefined;
  return Math.max(0, Math.min(100, Math.floor((done / total) * 100)));
}
