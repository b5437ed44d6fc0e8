/**
 * Connecting an account by a code that one types at the provider: asks the server again and again, no sooner than it
 * wants, until the person has agreed, the code is over, or nobody looks any more.
 */

/** What one question brings. */
export type Answer<Account> =
  | { kind: 'pending'; /** Seconds to wait. */ interval: number }
  | { kind: 'connected'; account: Account }
  /** The provider or the server says no; there is nothing more to ask. */
  | { kind: 'refused'; detail: string }
  /** No answer; worth another question. */
  | { kind: 'unreachable' };

export type Outcome<Account> =
  | { kind: 'connected'; account: Account }
  | { kind: 'refused'; detail: string }
  | { kind: 'expired' }
  | { kind: 'stopped' };

export interface DeviceFlow {
  /** Seconds between questions, at first. */
  interval: number;
  /** When the code is over, in milliseconds since 1970. */
  expiresAt: number;
}

/** No answer: wait longer each time, up to so many seconds. */
const LONGEST_WAIT = 30;

/** Asks until something is known. Never rejects. */
export async function poll<Account>(
  flow: DeviceFlow,
  ask: (signal: AbortSignal) => Promise<Answer<Account>>,
  signal: AbortSignal,
  now: () => number = Date.now
): Promise<Outcome<Account>> {
  let interval = Math.max(1, flow.interval);
  for (;;) {
    await sleep(interval * 1000, signal);
    if (signal.aborted) return { kind: 'stopped' };
    if (now() >= flow.expiresAt) return { kind: 'expired' };
    const answer = await ask(signal).catch((): Answer<Account> => ({ kind: 'unreachable' }));
    if (signal.aborted) return { kind: 'stopped' };
    switch (answer.kind) {
      case 'connected':
      case 'refused':
        return answer;
      case 'pending':
        // What the server wants is never undercut: providers end flows that ask too often.
        interval = Math.max(1, answer.interval);
        break;
      case 'unreachable':
        interval = Math.min(LONGEST_WAIT, interval * 2);
    }
  }
}

/** Ends early, and without an error, when `signal` is aborted. */
function sleep(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const end = () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', end);
      resolve();
    };
    const timer = setTimeout(end, milliseconds);
    signal.addEventListener('abort', end);
  });
}
