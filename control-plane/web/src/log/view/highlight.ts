// Shows matches in the rows that are in the document. The CSS Custom Highlight API paints ranges of text,
// so that a match costs no element and rows stay as they are.

import type { Hit, Hits } from '../search/hits';
import { element } from './dom';

const NAME = 'slog-hit';

export class HitPainter {
  /** Around the current match: colour alone would not do. */
  readonly outline = element('div', 'slog-current-hit');

  constructor() {
    this.outline.hidden = true;
    this.outline.setAttribute('aria-hidden', 'true');
  }

  clear(): void {
    this.outline.hidden = true;
    CSS.highlights?.delete(NAME);
  }

  /** `rows` are the lines in the document. */
  paint(rows: Iterable<[number, HTMLElement]>, hits: Hits, current: Hit | null): void {
    const ranges: Range[] = [];
    this.outline.hidden = true;
    for (const [seq, row] of rows) {
      for (const hit of hits.of(seq)) {
        const range = rangeIn(row, hit.start, hit.length);
        if (!range) continue;
        ranges.push(range);
        if (current && current.seq === seq && current.start === hit.start) this.#outline(range);
      }
    }
    if (typeof Highlight !== 'undefined') CSS.highlights.set(NAME, new Highlight(...ranges));
  }

  #outline(range: Range): void {
    const box = this.outline.parentElement?.getBoundingClientRect();
    const rect = range.getClientRects()[0];
    if (!box || !rect) return;
    const { style } = this.outline;
    style.left = `${rect.left - box.left}px`;
    style.top = `${rect.top - box.top}px`;
    style.width = `${rect.width}px`;
    style.height = `${rect.height}px`;
    this.outline.hidden = false;
  }
}

/** Characters of the text of a row, which its button is not part of. */
export function rangeIn(row: HTMLElement, start: number, length: number): Range | null {
  const walker = document.createTreeWalker(row, NodeFilter.SHOW_TEXT);
  let before = 0;
  let range: Range | null = null;
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    if (node.parentElement?.classList.contains('slog-more')) break;
    const size = node.textContent!.length;
    if (!range && start < before + size) {
      range = document.createRange();
      range.setStart(node, start - before);
    }
    if (range && start + length <= before + size) {
      range.setEnd(node, start + length - before);
      return range;
    }
    before += size;
  }
  return null;
}
