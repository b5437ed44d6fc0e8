// Times and durations as the gutter and the headers show them.

import type { Timestamps } from '../types';

const two = (value: number) => String(value).padStart(2, '0');

/** `base` is when the step began; all in milliseconds since 1970. */
export function timeText(at: number, base: number | null, mode: Timestamps): string {
  if (mode === 'off') return '';
  if (mode === 'relative') return `+${elapsed(Math.max(0, at - (base ?? at)))}`;
  const date = new Date(at);
  return mode === 'utc'
    ? `${two(date.getUTCHours())}:${two(date.getUTCMinutes())}:${two(date.getUTCSeconds())}Z`
    : `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
}

function elapsed(ms: number): string {
  if (ms < 60_000) return `${(Math.floor(ms / 100) / 10).toFixed(1)}s`;
  return duration(ms).replace(' ', '');
}

/** `850 ms`, `12.4 s`, `1m 04s`, `1h 02m`. */
export function duration(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)} ms`;
  if (ms < 60_000) return `${(Math.floor(ms / 100) / 10).toFixed(1)} s`;
  const seconds = Math.floor(ms / 1000);
  if (seconds < 3600) return `${Math.floor(seconds / 60)}m ${two(seconds % 60)}s`;
  return `${Math.floor(seconds / 3600)}h ${two(Math.floor(seconds / 60) % 60)}m`;
}
