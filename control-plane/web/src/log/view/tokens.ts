// Pieces of the lines on the screen. Only visible lines are cut; the last 2,000 are remembered.

import { tokenize } from '../text/ansi';
import { cutPieces, needsElement, type Piece } from '../text/pieces';
import type { Style } from '../text/style';

/** Longer lines are cut, with a button for the rest. */
export const LONGEST_LINE = 4096;
/** What one press of the button adds. */
export const EXPAND_BY = 64 * 1024;

const MOST_REMEMBERED = 2000;
/** A line that redraws itself is long; its last state is at its end. */
const LONGEST_RAW = 64 * 1024;

export interface LinePieces {
  pieces: Piece[];
  /** Elements that the pieces need. */
  elements: number;
  /** Characters that are shown. */
  length: number;
  /** Characters that are not shown. */
  hidden: number;
  /** Columns, roughly: what is not ASCII counts as two. */
  columns: number;
}

export class TokenCache {
  readonly #lines = new Map<number, { look: Style; limit: number; line: LinePieces }>();

  get(seq: number, text: () => string, look: Style, limit: number): LinePieces {
    const known = this.#lines.get(seq);
    if (known && known.look === look && known.limit === limit) return known.line;
    const line = cutLine(text(), look, limit);
    this.#lines.delete(seq);
    this.#lines.set(seq, { look, limit, line });
    if (this.#lines.size > MOST_REMEMBERED) this.#lines.delete(this.#lines.keys().next().value!);
    return line;
  }

  clear(): void {
    this.#lines.clear();
  }
}

export function cutLine(raw: string, look: Style, limit: number): LinePieces {
  const taken = raw.length > LONGEST_RAW + limit ? raw.slice(0, LONGEST_RAW + limit) : raw;
  const { segments } = tokenize(taken, look);
  const whole = segments.reduce((sum, segment) => sum + segment.text.length, 0);
  let left = limit;
  const shown = [];
  for (const segment of segments) {
    if (left <= 0) break;
    shown.push(segment.text.length <= left ? segment : { ...segment, text: cutText(segment.text, left) });
    left -= segment.text.length;
  }
  const pieces = cutPieces(shown);
  const length = pieces.reduce((sum, piece) => sum + piece.text.length, 0);
  return {
    pieces,
    elements: pieces.filter(needsElement).length,
    length,
    hidden: whole - length + (raw.length - taken.length),
    columns: pieces.reduce((sum, piece) => sum + columns(piece.text), 0),
  };
}

/** Not between the halves of a character. */
function cutText(text: string, length: number): string {
  const last = text.charCodeAt(length - 1);
  return text.slice(0, last >= 0xd800 && last <= 0xdbff ? length - 1 : length);
}

function columns(text: string): number {
  let count = text.length;
  if (/[^\u0020-\u007e]/.test(text)) for (const c of text) count += c === '\t' ? 7 : c > '\u2e80' ? 1 : 0;
  return count;
}
