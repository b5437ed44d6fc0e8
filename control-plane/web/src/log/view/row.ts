// One row of the log as an element: a link with the number, and the text. Number and time are made by the
// style sheet from attributes, so that copying a selection gives the text alone and a row is two elements.

import type { Span } from '../layout/layout';
import type { LogMessages } from '../messages';
import { classNames, paint, type Palette } from '../text/colour';
import { needsElement, type Piece } from '../text/pieces';
import type { Level, LogStep, Stream } from '../types';
import { element } from './dom';
import type { LinePieces } from './tokens';

export interface LineRow {
  seq: number;
  line: LinePieces;
  level: Level;
  stream: Stream;
  isContinuation: boolean;
  isLost: boolean;
  time: string;
  href: string;
}

export interface Painter {
  palette: Palette;
  messages: LogMessages;
}

/** `elements` bounds how many pieces have a look, and the button of a long line; pieces behind are plain. */
export function lineRow(row: LineRow, elements: number, painter: Painter): HTMLElement {
  const made = element('div', `slog-row ${levelClass(row)}`);
  made.append(numberLink(row, painter.messages));
  let left = row.line.hidden > 0 ? elements - 1 : elements;
  let plain = '';
  const flush = () => {
    if (plain !== '') made.append(plain);
    plain = '';
  };
  for (const piece of row.line.pieces) {
    if (!needsElement(piece) || left <= 0) plain += piece.text;
    else {
      flush();
      made.append(pieceElement(piece, painter));
      left--;
    }
  }
  flush();
  if (row.line.hidden > 0) {
    const more = element('button', 'slog-more', painter.messages.moreCharacters(row.line.hidden));
    more.type = 'button';
    more.tabIndex = -1;
    more.dataset['expand'] = String(row.seq);
    made.append(more);
  }
  return made;
}

function levelClass({ level, stream, isLost }: LineRow): string {
  if (isLost) return 'is-lost';
  if (level !== 'none') return `is-${level}`;
  return stream === 'system' ? 'is-system' : '';
}

function numberLink(row: LineRow, messages: LogMessages): HTMLAnchorElement {
  const link = element('a', 'slog-number');
  link.href = row.href;
  link.tabIndex = -1;
  link.dataset['seq'] = String(row.seq);
  link.dataset['n'] = row.isContinuation ? '↪' : String(row.seq);
  if (row.time !== '') link.dataset['time'] = row.time;
  link.setAttribute('aria-label', messages.line(row.seq));
  return link;
}

function pieceElement(piece: Piece, { palette, messages }: Painter): HTMLElement {
  const made = piece.href === undefined ? element('span') : element('a');
  if (made instanceof HTMLAnchorElement && piece.href !== undefined) {
    made.href = piece.href;
    made.target = '_blank';
    made.rel = 'noopener noreferrer nofollow';
    made.referrerPolicy = 'no-referrer';
    made.tabIndex = -1;
  }
  const names = [classNames(piece.style), piece.href === undefined ? '' : 'slog-link', piece.isMasked ? 'slog-masked' : ''];
  const className = names.filter((name) => name !== '').join(' ');
  if (className !== '') made.className = className;
  if (piece.isMasked) made.title = messages.masked;
  const { color, background } = paint(piece.style, palette);
  if (color !== undefined) made.style.color = color;
  if (background !== undefined) made.style.backgroundColor = background;
  made.textContent = piece.text;
  return made;
}

/** In place of a line that is not loaded. */
export function skeletonRow(seq: number): HTMLElement {
  const made = element('div', 'slog-row is-skeleton');
  const bar = element('span', 'slog-skeleton');
  bar.dataset['n'] = String(seq);
  // Lengths that look like a log, and are the same each time.
  bar.classList.add(`slog-skeleton-${(seq * 7919) % 5}`);
  made.append(bar);
  return made;
}

export function markerRow(text: string): HTMLElement {
  return element('div', 'slog-row is-marker', text);
}

export interface HeaderTexts {
  title: string;
  meta: string;
  /** For the style sheet. */
  state: string;
}

/** Header of a step or group, also as it sticks to the top. */
export function headerButton(span: Span, texts: HeaderTexts): HTMLButtonElement {
  const made = element('button', `slog-fold slog-fold-${span.kind} is-${texts.state}`);
  made.type = 'button';
  made.tabIndex = -1;
  made.setAttribute('aria-expanded', String(span.isOpen === true));
  made.dataset['fold'] = foldKey(span);
  made.append(element('span', 'slog-fold-title', texts.title), element('span', 'slog-fold-meta', texts.meta));
  return made;
}

/** Names a step or group among what can be folded. */
export function foldKey(span: { kind: string; seq: number; step?: LogStep }): string {
  return span.kind === 'step' ? `step:${span.step!.name}` : `group:${span.seq}`;
}
