// What is said in place of rows: that there are none yet, or never will be, or could not be loaded.

import type { LogMessages } from '../messages';
import type { EmptyReason, LogState } from '../types';
import { button, element } from './dom';

export interface NoticeState {
  phase: LogState['phase'];
  connection: LogState['connection'];
  /** Why something could not be loaded. */
  failure: string | null;
  hasRows: boolean;
  reason: EmptyReason;
}

export class Notice {
  readonly root = element('div', 'slog-empty');
  #signature = '';

  constructor(
    private readonly messages: LogMessages,
    private readonly onRetry: () => void,
  ) {
    this.root.hidden = true;
  }

  /** Says whether something else is shown now. */
  show(state: NoticeState): boolean {
    const text = this.#text(state);
    const { failure } = state;
    this.root.hidden = text === null;
    // Rows that are there stay in sight.
    this.root.classList.toggle('is-strip', state.phase === 'ready' && failure !== null);
    const signature = JSON.stringify([text, failure]);
    if (this.#signature === signature) return false;
    this.#signature = signature;
    this.root.replaceChildren();
    if (text !== null) this.root.append(element('p', '', text));
    if (failure !== null) {
      if (failure !== '') this.root.append(element('p', 'slog-reason', failure));
      this.root.append(button({ label: this.messages.retry, className: 'slog-retry', onPress: this.onRetry }));
    }
    return true;
  }

  #text({ phase, connection, failure, hasRows, reason }: NoticeState): string | null {
    const { messages } = this;
    if (phase === 'error' || failure !== null) return messages.failed;
    if (phase === 'loading') return messages.loading;
    if (hasRows) return null;
    if (reason.kind === 'deleted') return reason.text;
    if (reason.kind === 'skipped') return messages.stepSkipped;
    return connection === 'ended' ? messages.noLines : messages.noOutput;
  }
}
