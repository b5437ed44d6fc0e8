// F1: following and pausing, exactly. P8: a log that is written quickly.

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Page } from 'playwright-core';
import { isBrowserThere, type BrowserPage } from '../harness/browser';
import { startLab, type Lab } from './lab';
import { drag, loaded, percentile, region, settled, view, wheel } from './page-hands';

describe.skipIf(!isBrowserThere())('following the log', () => {
  let lab: Lab;
  let opened: BrowserPage;
  let page: Page;
  beforeAll(async () => {
    lab = await startLab();
    opened = await lab.open({ context: { permissions: ['clipboard-read', 'clipboard-write'] } });
    page = opened.page;
  });
  afterAll(async () => {
    expect(opened.defects).toEqual([]);
    await lab.close();
  });

  async function mount(options: { lines?: number; wrap?: boolean; delay?: number } = {}): Promise<void> {
    const { lines = 20_000, wrap = false, delay = 5 } = options;
    await page.evaluate(
      ([count, isWrapped, wait]) => {
        window.lab.mount({ lines: count, isRunning: true, delay: wait, text: (seq) => `line ${seq} ${'word '.repeat(seq % 90)}` }, { preferences: { wrap: isWrapped } });
      },
      [lines, wrap, delay] as const,
    );
    await loaded(page);
  }
  const grow = (count: number) => page.evaluate((by) => window.lab.source!.grow(by), count).then(() => settled(page));

  for (const wrap of [false, true]) {
    describe(wrap ? 'with wrapped lines' : 'with lines that do not wrap', () => {
      test('growth keeps the end in view and never stops following', async () => {
        await mount({ wrap });
        for (const count of [1, 10, 1000, 3, 5000]) {
          await grow(count);
          expect(await view(page)).toMatchObject({ isFollowing: true, unseen: 0 });
          expect(Math.abs((await view(page)).toEnd)).toBeLessThanOrEqual(1);
          expect((await view(page)).last).toBe(await page.evaluate(() => window.lab.source!.last));
        }
      });

      test('a wheel upwards stops it, however little, and then nothing moves', async () => {
        await mount({ wrap });
        await wheel(page, -3);
        expect((await view(page)).isFollowing).toBe(false);
        await wheel(page, -2000);
        await loaded(page);
        const before = await view(page);
        await grow(400);
        await grow(600);
        expect(await view(page)).toMatchObject({ first: before.first, y: before.y, last: before.last, isFollowing: false, unseen: 1000 });
        await expect.poll(() => page.getByRole('button', { name: 'Paused · 1,000 new lines ↓' }).isVisible()).toBe(true);
      });

      test('nothing moves while older lines load', async () => {
        await mount({ wrap, delay: 250 });
        await drag(page, 0.4);
        const before = await view(page);
        expect(before.skeletons).toBeGreaterThan(0);
        await grow(500);
        await loaded(page);
        // With wrapped lines those below the first become higher; the first is where it was.
        expect(await view(page)).toMatchObject({ first: before.first, y: before.y, skeletons: 0, isFollowing: false });
        await grow(500);
        await page.waitForTimeout(300);
        expect(await view(page)).toMatchObject({ first: before.first, y: before.y });
      });

      test('End, F, the button, the pill and scrolling to the end start it again', async () => {
        await mount({ wrap });
        const starts: [string, () => Promise<unknown>][] = [
          ['End', async () => (await region(page).focus(), page.keyboard.press('End'))],
          ['F', async () => (await region(page).focus(), page.keyboard.press('f'))],
          ['button', () => page.getByRole('button', { name: 'Follow' }).click()],
          ['pill', () => page.getByRole('button', { name: /^Paused/ }).click()],
          ['scroll', async () => { for (let n = 0; n < 12 && !(await view(page)).isFollowing; n++) await wheel(page, 500); }],
        ];
        for (const [name, start] of starts) {
          await wheel(page, -800);
          expect((await view(page)).isFollowing, name).toBe(false);
          await start();
          await settled(page);
          expect(await view(page), name).toMatchObject({ isFollowing: true, unseen: 0 });
          await grow(50);
          expect(Math.abs((await view(page)).toEnd), name).toBeLessThanOrEqual(1);
        }
      });
    });
  }

  test('keys upwards, dragging the bar and selecting text stop it', async () => {
    await mount();
    for (const key of ['ArrowUp', 'PageUp', 'Home', 'Shift+Space']) {
      await region(page).focus();
      await page.keyboard.press('End');
      expect((await view(page)).isFollowing, key).toBe(true);
      await page.keyboard.press(key);
      expect((await view(page)).isFollowing, key).toBe(false);
    }
    await page.keyboard.press('End');
    await drag(page, 0.9);
    expect((await view(page)).isFollowing).toBe(false);
    await page.keyboard.press('End');
    const box = (await region(page).boundingBox())!;
    await page.mouse.move(box.x + 200, box.y + 300);
    await page.mouse.down();
    await page.mouse.move(box.x + 300, box.y + 360, { steps: 4 });
    await page.mouse.up();
    expect((await view(page)).isFollowing).toBe(false);
  });

  test('another size of the window neither stops it nor moves a paused log', async () => {
    await mount();
    for (const height of [500, 900, 640, 1000, 500]) {
      await page.setViewportSize({ width: 900, height });
      // The layout is made before anything else hears of the new size.
      await region(page).evaluate((scroller) => scroller.scrollTop);
      await grow(7);
      expect((await view(page)).isFollowing).toBe(true);
      expect(Math.abs((await view(page)).toEnd)).toBeLessThanOrEqual(1);
    }
    await wheel(page, -3000);
    const { first } = await view(page);
    await page.setViewportSize({ width: 1280, height: 800 });
    await settled(page);
    expect(await view(page)).toMatchObject({ first, isFollowing: false });
  });

  test('a line that comes twice is there once, and a hole is read', async () => {
    await mount({ lines: 100 });
    await page.evaluate(() => {
      const { source } = window.lab;
      source!.grow(50, 30);
      source!.grow(10, 60);
    });
    await settled(page);
    expect(await page.evaluate(() => window.lab.viewer!.state.lineCount)).toBe(160);
    expect((await view(page)).last).toBe(160);
  });

  test('five thousand lines a second for twenty seconds: each once, in order, and the page answers', async () => {
    await mount({ lines: 100 });
    const latencies = await page.evaluate(async () => {
      const cancel = document.createElement('button');
      cancel.textContent = 'Cancel';
      document.querySelector('h1')!.append(cancel);
      const times: number[] = [];
      let pressed = 0;
      cancel.addEventListener('click', () => {
        requestAnimationFrame(() => times.push(performance.now() - pressed));
      });
      const { source } = window.lab;
      const began = performance.now();
      let written = 0;
      while (written < 100_000) {
        await new Promise((resolve) => setTimeout(resolve, 20));
        const due = Math.min(100_000, Math.floor((performance.now() - began) * 5));
        if (due > written) source!.grow(due - written, Math.min(7, written));
        written = due;
        if (times.length < Math.floor((performance.now() - began) / 1000)) {
          pressed = performance.now();
          setTimeout(() => cancel.click());
        }
      }
      cancel.remove();
      return times;
    });
    await settled(page);
    expect(latencies.length).toBeGreaterThan(5);
    expect(percentile(latencies, 0.5)).toBeLessThan(200);
    expect(await view(page)).toMatchObject({ isFollowing: true, last: 100_100 });
    await page.getByRole('button', { name: 'More' }).click();
    await page.getByRole('menuitem', { name: 'Copy step' }).click();
    await expect.poll(() => page.getByText('Copied').isVisible()).toBe(true);
    const isSame = await page.evaluate(async () => {
      const copied = await navigator.clipboard.readText();
      const { source } = window.lab;
      let text = '';
      for (let seq = 1; seq <= source!.last; seq++) text += `${source!.line(seq).text}\n`;
      return copied === text;
    });
    expect(isSame).toBe(true);
  });
});
