// How the viewer is mounted, and what one can do with it then.

import type { LogMessages } from './messages';
import type { EmptyReason, LineSelection, LogPreferences, LogSource, LogState, LogStep } from './types';

export interface LogViewerOptions {
  source: LogSource;
  /** In the order in which they run; `update` changes them. */
  steps?: readonly LogStep[];
  /** Left out, English. */
  messages?: Partial<LogMessages>;
  preferences?: Partial<LogPreferences>;
  /** Why there may be nothing to show. */
  empty?: EmptyReason;
  /** Name of downloaded files, without an extension. */
  fileName?: string;
  /** The fragment to begin with; left out, that of the address. An empty one begins at the end. */
  fragment?: string;
  onStateChange?(state: LogState): void;
  /** The user wants it so from now on. */
  onPreferencesChange?(preferences: LogPreferences): void;
  /** Something that screen readers should hear; at most once in 3 s. */
  onAnnounce?(text: string): void;
  /** Lines were selected, or no longer (empty). Left out, the address of the page gets the fragment. */
  onFragment?(fragment: string): void;
}

export interface LogViewerHandle {
  /** New states of the steps, or another reason why there is nothing. */
  update(change: { steps?: readonly LogStep[]; empty?: EmptyReason; preferences?: Partial<LogPreferences> }): void;
  /**
   * Loads, opens, centres and selects lines: a fragment (`#build-L12`) or numbers. Says whether it could at once;
   * before the log is there it is done later.
   */
  goTo(target: string | LineSelection): boolean;
  /** Opens a step and scrolls to its header, also once the log is there. Says whether it could. */
  showStep(name: string): boolean;
  showNextError(): boolean;
  openSearch(text?: string): void;
  /** Goes to the end and stays there. */
  follow(): void;
  focus(): void;
  readonly state: LogState;
  destroy(): void;
}
