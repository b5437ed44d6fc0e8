// Reads a part of the log from its source, whatever the source gives at once.

import type { LogLine, LogSource } from '../types';

const MOST_AT_ONCE = 5000;

/** Lines `first` to `last`, in order, in the runs in which they come. */
export async function* readLines(source: LogSource, first: number, last: number, signal: AbortSignal): AsyncGenerator<LogLine[]> {
  let after = first - 1;
  while (after < last) {
    const { lines } = await source.range({ after, limit: Math.min(MOST_AT_ONCE, last - after) }, signal);
    const wanted = lines.filter((line) => line.seq > after && line.seq <= last);
    if (wanted.length === 0) return;
    yield wanted;
    after = wanted[wanted.length - 1]!.seq;
  }
}
