// What the log viewer's specs do and read in their page.

import type { Page } from 'playwright-core';

/** The pane, and what it is called for those who do not see it. */
export const region = (page: Page) => page.getByRole('region', { name: 'Build log' });

export interface View {
  /** Number of the first line that is seen, and where exactly. */
  first: number;
  y: number;
  /** Number of the last line that is seen. */
  last: number;
  /** Pixels to the end of the scroller. */
  toEnd: number;
  skeletons: number;
  elements: number;
  isFollowing: boolean;
  unseen: number;
}

export function view(page: Page): Promise<View> {
  return page.evaluate(() => {
    const pane = document.querySelector('.slog')!;
    const scroller = pane.querySelector('.slog-scroll')!;
    const box = scroller.getBoundingClientRect();
    const seen = [...pane.querySelectorAll<HTMLElement>('.slog-number, .slog-skeleton')]
      .map((link) => ({ seq: Number(link.dataset['seq'] ?? link.dataset['n']), box: link.parentElement!.getBoundingClientRect() }))
      .filter((row) => row.box.bottom > box.top + 1 && row.box.top < box.top + scroller.clientHeight - 1);
    const { isFollowing, unseen } = window.lab.viewer!.state;
    return {
      first: seen[0]?.seq ?? 0,
      y: seen[0]?.box.top ?? 0,
      last: seen.at(-1)?.seq ?? 0,
      toEnd: scroller.scrollHeight - scroller.scrollTop - scroller.clientHeight,
      skeletons: pane.querySelectorAll('.is-skeleton').length,
      elements: pane.querySelectorAll('*').length + 1,
      isFollowing,
      unseen,
    };
  });
}

/** After the next two frames: what was begun is painted. */
export async function settled(page: Page): Promise<void> {
  await page.evaluate(() => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve))));
}

/** Nothing is being loaded into what is seen. */
export async function loaded(page: Page): Promise<void> {
  await page.waitForFunction(() => document.querySelector('.slog-number') !== null && document.querySelector('.slog .is-skeleton') === null);
  await settled(page);
}

export async function wheel(page: Page, pixels: number): Promise<void> {
  const box = (await region(page).boundingBox())!;
  await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
  const top = () => region(page).evaluate((scroller) => scroller.scrollTop);
  const before = await top();
  await page.mouse.wheel(0, pixels);
  // Nothing may be left to scroll; a busy machine takes its time.
  for (let wait = 0; wait < 20 && (await top()) === before; wait++) await page.waitForTimeout(50);
  await page.waitForTimeout(100);
  await settled(page);
}

/** As dragging the scroll bar does: `part` of the way down. */
export async function drag(page: Page, part: number): Promise<void> {
  await region(page).evaluate((scroller, to) => {
    scroller.scrollTop = (scroller.scrollHeight - scroller.clientHeight) * to;
  }, part);
  await settled(page);
}

export async function heapMegabytes(page: Page): Promise<number> {
  const session = await page.context().newCDPSession(page);
  await session.send('HeapProfiler.enable');
  await session.send('HeapProfiler.collectGarbage');
  const { usedSize } = await session.send('Runtime.getHeapUsage');
  await session.detach();
  return usedSize / 1e6;
}

/**
 * Whether times can be held to their limits: a fixed loop takes as long as on a quiet machine. On a busy one
 * only counts and medians say something about the viewer.
 */
export function isQuiet(page: Page): Promise<boolean> {
  return page.evaluate(async () => {
    const times: number[] = [];
    let before = performance.now();
    for (let frame = 0; frame < 40; frame++) {
      await new Promise(requestAnimationFrame);
      const now = performance.now();
      times.push(now - before);
      before = now;
    }
    return times.sort((a, b) => a - b)[36]! < 22;
  });
}

export function percentile(values: readonly number[], part: number): number {
  return [...values].sort((a, b) => a - b)[Math.min(values.length - 1, Math.floor(values.length * part))]!;
}
