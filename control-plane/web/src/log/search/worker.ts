// The search worker: typing and scrolling go on while it reads a hundred thousand lines.

import { SearchEngine, type ChunkHits } from './engine';
import type { FromWorker, ToWorker } from './protocol';
import { compile, type Matcher } from './query';

/** After so long new questions are looked at. */
const SLICE_MS = 10;

const engine = new SearchEngine();
let current: { id: number; matcher: Matcher } | null = null;
let pending: number[] = [];

// Faster than timers, which browsers hold back for 4 ms.
const turn = new MessageChannel();
turn.port1.onmessage = () => work();

function say(message: FromWorker): void {
  postMessage(message);
}

onmessage = ({ data }: MessageEvent<ToWorker>) => {
  if (data.kind === 'chunk') {
    engine.put(data.index, data.text, data.offsets);
    if (current && !pending.includes(data.index)) schedule([...pending, data.index]);
    return;
  }
  current = null;
  pending = [];
  if (!data.query || data.query.text === '') return;
  const matcher = compile(data.query);
  if (!matcher) return say({ kind: 'refused', id: data.id, reason: 'bad' });
  current = { id: data.id, matcher };
  const all = engine.indexes;
  const from = data.from;
  schedule([...all.filter((index) => index >= from), ...all.filter((index) => index < from)]);
};

let isScheduled = false;
function schedule(indexes: number[]): void {
  pending = indexes;
  if (isScheduled) return;
  isScheduled = true;
  turn.port2.postMessage(null);
}

function work(): void {
  isScheduled = false;
  if (!current) return;
  const { id, matcher } = current;
  const began = performance.now();
  const chunks: { index: number; hits: ChunkHits }[] = [];
  say({ kind: 'alive', id });
  let done = 0;
  while (done < pending.length && performance.now() - began < SLICE_MS) {
    const index = pending[done++]!;
    const hits = engine.search(index, matcher);
    if (!hits) {
      current = null;
      return say({ kind: 'refused', id, reason: 'slow' });
    }
    chunks.push({ index, hits });
  }
  pending = pending.slice(done);
  say({ kind: 'hits', id, chunks, isDone: pending.length === 0 });
  if (pending.length > 0) schedule(pending);
}
