// What the log viewer needs from outside, and what it tells. Nothing here knows Svelte or our API.

export type Stream = 'stdout' | 'stderr' | 'system';
export type Level = 'none' | 'warning' | 'error';

/** One line, or a piece of one. */
export interface LogLine {
  /** Unique and increasing over the whole deployment, counted from 1. */
  seq: number;
  stream: Stream;
  /** Milliseconds since 1970. */
  at: number;
  /** Without the line end; anything may be in it. */
  text: string;
  /** Name of the step it belongs to; left out when the source does not know. */
  step?: string | null;
  /** Whether the next line continues this one. */
  continued?: boolean;
  /** How many lines are missing here: the line is a marker and its text says why. */
  lost?: number;
}

/** A run of lines in ascending order, and how far the log reaches. */
export interface LogRange {
  lines: LogLine[];
  /** Number of the last line that exists now; 0 when there is none. */
  last: number;
  /** Nothing will be added any more. */
  isComplete: boolean;
}

/** Behind `after`, or before `before`; at most `limit` lines that touch that border. */
export type RangeQuery = { after: number; limit: number } | { before: number; limit: number };

export type FollowState = 'connecting' | 'live' | 'reconnecting' | 'polling' | 'ended';

export type DownloadFormat = 'plain' | 'ansi' | 'jsonl';

/** Where lines come from. Promises reject with an `Error` whose message may be shown. */
export interface LogSource {
  /** The last `limit` lines. */
  tail(limit: number, signal: AbortSignal): Promise<LogRange>;
  range(query: RangeQuery, signal: AbortSignal): Promise<LogRange>;
  /**
   * Lines behind `after` as they come, in order; a line that comes twice is dropped by its number and
   * a hole is read again with `range`. Reconnects by itself until `close`.
   */
  follow(after: number, onBatch: (lines: LogLine[]) => void, onState: (state: FollowState) => void): { close(): void };
  /** Address under which the server sends the whole log in that format, when it does. */
  downloadUrl?(format: DownloadFormat): string | null;
}

export type StepState = 'pending' | 'running' | 'done' | 'failed' | 'skipped' | 'cancelled';

/** A step in the order in which it runs. */
export interface LogStep {
  /** As in `LogLine.step` and in permalinks (`#build-L12`). */
  name: string;
  /** As people read it. */
  title: string;
  state: StepState;
  /** Milliseconds since 1970. */
  startedAt?: number | null;
  completedAt?: number | null;
  /** Number of its first line, when known without reading. */
  firstLine?: number | null;
}

export type Timestamps = 'off' | 'relative' | 'local' | 'utc';

/** Kept per user by whoever mounts the viewer. */
export interface LogPreferences {
  wrap: boolean;
  timestamps: Timestamps;
  /** Pixels, 11 to 18. */
  fontSize: number;
  /** Lines around each match when only matches are shown: 0, 2 or 5. */
  filterContext: number;
  /** Whether single letters are shortcuts (WCAG 2.1.4). */
  shortcuts: boolean;
}

export const DEFAULT_PREFERENCES: LogPreferences = {
  wrap: false,
  timestamps: 'off',
  fontSize: 12,
  filterContext: 2,
  shortcuts: true,
};

/** What `onStateChange` tells; equal values are not told twice. */
export interface LogState {
  phase: 'loading' | 'ready' | 'error';
  connection: FollowState | 'idle';
  /** The bottom is kept in view. */
  isFollowing: boolean;
  /** Lines that came since following stopped. */
  unseen: number;
  /** Lines of the whole log, loaded or not. */
  lineCount: number;
  isFullscreen: boolean;
  /** Name of the step at the top of the view. */
  step: string | null;
  selection: LineSelection | null;
}

/** Both ends are in it. */
export interface LineSelection {
  step: string | null;
  first: number;
  last: number;
}

/** Why there is nothing to show, when the mounting page knows. */
export type EmptyReason = { kind: 'none' } | { kind: 'skipped' } | { kind: 'deleted'; text: string };
