import { expect, it } from 'vitest';
import { healthOf, needsAttention } from './health';

const now = Date.parse('2026-05-01T12:00:00Z');

it.each([
  ['valid', null, false, { kind: 'ok' }],
  ['unknown', null, false, { kind: 'unknown' }],
  ['needs_reconnection', '2027-01-01T00:00:00Z', false, { kind: 'reconnect' }],
  ['valid', '2026-05-01T11:59:59Z', false, { kind: 'expired' }],
  ['valid', '2026-05-01T12:00:01Z', false, { kind: 'expires', days: 1 }],
  ['unknown', '2026-05-04T00:00:00Z', false, { kind: 'expires', days: 3 }],
  ['valid', '2026-05-15T12:00:00Z', false, { kind: 'ok' }],
  // What is renewed by itself ends every hour, and nobody has to know.
  ['valid', '2026-05-01T12:30:00Z', true, { kind: 'ok' }]
] as const)('%s until %s', (state, expiresAt, isRenewed, expected) => {
  expect(healthOf(state, expiresAt, now, isRenewed)).toEqual(expected);
});

it('says what needs somebody', () => {
  expect(needsAttention({ kind: 'expires', days: 2 })).toBe(true);
  expect(needsAttention({ kind: 'unknown' })).toBe(false);
});
