// A log that needs no server: every line follows from its number. It grows on command, can refuse, and can
// break its connection.

import type { FollowState, LogLine, LogRange, LogSource, LogStep, RangeQuery } from '../../src/log';

export interface SyntheticOptions {
  lines: number;
  isRunning?: boolean;
  /** Of each answer, in milliseconds. */
  delay?: number;
  text?: (seq: number) => string;
  /** The step of a line. */
  step?: (seq: number) => string | null;
  longest?: number;
}

const WORDS = ['resolve', 'transform', 'bundle', 'emit', 'hash', 'link', 'optimise', 'scan'];

export function ordinaryText(seq: number): string {
  if (seq % 997 === 0) return `src/pages/page-${seq}.ts:${seq % 300}:7 - error TS2304: Cannot find name 'thing${seq}'.`;
  if (seq % 401 === 0) return `warning: asset ${seq}.js is larger than 244 KiB`;
  if (seq % 13 === 0) return `\u001b[32m✓\u001b[0m built \u001b[1mchunk-${seq}.js\u001b[0m in \u001b[36m${seq % 900} ms\u001b[0m`;
  if (seq % 17 === 0) return `see https://example.com/docs/${seq} for details`;
  return `[${WORDS[seq % WORDS.length]}] module ${seq} of node_modules/package-${seq % 211}/dist/index.js (${(seq * 37) % 4096} bytes)`;
}

export class SyntheticSource implements LogSource {
  #last: number;
  #isRunning: boolean;
  #followers: { after: number; onBatch: (lines: LogLine[]) => void; onState: (state: FollowState) => void }[] = [];
  readonly requests: string[] = [];
  failures = 0;

  constructor(private readonly options: SyntheticOptions) {
    this.#last = options.lines;
    this.#isRunning = options.isRunning ?? false;
  }

  get last(): number {
    return this.#last;
  }

  line(seq: number): LogLine {
    const { text = ordinaryText, step = () => 'build' } = this.options;
    return { seq, stream: 'stdout', at: 1_790_000_000_000 + seq * 5, text: text(seq), step: step(seq) };
  }

  #lines(first: number, last: number): LogLine[] {
    const lines: LogLine[] = [];
    for (let seq = Math.max(1, first); seq <= Math.min(last, this.#last); seq++) lines.push(this.line(seq));
    return lines;
  }

  async #answer(name: string, first: number, last: number, signal: AbortSignal): Promise<LogRange> {
    this.requests.push(name);
    await new Promise((resolve) => setTimeout(resolve, this.options.delay ?? 5));
    signal.throwIfAborted();
    if (this.failures > 0) {
      this.failures--;
      throw new Error('The server answered 503');
    }
    return { lines: this.#lines(first, last), last: this.#last, isComplete: !this.#isRunning };
  }

  tail(limit: number, signal: AbortSignal): Promise<LogRange> {
    return this.#answer(`tail ${limit}`, this.#last - limit + 1, this.#last, signal);
  }

  range(query: RangeQuery, signal: AbortSignal): Promise<LogRange> {
    const limit = Math.min(query.limit, this.options.longest ?? 5000);
    const first = 'after' in query ? query.after + 1 : query.before - limit;
    return this.#answer(`range ${first}+${limit}`, first, first + limit - 1, signal);
  }

  follow(after: number, onBatch: (lines: LogLine[]) => void, onState: (state: FollowState) => void): { close(): void } {
    const follower = { after, onBatch, onState };
    this.#followers.push(follower);
    onState('live');
    if (this.#last > after) onBatch(this.#lines(after + 1, this.#last));
    return {
      close: () => {
        this.#followers = this.#followers.filter((one) => one !== follower);
      },
    };
  }

  /** Writes lines; `repeat` sends so many of the last ones once more, as a server does after a break. */
  grow(count: number, repeat = 0): void {
    const first = this.#last + 1 - repeat;
    this.#last += count;
    for (const { onBatch } of this.#followers) onBatch(this.#lines(first, this.#last));
  }

  end(): void {
    this.#isRunning = false;
    for (const { onState } of this.#followers) onState('ended');
  }
}

export function step(name: string, title: string, state: LogStep['state'], rest: Partial<LogStep> = {}): LogStep {
  return { name, title, state, startedAt: 1_790_000_000_000, ...rest };
}
