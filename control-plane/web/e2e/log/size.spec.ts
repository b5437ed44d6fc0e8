// A hundred thousand and a million lines. Counts hold anywhere; times are held to their limits on a quiet
// machine, to a multiple of them on a busy one, and to none in CI, where nobody knows what else runs.

import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Page } from 'playwright-core';
import { isBrowserThere, type BrowserPage } from '../harness/browser';
import { startLab, type Lab } from './lab';
import { drag, heapMegabytes, isQuiet, loaded, percentile, region, settled, view, wheel } from './page-hands';

const BUSY = 6;

describe.skipIf(!isBrowserThere())('large logs', () => {
  let lab: Lab;
  let opened: BrowserPage;
  let page: Page;
  let slack = 1;
  beforeAll(async () => {
    lab = await startLab();
  });
  beforeEach(async () => {
    opened = await lab.open();
    page = opened.page;
    slack = process.env.CI ? Infinity : (await isQuiet(page)) ? 1 : BUSY;
  });
  afterEach(async () => {
    expect(opened.defects).toEqual([]);
    await opened.context.close();
  });
  afterAll(() => lab.close());

  const mount = (lines: number, isRunning = false) =>
    page.evaluate(([count, running]) => void window.lab.mount({ lines: count, isRunning: running, delay: 5 }), [lines, isRunning] as const);

  test('the first rows of a hundred thousand lines are there at once, in few elements and little memory', async () => {
    const before = await heapMegabytes(page);
    const took = await page.evaluate(async () => {
      const began = performance.now();
      window.lab.mount({ lines: 100_000, delay: 0 });
      while (!document.querySelector('.slog-number[data-seq="100000"]')) await new Promise(requestAnimationFrame);
      return performance.now() - began;
    });
    expect(took).toBeLessThan(150 * slack);
    expect((await view(page)).elements).toBeLessThanOrEqual(300);
    for (const part of [0.9, 0.5, 0.1, 0, 1]) {
      await drag(page, part);
      await loaded(page);
      expect((await view(page)).elements).toBeLessThanOrEqual(300);
    }
    // Everything read, also by the search.
    await page.keyboard.press('Control+f');
    await region(page).press('/');
    await page.getByRole('searchbox').fill('module 99999 ');
    await expect.poll(() => page.getByText('1 of 1', { exact: true }).isVisible()).toBe(true);
    expect((await heapMegabytes(page)) - before).toBeLessThan(60);
    expect((await view(page)).elements).toBeLessThanOrEqual(300);
  });

  test('scrolling costs little', async () => {
    await mount(100_000);
    await loaded(page);
    await drag(page, 0.2);
    await loaded(page);
    const { frames, works } = await page.evaluate(async () => {
      const scroller = document.querySelector('.slog-scroll')!;
      const frames: number[] = [];
      const works: number[] = [];
      for (let before = performance.now(); frames.length < 600; ) {
        const began = performance.now();
        scroller.scrollTop += 300;
        // What the viewer does when it hears of it.
        scroller.dispatchEvent(new Event('scroll'));
        works.push(performance.now() - began);
        await new Promise(requestAnimationFrame);
        const now = performance.now();
        frames.push(now - before);
        before = now;
      }
      return { frames, works };
    });
    expect(percentile(frames, 0.5)).toBeLessThanOrEqual(17.5 * (slack === BUSY ? 1.5 : slack));
    expect(percentile(works, 0.95)).toBeLessThanOrEqual(8 * slack);
    // Long frames come from others on the machine, too; what is ours of them never makes one.
    expect(percentile(works, 0.99)).toBeLessThan(50 * slack);
    expect((await view(page)).elements).toBeLessThanOrEqual(300);
  });

  test('a search in a hundred thousand lines answers while one types', async () => {
    await mount(100_000);
    await loaded(page);
    await region(page).press('/');
    // Lines that were never looked at are read in the background.
    await page.getByRole('searchbox').fill('zzzz');
    await expect.poll(() => page.locator('.slog-search-count').textContent(), { timeout: 20_000 }).toBe('No results');
    const { first, whole, longest } = await page.evaluate(async () => {
      const input = document.querySelector<HTMLInputElement>('.slog-search-input')!;
      const count = document.querySelector('.slog-search-count')!;
      const expected = Array.from({ length: 100_000 }, (_, index) => window.lab.source!.line(index + 1).text).filter((text) => text.includes('package-17/')).length;
      let longest = 0;
      let isOver = false;
      void (async () => {
        for (let before = performance.now(); !isOver; ) {
          await new Promise((resolve) => setTimeout(resolve));
          longest = Math.max(longest, performance.now() - before);
          before = performance.now();
        }
      })();
      const began = performance.now();
      input.value = 'package-17/';
      input.dispatchEvent(new Event('input'));
      const until = async (isThere: () => boolean) => {
        while (!isThere()) await new Promise((resolve) => setTimeout(resolve));
        return performance.now() - began;
      };
      const first = await until(() => / of /.test(count.textContent!));
      const whole = await until(() => count.textContent!.endsWith(` of ${expected}`));
      isOver = true;
      return { first, whole, longest };
    });
    expect(first).toBeLessThan(100 * slack);
    expect(whole).toBeLessThan(500 * slack);
    if (slack === 1) expect(longest).toBeLessThan(100);
  });

  test('a link to a line far up is followed at once', async () => {
    const took = await page.evaluate(async () => {
      const began = performance.now();
      const { lab } = window;
      lab.mount(
        { lines: 100_000, step: (seq) => (seq < 95_000 ? 'build' : 'deploy'), text: (seq) => (seq === 9000 ? '::group::Bundle' : seq === 9999 ? '::endgroup::' : `line ${seq}`) },
        { fragment: '#build-L9990', steps: [lab.step('build', 'Building application', 'done'), lab.step('deploy', 'Deploying', 'failed')] },
      );
      while (!document.querySelector('.is-selected .slog-number[data-seq="9990"]')) await new Promise(requestAnimationFrame);
      return performance.now() - began;
    });
    expect(took).toBeLessThan(1000 * slack);
    await loaded(page);
    const offset = await page.evaluate(() => {
      const row = document.querySelector('.is-selected')!.getBoundingClientRect();
      const pane = document.querySelector('.slog-scroll')!.getBoundingClientRect();
      return Math.abs((row.top + row.bottom) / 2 - (pane.top + pane.bottom) / 2);
    });
    expect(offset).toBeLessThanOrEqual(20);
    expect((await view(page)).isFollowing).toBe(false);
    expect(await page.evaluate(() => window.lab.source!.requests.length)).toBeLessThan(60);
  });

  test('both ends and the middle of a million lines can be reached, and memory is bounded', async () => {
    const before = await heapMegabytes(page);
    await mount(1_000_000, true);
    await loaded(page);
    expect(await view(page)).toMatchObject({ last: 1_000_000, isFollowing: true });
    expect(await region(page).evaluate((scroller) => scroller.scrollHeight)).toBeLessThanOrEqual(16_000_000);
    await region(page).focus();
    await page.keyboard.press('Home');
    await loaded(page);
    expect((await view(page)).first).toBe(1);
    await drag(page, 1);
    await loaded(page);
    expect(await view(page)).toMatchObject({ last: 1_000_000, isFollowing: true });
    await drag(page, 0.5);
    await loaded(page);
    const middle = await view(page);
    expect(Math.abs(middle.first - 500_000)).toBeLessThan(200);
    // Small steps move by as many lines as in a short log.
    await wheel(page, 200);
    await page.waitForTimeout(400);
    await loaded(page);
    expect((await view(page)).first).toBe(middle.first + 10);
    await page.evaluate(() => window.lab.source!.grow(1000));
    await page.waitForTimeout(300);
    expect((await view(page)).first).toBe(middle.first + 10);
    await page.keyboard.press('End');
    await settled(page);
    expect((await view(page)).last).toBe(1_001_000);
    for (let part = 0; part < 1; part += 0.02) {
      await drag(page, part);
      await loaded(page);
    }
    expect((await view(page)).elements).toBeLessThanOrEqual(300);
    expect((await heapMegabytes(page)) - before).toBeLessThan(200);
  });

  test('a million wrapped lines of unlike length, too', async () => {
    await page.evaluate(() => {
      window.lab.mount({ lines: 1_000_000, delay: 1, text: (seq) => `line ${seq} ${'word '.repeat(seq % 90)}` }, { preferences: { wrap: true } });
    });
    await loaded(page);
    expect((await view(page)).last).toBe(1_000_000);
    await region(page).focus();
    await page.keyboard.press('Home');
    await loaded(page);
    expect((await view(page)).first).toBe(1);
    await page.keyboard.press('End');
    await loaded(page);
    expect((await view(page)).last).toBe(1_000_000);
  });

  test('memory is bounded when lines are long: what was not looked at for longest is read again', async () => {
    const before = await heapMegabytes(page);
    await page.evaluate(() => {
      window.lab.mount({ lines: 60_000, delay: 0, text: (seq) => `${seq} ${'0123456789'.repeat(300)}` });
    });
    await loaded(page);
    for (let part = 0; part <= 1.001; part += 0.02) {
      await drag(page, Math.min(1, part));
      await loaded(page);
    }
    await drag(page, 0);
    await loaded(page);
    expect((await view(page)).first).toBe(1);
    expect((await heapMegabytes(page)) - before).toBeLessThan(200);
  });
});
