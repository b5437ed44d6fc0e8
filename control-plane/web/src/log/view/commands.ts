// What the keys do.

import type { Span } from '../layout/layout';
import type { LogPreferences } from '../types';
import type { Body } from './body';
import type { Command } from './keys';
import { foldKey } from './row';

const SIDE_PX = 80;

export interface CommandTarget {
  readonly preferences: LogPreferences;
  readonly isSearching: boolean;
  setPreferences(change: Partial<LogPreferences>): void;
  follow(): void;
  toggleFollow(): void;
  toggleFullscreen(): void;
  showNextError(): boolean;
  openSearch(): void;
  moveHit(direction: 1 | -1): void;
  nextTimestamps(): void;
  copyLink(): void;
  extendSelection(by: 1 | -1): void;
  /** Leaves the search, the full screen or the selection; says whether there was one. */
  escape(): boolean;
  announceStep(title: string): void;
}

/** Says whether there was something to do. */
export function runCommand(command: Command, target: CommandTarget, body: Body): boolean {
  const { viewport, layout } = body;
  const { line } = layout.metrics;
  switch (command.do) {
    case 'line':
      body.scrollBy(command.by * line);
      return true;
    case 'page':
      body.scrollBy(command.by * Math.max(line, viewport.height - 2 * line));
      return true;
    case 'start':
      body.scrollBy(-viewport.top);
      return true;
    case 'end':
      target.follow();
      return true;
    case 'side':
      viewport.scroller.scrollLeft += command.by * SIDE_PX;
      return !target.preferences.wrap;
    case 'follow':
      target.toggleFollow();
      return true;
    case 'extend':
      target.extendSelection(command.by);
      return true;
    case 'step':
      return moveStep(command.by, target, body);
    case 'hit':
      if (target.isSearching) target.moveHit(command.by);
      return target.isSearching;
    case 'font':
      target.setPreferences({ fontSize: target.preferences.fontSize + command.by });
      return true;
    case 'error':
      target.showNextError();
      return true;
    case 'wrap':
      target.setPreferences({ wrap: !target.preferences.wrap });
      return true;
    case 'timestamps':
      target.nextTimestamps();
      return true;
    case 'fullscreen':
      target.toggleFullscreen();
      return true;
    case 'search':
      target.openSearch();
      return true;
    case 'link':
      target.copyLink();
      return true;
    case 'activate':
      return activate(body);
    case 'escape':
      return target.escape();
  }
}

function moveStep(by: 1 | -1, target: CommandTarget, body: Body): boolean {
  const { viewport, layout } = body;
  if (layout.rowCount === 0) return false;
  const headers = layout.spans.filter((span) => span.kind === 'step');
  const here = viewport.topRow;
  const isAbove = (span: Span) => layout.y(span.row) < viewport.top;
  const next = by > 0 ? headers.find((span) => span.row > here) : headers.filter(isAbove).pop();
  if (!next?.step) return false;
  body.scrollBy(layout.y(next.row) - viewport.top);
  target.announceStep(next.step.title);
  return true;
}

/** What cannot be reached with Tab: the rest of the selected line, or its link; else the step folds. */
function activate(body: Body): boolean {
  const first = body.selection?.first;
  for (const [seq, row] of body.shownLines()) {
    if (seq !== first) continue;
    const pressed = row.querySelector<HTMLElement>('.slog-more') ?? row.querySelector<HTMLElement>('.slog-link');
    pressed?.click();
    if (pressed) return true;
  }
  const span = body.topStep;
  if (span) body.toggleFold(foldKey(span));
  return span !== null;
}
