// What the page and its search worker say to each other.

import type { ChunkHits } from './engine';
import type { Query } from './query';

export type ToWorker =
  | { kind: 'chunk'; index: number; text: string; offsets: Uint32Array }
  /** Begins anew, with the chunk `from`; `query` null only stops. */
  | { kind: 'search'; id: number; query: Query | null; from: number };

export type FromWorker =
  | { kind: 'hits'; id: number; chunks: { index: number; hits: ChunkHits }[]; isDone: boolean }
  | { kind: 'refused'; id: number; reason: 'bad' | 'slow' }
  /** Still at it; without a word for too long the page ends the worker. */
  | { kind: 'alive'; id: number };
