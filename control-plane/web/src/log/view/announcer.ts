// Tells screen readers of new errors. The lines themselves are no live region: thousands would be read.

import type { LogStore, StoreChange } from '../store/store';
import { plainText } from '../text/ansi';

const LEAST_PAUSE_MS = 3000;
const LONGEST_TEXT = 200;

export class ErrorAnnouncer {
  #last = -Infinity;
  #timer: ReturnType<typeof setTimeout> | null = null;

  constructor(
    private readonly store: LogStore,
    private readonly announce: (text: string) => void,
  ) {}

  /** Lines came. The first error since the last announcement is told when the pause is over. */
  linesCame({ first, last }: StoreChange): void {
    if (this.#timer !== null) return;
    const seq = this.store.nextOfLevel('error', first - 1, 1);
    if (seq === null || seq > last) return;
    this.#timer = setTimeout(
      () => {
        this.#timer = null;
        this.#last = performance.now();
        this.announce(plainText(this.store.textOf(seq)).slice(0, LONGEST_TEXT));
      },
      Math.max(0, this.#last + LEAST_PAUSE_MS - performance.now()),
    );
  }

  destroy(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
  }
}
