// Segments cut further, where addresses become links and masked secrets get their title.

import { webAddress, type Segment } from './ansi';
import { PLAIN, type Style } from './style';

export interface Piece {
  text: string;
  style: Style;
  href?: string;
  isMasked?: true;
}

const MOST_LINKS = 24;
const LINK_OR_MASK = /https?:\/\/[^\s<>"'`\u0000-\u001f]+|(?<!\*)\*\*\*(?!\*)/gi;

/** Whether it needs an element of its own. */
export function needsElement(piece: Piece): boolean {
  return piece.style !== PLAIN || piece.href !== undefined || piece.isMasked === true;
}

export function cutPieces(segments: Segment[]): Piece[] {
  const pieces: Piece[] = [];
  let found = 0;
  for (const segment of segments) {
    if (segment.href !== undefined || !/https?:|\*\*\*/i.test(segment.text)) {
      pieces.push(segment);
      continue;
    }
    const { text, style } = segment;
    let at = 0;
    for (const match of text.matchAll(LINK_OR_MASK)) {
      if (++found > MOST_LINKS) break;
      const isMask = match[0] === '***';
      const shown = isMask ? match[0] : withoutTrailingPunctuation(match[0]);
      const href = isMask ? undefined : webAddress(shown);
      if (!isMask && href === undefined) continue;
      if (match.index > at) pieces.push({ text: text.slice(at, match.index), style });
      pieces.push(href === undefined ? { text: shown, style, isMasked: true } : { text: shown, style, href });
      at = match.index + shown.length;
    }
    if (at < text.length) pieces.push({ text: text.slice(at), style });
  }
  return pieces;
}

/** `(see https://example.com/a_(b)).` means `https://example.com/a_(b)`. */
function withoutTrailingPunctuation(address: string): string {
  let end = address.length;
  for (;;) {
    const last = address[end - 1]!;
    if ('.,;:!?…*'.includes(last)) end--;
    else if (last === ')' && isUnbalanced(address.slice(0, end), '(', ')')) end--;
    else if (last === ']' && isUnbalanced(address.slice(0, end), '[', ']')) end--;
    else if (last === '}' && isUnbalanced(address.slice(0, end), '{', '}')) end--;
    else return address.slice(0, end);
    if (end === 0) return '';
  }
}

function isUnbalanced(text: string, open: string, close: string): boolean {
  return text.split(close).length > text.split(open).length;
}
