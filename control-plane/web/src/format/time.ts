/** Points in time, for people. */
import { LOCALE, t } from '../i18n';

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

const relative = new Intl.RelativeTimeFormat(LOCALE, { numeric: 'always', style: 'short' });
const dates = new Intl.DateTimeFormat('en-GB', {
  day: 'numeric', month: 'short', year: 'numeric', hour: '2-digit', minute: '2-digit',
});
const full = new Intl.DateTimeFormat('en-GB', {
  day: 'numeric', month: 'short', year: 'numeric', hour: '2-digit', minute: '2-digit', second: '2-digit',
  timeZoneName: 'short',
});

/** "just now", "3 min. ago", up to a week; then the date. Both in milliseconds since 1970. */
export function relativeTime(at: number, now: number): string {
  const past = now - at;
  const span = Math.abs(past);
  if (span < 10 * SECOND) return t('time.just_now');
  if (span >= 7 * DAY) return dates.format(at);
  const [unit, size] = unitOf(span);
  const count = Math.max(1, Math.floor(span / size));
  return relative.format(past < 0 ? count : -count, unit);
}

function unitOf(span: number): [Intl.RelativeTimeFormatUnit, number] {
  if (span < MINUTE) return ['second', SECOND];
  if (span < HOUR) return ['minute', MINUTE];
  return span < DAY ? ['hour', HOUR] : ['day', DAY];
}

/** With seconds and the zone. */
export function absoluteTime(at: number): string {
  return full.format(at);
}
