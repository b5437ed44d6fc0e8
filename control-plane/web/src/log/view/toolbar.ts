// The tools above the log.

import type { LogMessages } from '../messages';
import type { FollowState } from '../types';
import { button, element, setAttribute, setText } from './dom';

export interface ToolbarEvents {
  onSearch(): void;
  onFollow(): void;
  onWrap(): void;
  onNextError(): void;
  onView(opener: HTMLElement): void;
  onMore(opener: HTMLElement): void;
  onFullscreen(): void;
}

export interface ToolbarState {
  isFollowing: boolean;
  canFollow: boolean;
  isWrapped: boolean;
  isFullscreen: boolean;
  connection: FollowState | 'idle';
  lineCount: number;
}

/** How long a word of thanks stays. */
const STATUS_MS = 4000;

export class Toolbar {
  readonly root = element('div', 'slog-bar');
  readonly #info = element('span', 'slog-info');
  readonly #status = element('output', 'slog-status');
  readonly #follow: HTMLButtonElement;
  readonly #wrap: HTMLButtonElement;
  readonly #fullscreen: HTMLButtonElement;
  #timer: ReturnType<typeof setTimeout> | null = null;

  constructor(
    private readonly messages: LogMessages,
    events: ToolbarEvents,
  ) {
    this.root.setAttribute('role', 'toolbar');
    this.root.setAttribute('aria-label', messages.toolbar);
    this.#follow = button({ label: messages.follow, icon: 'follow', shortcut: 'F', onPress: () => events.onFollow() });
    this.#wrap = button({ label: messages.wrap, icon: 'wrap', shortcut: 'W', onPress: () => events.onWrap() });
    this.#fullscreen = button({ label: messages.fullscreen, icon: 'fullscreen', shortcut: 'Z', onPress: () => events.onFullscreen() });
    this.root.append(
      this.#info,
      this.#status,
      button({ label: messages.search, icon: 'search', shortcut: '/', onPress: () => events.onSearch() }),
      button({ label: messages.nextError, icon: 'error', shortcut: 'E', onPress: () => events.onNextError() }),
      this.#follow,
      this.#wrap,
      menuButton(messages.view, 'view', events.onView),
      menuButton(messages.more, 'more', events.onMore),
      this.#fullscreen,
    );
  }

  show(state: ToolbarState): void {
    const { messages } = this;
    setAttribute(this.#follow, 'aria-pressed', String(state.isFollowing));
    this.#follow.hidden = !state.canFollow;
    setAttribute(this.#wrap, 'aria-pressed', String(state.isWrapped));
    setAttribute(this.#fullscreen, 'aria-pressed', String(state.isFullscreen));
    setAttribute(this.root, 'data-connection', state.connection);
    const notes: Partial<Record<ToolbarState['connection'], string>> = {
      reconnecting: messages.reconnecting,
      polling: messages.polling,
    };
    setText(this.#info, notes[state.connection] ?? (state.lineCount > 0 ? messages.lineCount(state.lineCount) : ''));
  }

  say(text: string): void {
    setText(this.#status, text);
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = setTimeout(() => setText(this.#status, ''), STATUS_MS);
  }

  destroy(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
  }
}

function menuButton(label: string, icon: string, onOpen: (opener: HTMLElement) => void): HTMLButtonElement {
  const made = button({ label, icon, onPress: () => onOpen(made) });
  made.setAttribute('aria-haspopup', 'menu');
  made.setAttribute('aria-expanded', 'false');
  return made;
}
