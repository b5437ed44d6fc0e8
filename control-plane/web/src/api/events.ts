/**
 * Follows a deployment: its lines, steps and status as they come. One connection, which resumes behind the
 * last line it has seen: after an error, after sleep, after the tab was hidden. Where a proxy holds events
 * back it asks every few seconds instead. Each line comes once and in order, whatever happens between.
 */
import { api, BASE, body, isAbort, type Schemas } from './client';
import { asProblem, problemOf } from './problem';
import { EventParser, type ServerEvent } from './sse';

export type FollowState = 'connecting' | 'live' | 'reconnecting' | 'polling' | 'ended';
export type LineEvent = Schemas['LogEvent'];
export type StepEvent = Schemas['StepView'];
export type StatusEvent = Schemas['StatusEvent'];

export interface FollowHandlers {
  /** Lines in order, at least one. */
  onLines?: (lines: LineEvent[]) => void;
  onStep?: (step: StepEvent) => void;
  onStatus?: (status: StatusEvent) => void;
  /** Nothing more will come. */
  onDone?: (status: StatusEvent) => void;
  onState?: (state: FollowState) => void;
}

/** The server's first events follow the answer at once; a proxy that keeps them is noticed after this. */
const FIRST_BYTE = 5_000;
/** The server sends something every 15 seconds at least. */
const SILENCE = 40_000;
const FIRST_RETRY = 250;
const LONGEST_RETRY = 10_000;
/** So often in a row it must fail before we ask instead. */
const FAILURES_BEFORE_POLLING = 3;
const POLL = 2_000;
/** Meanwhile the stream is tried again now and then. */
const POLLS_BEFORE_STREAM = 15;
const POLLED_LINES = 5_000;
/** A tab nobody sees gives its connection back: browsers allow six to a host. */
const HIDDEN = 60_000;
const CLOCK = 5_000;
/** The clock stands still while the machine sleeps. */
const SLEPT = 20_000;

export function followDeployment(id: string, after: number, handlers: FollowHandlers): { close(): void } {
  const follow = new Follow(id, after, handlers);
  follow.start();
  return follow;
}

class Follow {
  readonly #id: string;
  readonly #handlers: FollowHandlers;
  readonly #closed = new AbortController();
  #last: number;
  #attempt: AbortController | undefined;
  #wake: (() => void) | undefined;
  #failures = 0;
  #isHiddenLong = false;

  constructor(id: string, after: number, handlers: FollowHandlers) {
    this.#id = id;
    this.#last = after;
    this.#handlers = handlers;
  }

  start(): void {
    const { signal } = this.#closed;
    let hiddenTimer: ReturnType<typeof setTimeout> | undefined;
    document.addEventListener('visibilitychange', () => {
      clearTimeout(hiddenTimer);
      if (document.visibilityState === 'visible') {
        this.#isHiddenLong = false;
        this.#hurry();
      } else {
        hiddenTimer = setTimeout(() => {
          this.#isHiddenLong = true;
          this.#attempt?.abort();
        }, HIDDEN);
      }
    }, { signal });
    window.addEventListener('online', () => this.#hurry(), { signal });
    let before = Date.now();
    const clock = setInterval(() => {
      const now = Date.now();
      if (now - before > CLOCK + SLEPT) this.#attempt?.abort();
      before = now;
    }, CLOCK);
    signal.addEventListener('abort', () => {
      clearInterval(clock);
      clearTimeout(hiddenTimer);
    });
    void this.#run();
  }

  close(): void {
    this.#closed.abort();
    this.#attempt?.abort();
    this.#wake?.();
  }

  async #run(): Promise<void> {
    this.#tell('connecting');
    while (!this.#closed.signal.aborted) {
      if (this.#isHiddenLong) await this.#sleep(Number.POSITIVE_INFINITY);
      const isDone = this.#failures >= FAILURES_BEFORE_POLLING ? await this.#poll() : await this.#stream();
      if (isDone || this.#closed.signal.aborted) break;
      if (this.#failures > 0 && this.#failures < FAILURES_BEFORE_POLLING) {
        this.#tell('reconnecting');
        await this.#sleep(Math.min(LONGEST_RETRY, FIRST_RETRY * 4 ** (this.#failures - 1)));
      }
    }
    if (!this.#closed.signal.aborted) this.#tell('ended');
    this.#closed.abort();
  }

  /** Whether there is nothing more to come. */
  async #stream(): Promise<boolean> {
    const attempt = new AbortController();
    this.#attempt = attempt;
    const watch = new Watchdog(() => attempt.abort());
    try {
      watch.expect(FIRST_BYTE);
      const response = await fetch(`${BASE}/api/deployments/${encodeURIComponent(this.#id)}/logs`, {
        headers: { accept: 'text/event-stream', 'last-event-id': String(this.#last) },
        credentials: 'same-origin',
        signal: attempt.signal,
      });
      if (!response.ok || !response.body) throw await problemOf(response);
      const parser = new EventParser();
      for await (const text of response.body.pipeThrough(new TextDecoderStream())) {
        watch.expect(SILENCE);
        this.#failures = 0;
        this.#tell('live');
        if (this.#take(parser.push(text))) return true;
      }
      // The server ends the stream when it stops; it comes back.
      this.#failures += 1;
      return false;
    } catch (error) {
      if (this.#closed.signal.aborted) return true;
      this.#failures += 1;
      return this.#isGone(error);
    } finally {
      watch.stop();
      attempt.abort();
    }
  }

  /** Takes the events of one piece of the stream; whether the last one was among them. */
  #take(events: readonly ServerEvent[]): boolean {
    let lines: LineEvent[] = [];
    const flush = () => {
      this.#lines(lines);
      lines = [];
    };
    for (const { name, data } of events) {
      if (name === 'log') {
        lines.push(JSON.parse(data) as LineEvent);
        continue;
      }
      flush();
      if (name === 'step') this.#handlers.onStep?.(JSON.parse(data) as StepEvent);
      else if (name === 'status') this.#handlers.onStatus?.(JSON.parse(data) as StatusEvent);
      else if (name === 'done') {
        this.#handlers.onDone?.(JSON.parse(data) as StatusEvent);
        return true;
      }
    }
    flush();
    return false;
  }

  #lines(lines: readonly LineEvent[]): void {
    const news = lines.filter(({ seq }) => seq > this.#last);
    const last = news.at(-1);
    if (!last) return;
    this.#last = last.seq;
    this.#handlers.onLines?.(news);
  }

  async #poll(): Promise<boolean> {
    this.#tell('polling');
    for (let count = 0; count < POLLS_BEFORE_STREAM; count += 1) {
      try {
        if (await this.#ask()) return true;
      } catch (error) {
        if (this.#closed.signal.aborted) return true;
        if (this.#isGone(error)) return true;
        this.#tell('reconnecting');
      }
      await this.#sleep(POLL);
      if (this.#closed.signal.aborted) return true;
    }
    this.#failures = FAILURES_BEFORE_POLLING - 1;
    return false;
  }

  async #ask(): Promise<boolean> {
    const { signal } = this.#closed;
    const path = { id: this.#id };
    const deployment = await body(api.GET('/api/deployments/{id}', { params: { path }, signal }));
    let isComplete = false;
    for (;;) {
      const query = { format: 'json' as const, after: this.#last, limit: POLLED_LINES };
      const answer = await api.GET('/api/deployments/{id}/logs', { params: { path, query }, signal });
      const part = answer.data as unknown as Schemas['LogRange'];
      this.#lines(part.lines);
      isComplete = part.is_complete;
      if (part.lines.length === 0 || this.#last >= part.total_lines) break;
    }
    this.#tell('polling');
    for (const step of deployment.steps) this.#handlers.onStep?.(step);
    const { status, status_message, waiting_on, deployment_url, preview_url, error_message } = deployment;
    const event = { status, status_message, waiting_on, deployment_url, preview_url, error_message };
    this.#handlers.onStatus?.(event);
    const isOver = isComplete && (status === 'success' || status === 'failed' || status === 'cancelled');
    if (isOver) this.#handlers.onDone?.(event);
    return isOver;
  }

  /** Neither trying again nor waiting brings it back. */
  #isGone(error: unknown): boolean {
    return !isAbort(error) && [403, 404].includes(asProblem(error).status);
  }

  #tell(state: FollowState): void {
    this.#handlers.onState?.(state);
  }

  /** Until the time is over, or somebody looks. */
  #sleep(milliseconds: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = milliseconds === Number.POSITIVE_INFINITY ? undefined : setTimeout(resolve, milliseconds);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  #hurry(): void {
    if (this.#failures > 0 && this.#failures < FAILURES_BEFORE_POLLING) this.#failures = 1;
    this.#wake?.();
  }
}

/** Calls when something that was expected did not come. */
class Watchdog {
  #timer: ReturnType<typeof setTimeout> | undefined;
  readonly #alarm: () => void;

  constructor(alarm: () => void) {
    this.#alarm = alarm;
  }

  expect(within: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(this.#alarm, within);
  }

  stop(): void {
    clearTimeout(this.#timer);
  }
}
