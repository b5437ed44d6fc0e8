// Marks beside the scroll bar: where in the whole log the matches are.

import type { Layout } from '../layout/layout';
import { element } from './dom';

/** More could not be told apart. */
const MOST_MARKS = 1500;
const WIDTH = 8;

export class ScrollMarks {
  readonly canvas = element('canvas', 'slog-marks');

  constructor() {
    this.canvas.hidden = true;
    this.canvas.setAttribute('aria-hidden', 'true');
  }

  draw(lines: readonly number[], current: number | null, layout: Layout, height: number, colours: { hit: string; current: string }): void {
    this.canvas.hidden = lines.length === 0 || layout.height <= height;
    if (this.canvas.hidden) return;
    const scale = devicePixelRatio;
    this.canvas.width = WIDTH * scale;
    this.canvas.height = height * scale;
    const context = this.canvas.getContext('2d');
    if (!context) return;
    const mark = (seq: number, size: number) => {
      const y = (layout.y(layout.rowOf(seq)) / layout.height) * height;
      context.fillRect(0, Math.floor(y * scale), WIDTH * scale, size * scale);
    };
    context.fillStyle = colours.hit;
    const step = Math.max(1, lines.length / MOST_MARKS);
    for (let at = 0; at < lines.length; at += step) mark(lines[Math.floor(at)]!, 2);
    if (current !== null) {
      context.fillStyle = colours.current;
      mark(current, 3);
    }
  }
}
