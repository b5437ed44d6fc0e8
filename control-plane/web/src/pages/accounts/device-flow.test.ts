import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type Answer, poll } from './device-flow';

beforeEach(() => vi.useFakeTimers({ now: 0 }));
afterEach(() => vi.useRealTimers());

/** Answers one after the other, and when each was asked for. */
function script(...answers: (Answer<string> | Error)[]) {
  const asked: number[] = [];
  const ask = async () => {
    asked.push(Date.now() / 1000);
    const answer = answers.shift()!;
    if (answer instanceof Error) throw answer;
    return answer;
  };
  return { asked, ask };
}

const pending = (interval: number): Answer<string> => ({ kind: 'pending', interval });
const minute = { interval: 5, expiresAt: 60_000 };

async function run(flow: { interval: number; expiresAt: number }, ask: () => Promise<Answer<string>>, signal = new AbortController().signal) {
  const outcome = poll(flow, ask, signal);
  await vi.advanceTimersByTimeAsync(120_000);
  return outcome;
}

describe('a device flow', () => {
  it('asks as often as the server wants until the account is there', async () => {
    const { asked, ask } = script(pending(5), pending(10), { kind: 'connected', account: 'ada' });
    expect(await run(minute, ask)).toEqual({ kind: 'connected', account: 'ada' });
    expect(asked).toEqual([5, 10, 20]);
  });

  it('ends with a refusal', async () => {
    const { ask } = script({ kind: 'refused', detail: 'the person said no' });
    expect(await run(minute, ask)).toEqual({ kind: 'refused', detail: 'the person said no' });
  });

  it('is over when the code is, without another question', async () => {
    const { asked, ask } = script(pending(30), pending(30));
    expect(await run(minute, ask)).toEqual({ kind: 'expired' });
    expect(asked).toEqual([5, 35]);
  });

  it('asks again after no answer, later each time', async () => {
    const { asked, ask } = script(new Error('offline'), { kind: 'unreachable' }, { kind: 'connected', account: 'ada' });
    expect(await run({ interval: 2, expiresAt: 60_000 }, ask)).toMatchObject({ kind: 'connected' });
    expect(asked).toEqual([2, 6, 14]);
  });

  it('stops when nobody looks any more', async () => {
    const { asked, ask } = script(pending(5), pending(5));
    const controller = new AbortController();
    const outcome = poll(minute, ask, controller.signal);
    await vi.advanceTimersByTimeAsync(6_000);
    controller.abort();
    expect(await outcome).toEqual({ kind: 'stopped' });
    expect(asked).toEqual([5]);
    expect(vi.getTimerCount()).toBe(0);
  });
});
