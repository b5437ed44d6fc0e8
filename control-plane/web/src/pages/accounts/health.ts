/** Whether a connected account works, and how long it will: what a person should look at first. */

export type AccountState = 'valid' | 'needs_reconnection' | 'unknown';

export type Health =
  | { kind: 'ok' }
  | { kind: 'unknown' }
  | { kind: 'reconnect' }
  | { kind: 'expired' }
  /** Ends within two weeks. */
  | { kind: 'expires'; days: number };

const DAY = 24 * 60 * 60 * 1000;
const WARN_DAYS = 14;

/**
 * @param expiresAt RFC 3339, or `null` when the credential does not end
 * @param isRenewed whether Slipway renews it by itself before it ends (OAuth): then its end is no news
 */
export function healthOf(state: AccountState, expiresAt: string | null, now: number, isRenewed = false): Health {
  if (state === 'needs_reconnection') return { kind: 'reconnect' };
  const left = expiresAt === null || isRenewed ? Infinity : Date.parse(expiresAt) - now;
  if (left <= 0) return { kind: 'expired' };
  // A token that ends soon is worth more words than that it works today.
  if (left < WARN_DAYS * DAY) return { kind: 'expires', days: Math.ceil(left / DAY) };
  return { kind: state === 'valid' ? 'ok' : 'unknown' };
}

/** Whether something has to be done about it. */
export function needsAttention(health: Health): boolean {
  return health.kind !== 'ok' && health.kind !== 'unknown';
}
