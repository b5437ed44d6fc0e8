// Everything one does with a log: searching, links to lines, folding, copying, saving, keys, and how it looks.

import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Page } from 'playwright-core';
import { expectAccessible } from '../harness/accessible';
import { isBrowserThere, type BrowserPage } from '../harness/browser';
import { screenshot } from '../harness/screenshots';
import { startLab, type Lab } from './lab';
import { drag, loaded, region, settled, view, wheel } from './page-hands';

describe.skipIf(!isBrowserThere())('the log viewer', () => {
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
    expect(await page.evaluate(() => window.lab.violations)).toEqual([]);
    await lab.close();
  });

  /** Three steps: `install` until 100, `build` until 900 with two groups, `deploy`. */
  async function mount(change: { lines?: number; isRunning?: boolean; states?: [string, string, string]; wrap?: boolean; longest?: number } = {}): Promise<void> {
    const { lines = 1000, isRunning = false, states = ['done', 'failed', 'pending'], wrap = false, longest } = change;
    await page.evaluate(
      ([count, running, all, isWrapped, most]) => {
        history.replaceState(null, '', location.pathname);
        const { step } = window.lab;
        const last = all[2] === 'pending' ? Infinity : 900;
        window.lab.mount(
          {
            lines: count,
            isRunning: running,
            ...(most === undefined ? {} : { longest: most }),
            step: (seq) => (seq <= 100 ? 'install' : seq <= last ? 'build' : 'deploy'),
            text: (seq) => {
              if (seq === 200) return '::group::Quiet group';
              if (seq === 300) return '::group::Group with an error';
              if (seq === 250 || seq === 350) return '::endgroup::';
              if (seq === 320) return 'src/app.ts:3:7: error: no such thing';
              if (seq === 500) return `start ${'x'.repeat(16_000)} the end`;
              if (seq === 600) return '\u001b[32mgreen\u001b[0m and \u001b[1;31mred\u001b[0m needle';
              if (seq === 601) return 'still warm, token=*** at https://example.com/a.';
              return `line ${seq}${seq % 100 === 50 ? ' needle' : ''}`;
            },
          },
          {
            preferences: { wrap: isWrapped },
            steps: [
              step('install', 'Installing dependencies', all[0] as 'done', { completedAt: 1_790_000_064_000 }),
              step('build', 'Building application', all[1] as 'done'),
              step('deploy', 'Deploying', all[2] as 'done'),
            ],
          },
        );
      },
      [lines, isRunning, states, wrap, longest] as const,
    );
    await page.waitForFunction(() => window.lab.viewer!.state.phase === 'ready');
    await settled(page);
  }
  const line = (seq: number) => page.locator(`.slog-number[data-seq="${seq}"]`);
  const selection = () => page.evaluate(() => window.lab.viewer!.state.selection);
  const clipboard = () => page.evaluate(() => navigator.clipboard.readText());
  const status = (text: string) => expect.poll(() => page.locator('.slog-status').textContent()).toBe(text);

  describe('folding', () => {
    beforeEach(() => mount());

    test('shows finished steps folded and the failed one open', async () => {
      const install = page.getByRole('button', { name: /Installing dependencies/ });
      await region(page).press('Home');
      expect(await install.getAttribute('aria-expanded')).toBe('false');
      expect(await install.textContent()).toContain('1m 04s · 100 lines');
      expect(await page.getByRole('button', { name: /Building application/ }).first().getAttribute('aria-expanded')).toBe('true');
      await install.click();
      await settled(page);
      expect(await line(1).isVisible()).toBe(true);
      await install.click();
      await settled(page);
      expect(await line(1).count()).toBe(0);
    });

    test('shows groups folded unless something is wrong in them', async () => {
      await page.evaluate(() => window.lab.viewer!.goTo('#build-L195'));
      await settled(page);
      const quiet = page.getByRole('button', { name: /Quiet group/ });
      expect(await quiet.getAttribute('aria-expanded')).toBe('false');
      expect(await quiet.textContent()).toContain('49 lines');
      expect(await line(210).count()).toBe(0);
      expect(await line(251).isVisible()).toBe(true);
      await page.evaluate(() => window.lab.viewer!.goTo('#build-L315'));
      await settled(page);
      expect(await line(320).isVisible()).toBe(true);
    });

    test('keeps the header of the step in sight, and folds from there', async () => {
      const header = page.locator('.slog-sticky').getByRole('button', { name: /Building application/ });
      await expect.poll(() => header.isVisible()).toBe(true);
      await header.click();
      await settled(page);
      expect(await page.getByRole('button', { name: /Building application/ }).first().getAttribute('aria-expanded')).toBe('false');
      await region(page).press('Enter');
    });
  });

  describe('searching', () => {
    const box = () => page.getByRole('searchbox', { name: 'Search log' });
    const count = () => page.locator('.slog-search-count').textContent();
    beforeEach(async () => {
      await mount();
      await region(page).press('Home');
    });

    test('goes from match to match, around, and opens what hides one', async () => {
      await region(page).press('/');
      await box().fill('needle');
      await expect.poll(count).toBe('1 of 9');
      await expect.poll(() => line(50).isVisible()).toBe(true);
      await page.keyboard.press('Enter');
      await expect.poll(count).toBe('2 of 9');
      await page.keyboard.press('Shift+Enter');
      await page.keyboard.press('Shift+Enter');
      await expect.poll(count).toBe('9 of 9');
      await expect.poll(() => line(950).isVisible()).toBe(true);
      await region(page).press('n');
      await region(page).press('n');
      await region(page).press('n');
      await expect.poll(count).toBe('3 of 9');
      await region(page).press('N');
      await expect.poll(count).toBe('2 of 9');
      expect(await page.locator('.slog-current-hit').isVisible()).toBe(true);
      expect(await page.evaluate(() => CSS.highlights.get('slog-hit')!.size)).toBeGreaterThan(0);
    });

    test('finds words across colours, and behind what is cut off', async () => {
      await region(page).press('/');
      await box().fill('green and red');
      await expect.poll(count).toBe('1 of 1');
      await box().fill('the end');
      await expect.poll(count).toBe('1 of 1');
      const hit = await page.locator('.slog-current-hit').boundingBox();
      const pane = await region(page).boundingBox();
      expect(hit!.x).toBeGreaterThan(pane!.x);
      expect(hit!.x + hit!.width).toBeLessThan(pane!.x + pane!.width);
    });

    test('knows case and expressions, and says when one is wrong', async () => {
      await region(page).press('/');
      await box().fill('NEEDLE');
      await expect.poll(count).toBe('1 of 9');
      await page.getByRole('button', { name: 'Match case' }).click();
      await expect.poll(count).toBe('No results');
      await page.getByRole('button', { name: 'Regular expression' }).click();
      await box().fill('^line \\d00$');
      await expect.poll(count).toBe('1 of 5');
      await box().fill('(');
      await expect.poll(count).toBe('Not a valid expression');
      expect(await box().getAttribute('aria-invalid')).toBe('true');
      await box().fill('^(.+.+)+$z');
      await expect.poll(count, { timeout: 10_000 }).toBe('This expression takes too long');
      await box().fill('needle$');
      await expect.poll(count).toBe('1 of 9');
    });

    test('shows only what matches, with some lines around', async () => {
      await region(page).press('/');
      await box().fill('needle');
      await expect.poll(count).toBe('1 of 9');
      await page.getByRole('button', { name: 'Filter' }).click();
      await settled(page);
      const shown = () => page.evaluate(() => [...document.querySelectorAll<HTMLElement>('.slog-number')].map((link) => Number(link.dataset['seq'])));
      expect((await shown()).slice(0, 7)).toEqual([48, 49, 50, 51, 52, 148, 149]);
      await page.getByRole('combobox', { name: 'Lines around matches' }).selectOption('0');
      await settled(page);
      expect(await shown()).toEqual([50, 150, 250, 350, 450, 550, 600, 650, 750, 850, 950].filter((seq) => seq !== 250 && seq !== 350));
      await screenshot(page, 'log-filter');
      await page.getByRole('button', { name: 'Filter' }).click();
      await settled(page);
      expect((await shown()).length).toBeGreaterThan(20);
    });

    test('ends with Escape: first the words, then the bar, and the focus goes back', async () => {
      await region(page).press('Control+f');
      await box().fill('needle');
      await page.keyboard.press('Escape');
      expect(await box().inputValue()).toBe('');
      await page.keyboard.press('Escape');
      expect(await box().count()).toBe(0);
      expect(await region(page).evaluate((pane) => pane === document.activeElement)).toBe(true);
    });

    test('also reads what was never looked at, in whatever parts it comes', async () => {
      await mount({ lines: 30_000, states: ['done', 'done', 'failed'], longest: 333 });
      await region(page).press('/');
      await box().fill('needle');
      await expect.poll(count, { timeout: 20_000 }).toMatch(/^\d+ of 299$/);
      expect((await view(page)).elements).toBeLessThanOrEqual(300);
      await region(page).press('N');
    });

    test('finds what is written meanwhile', async () => {
      await mount({ isRunning: true, states: ['done', 'running', 'pending'] });
      await region(page).press('/');
      await box().fill('needle');
      await expect.poll(count).toMatch(/ of 9$/);
      await page.evaluate(() => window.lab.source!.grow(1000));
      await expect.poll(count).toMatch(/ of 19$/);
    });
  });

  describe('links to lines', () => {
    beforeEach(() => mount());

    test('are made by pressing a number, and with Shift for many', async () => {
      await page.evaluate(() => window.lab.viewer!.goTo('#build-L700'));
      await settled(page);
      await line(695).click();
      expect(new URL(page.url()).hash).toBe('#build-L695');
      await line(702).click({ modifiers: ['Shift'] });
      expect(new URL(page.url()).hash).toBe('#build-L695-L702');
      await line(690).click({ modifiers: ['Shift'] });
      expect(new URL(page.url()).hash).toBe('#build-L690-L695');
      expect(await page.locator('.is-selected').count()).toBe(6);
      expect(await line(695).getAttribute('href')).toBe(`${new URL(page.url()).pathname}#build-L695`);
      await region(page).press('y');
      await status('Copied');
      expect(await clipboard()).toBe(page.url());
      await page.getByRole('button', { name: 'More' }).click();
      await page.getByRole('menuitem', { name: 'Copy selected lines' }).click();
      await status('Copied');
      expect(await clipboard()).toBe('line 690\nline 691\nline 692\nline 693\nline 694\nline 695\n');
      await region(page).press('Escape');
      expect(await selection()).toBeNull();
      expect(new URL(page.url()).hash).toBe('');
    });

    test('open and centre what they name, also when the address changes', async () => {
      await page.evaluate(() => {
        location.hash = '#install-L40-L42';
      });
      await expect.poll(selection).toEqual({ step: 'install', first: 40, last: 42 });
      await settled(page);
      expect(await line(40).isVisible()).toBe(true);
      expect(await page.locator('.is-selected').count()).toBe(3);
      await page.evaluate(() => {
        location.hash = '#build-L220';
      });
      await expect.poll(() => line(220).isVisible()).toBe(true);
    });

    test('are extended with the keyboard', async () => {
      await page.evaluate(() => window.lab.viewer!.goTo('#build-L700'));
      await region(page).press('Shift+ArrowDown');
      await region(page).press('Shift+ArrowDown');
      await region(page).press('Shift+ArrowUp');
      expect(await selection()).toEqual({ step: 'build', first: 700, last: 701 });
    });

    test('to lines that do not exist select nothing', async () => {
      expect(await page.evaluate(() => window.lab.viewer!.goTo('#build-L5000'))).toBe(false);
      expect(await selection()).toBeNull();
    });
  });

  describe('text', () => {
    test('that is selected is copied without numbers', async () => {
      await mount();
      await page.evaluate(() => window.lab.viewer!.goTo('#build-L601'));
      await settled(page);
      await page.evaluate(() => {
        const row = (seq: number) => document.querySelector(`.slog-number[data-seq="${seq}"]`)!.parentElement!;
        const range = document.createRange();
        range.setStart(row(599), 0);
        range.setEnd(row(602), row(602).childNodes.length);
        document.getSelection()!.removeAllRanges();
        document.getSelection()!.addRange(range);
      });
      await page.keyboard.press('Control+c');
      expect((await clipboard()).trim().split(/\r?\n/)).toEqual(['line 599', 'green and red needle', 'still warm, token=*** at https://example.com/a.', 'line 602']);
    });

    test('that is long is cut, and shown when one wants it', async () => {
      await mount();
      await page.evaluate(() => window.lab.viewer!.goTo('#build-L500'));
      await settled(page);
      const more = page.getByRole('button', { name: '… +11,918 characters' });
      expect(await line(500).evaluate((link) => link.parentElement!.textContent!.length)).toBeLessThan(4200);
      await more.dispatchEvent('click');
      await settled(page);
      expect(await line(500).evaluate((link) => link.parentElement!.textContent!.endsWith('the end'))).toBe(true);
    });

    test('has its looks, links and masks', async () => {
      await mount();
      await page.evaluate(() => window.lab.viewer!.goTo('#build-L600'));
      await settled(page);
      const row = line(600).locator('..');
      expect(await row.locator('span').evaluateAll((spans) => spans.map((span) => [span.textContent, span.className]))).toEqual([['green', 'sgr-2'], ['red', 'sgr-bold sgr-1']]);
      const link = page.getByRole('link', { name: 'https://example.com/a', exact: true });
      expect(await link.getAttribute('rel')).toBe('noopener noreferrer nofollow');
      expect(await page.getByTitle('masked').textContent()).toBe('***');
    });

    test('wraps, and what is seen stays where it is', async () => {
      await mount();
      await page.evaluate(() => window.lab.viewer!.goTo('#build-L505'));
      await settled(page);
      const { first } = await view(page);
      await region(page).press('w');
      await settled(page);
      expect((await view(page)).first).toBe(first);
      await region(page).press('w');
      await settled(page);
      expect((await view(page)).first).toBe(first);
    });

    test('has the time that one wants', async () => {
      await mount();
      const time = () => line(1000).getAttribute('data-time');
      expect(await time()).toBeNull();
      await region(page).press('t');
      expect(await time()).toBe('+5.0s');
      await page.getByRole('button', { name: 'View' }).click();
      await page.getByRole('menuitemradio', { name: 'UTC' }).click();
      expect(await time()).toMatch(/^\d\d:\d\d:\d\dZ$/);
      await page.getByRole('button', { name: 'View' }).click();
      expect(await page.getByRole('menuitemradio', { name: 'UTC' }).getAttribute('aria-checked')).toBe('true');
      await page.keyboard.press('Escape');
      expect(await page.getByRole('button', { name: 'View' }).evaluate((button) => button === document.activeElement)).toBe(true);
    });
  });

  test('files hold the whole log or a step, plain, with colours, or as JSON', async () => {
    await mount({ lines: 12_000, longest: 700 });
    const save = async (index: number, name: string) => {
      await page.getByRole('button', { name: 'More' }).click();
      const download = page.waitForEvent('download');
      await page.getByRole('menuitem', { name }).nth(index).click();
      const file = await download;
      return { name: file.suggestedFilename(), text: await readFile(await file.path(), 'utf8') };
    };
    const expected = (first: number, last: number) =>
      page.evaluate(([from, to]) => Array.from({ length: to - from + 1 }, (_, index) => window.lab.source!.line(from + index).text), [first, last] as const);
    const all = await expected(1, 12_000);
    expect(await save(0, 'With colours')).toEqual({ name: 'deployment.ansi', text: all.map((text) => `${text}\n`).join('') });
    const plain = await save(0, 'Plain text');
    expect(plain.name).toBe('deployment.log');
    expect(plain.text.split('\n')[599]).toBe('green and red needle');
    await region(page).press('End');
    const step = await save(1, 'JSON lines');
    expect(step.name).toBe('deployment-build.jsonl');
    expect(step.text.trim().split('\n').map((one) => (JSON.parse(one) as { seq: number }).seq)).toEqual(Array.from({ length: 11_900 }, (_, index) => index + 101));
  });

  test('keys lead everywhere, and Tab leads out', async () => {
    await mount({ lines: 3000, states: ['failed', 'failed', 'failed'] });
    await region(page).press('Home');
    await loaded(page);
    await region(page).press('Home');
    expect((await view(page)).first).toBe(1);
    await region(page).press('ArrowDown');
    await region(page).press('ArrowDown');
    await region(page).press('ArrowDown');
    expect((await view(page)).first).toBe(2);
    await region(page).press('PageDown');
    expect((await view(page)).first).toBeGreaterThan(20);
    await region(page).press(']');
    await settled(page);
    expect((await view(page)).first).toBe(101);
    await region(page).press(']');
    await settled(page);
    expect((await view(page)).first).toBe(901);
    await region(page).press('[');
    await settled(page);
    expect((await view(page)).first).toBe(101);
    await region(page).press('e');
    await settled(page);
    expect(await selection()).toMatchObject({ first: 320 });
    const size = () => region(page).evaluate((pane) => getComputedStyle(pane.querySelector('.slog-layer')!).fontSize);
    await region(page).press('+');
    expect(await size()).toBe('13px');
    for (let n = 0; n < 12; n++) await region(page).press('+');
    expect(await size()).toBe('18px');
    for (let n = 0; n < 6; n++) await region(page).press('-');
    expect(await size()).toBe('12px');
    await region(page).press('Tab');
    expect(await region(page).evaluate((pane) => pane.contains(document.activeElement))).toBe(false);
    await region(page).focus();
    await page.keyboard.press('Shift+Tab');
    expect(await region(page).evaluate((pane) => pane.contains(document.activeElement))).toBe(false);
  });

  test('Enter shows the rest of the selected line, and folds the step otherwise', async () => {
    await mount();
    await page.evaluate(() => window.lab.viewer!.goTo('#build-L500'));
    await region(page).press('Enter');
    await settled(page);
    expect(await line(500).evaluate((link) => link.parentElement!.textContent!.endsWith('the end'))).toBe(true);
    await region(page).press('Escape');
    await region(page).press('Enter');
    await settled(page);
    expect(await page.getByRole('button', { name: /Building application/ }).first().getAttribute('aria-expanded')).toBe('false');
  });

  test('a step or line that is asked for before the log is there is shown later', async () => {
    for (const isLine of [false, true]) {
      await page.evaluate((wantsLine) => {
        const { step } = window.lab;
        history.replaceState(null, '', location.pathname);
        window.lab.mount(
          { lines: 5000, delay: 200, step: (seq) => (seq <= 4000 ? 'install' : 'build'), text: (seq) => `line ${seq}` },
          { steps: [step('install', 'Installing dependencies', 'done', { firstLine: 1 }), step('build', 'Building application', 'failed', { firstLine: 4001 })] },
        );
        if (wantsLine) window.lab.viewer!.goTo('#install-L1234');
        else window.lab.viewer!.showStep('install');
      }, isLine);
      const seq = isLine ? 1234 : 1;
      await expect.poll(() => line(seq).isVisible()).toBe(true);
      expect((await view(page)).isFollowing).toBe(false);
    }
  });

  test('single letters can be turned off', async () => {
    await mount();
    await page.evaluate(() => window.lab.viewer!.update({ preferences: { shortcuts: false } }));
    await region(page).press('w');
    await region(page).press('z');
    expect(await page.evaluate(() => window.lab.viewer!.state.isFullscreen)).toBe(false);
    await region(page).press('Control+f');
    expect(await page.getByRole('searchbox').isVisible()).toBe(true);
  });

  test('fills the screen, and gives it back', async () => {
    await mount();
    await page.evaluate(() => window.lab.viewer!.goTo('#build-L700'));
    await settled(page);
    await region(page).press('z');
    await settled(page);
    const box = (await page.locator('.slog').boundingBox())!;
    expect([box.x, box.y, box.width, box.height]).toEqual([0, 0, 1280, 800]);
    expect(await line(700).isVisible()).toBe(true);
    await page.keyboard.press('Escape');
    await settled(page);
    expect((await page.locator('.slog').boundingBox())!.y).toBeGreaterThan(0);
    expect(await region(page).evaluate((pane) => pane === document.activeElement)).toBe(true);
    expect(await line(700).isVisible()).toBe(true);
  });

  test('tells what is missing, and why', async () => {
    await page.evaluate(() => {
      window.lab.mount({ lines: 0, isRunning: true });
    });
    await expect.poll(() => page.getByText('No output yet').isVisible()).toBe(true);
    await page.evaluate(() => window.lab.viewer!.update({ empty: { kind: 'deleted', text: 'Logs were deleted on 3 May 2026 (retention 30 days)' }, steps: [] }));
    await expect.poll(() => page.getByText('Logs were deleted on 3 May 2026').isVisible()).toBe(true);
    await page.evaluate(() => {
      window.lab.mount({ lines: 5000 });
      window.lab.source!.failures = 1;
    });
    await expect.poll(() => page.getByText('The server answered 503').isVisible()).toBe(true);
    await page.getByRole('button', { name: 'Retry' }).click();
    await expect.poll(() => line(5000).isVisible()).toBe(true);
    // Where the step begins is looked for meanwhile; that may fail, too, but says nothing.
    await page.waitForTimeout(500);
    await page.evaluate(() => {
      window.lab.source!.failures = 1;
    });
    await drag(page, 0.1);
    await expect.poll(() => page.getByText('Logs could not be loaded').isVisible()).toBe(true);
    expect((await view(page)).skeletons).toBeGreaterThan(0);
    // It tries again by itself.
    await loaded(page);
    expect(await page.getByText('Logs could not be loaded').isVisible()).toBe(false);
  });

  test('says new errors, not more than one in three seconds', async () => {
    await page.evaluate(() => {
      window.lab.mount({ lines: 10, isRunning: true, text: (seq) => (seq > 10 ? `error: number ${seq}` : 'x') });
    });
    await loaded(page);
    await page.evaluate(async () => {
      for (let n = 0; n < 40; n++) {
        window.lab.source!.grow(5);
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
    });
    const announced = await page.evaluate(() => window.lab.announced);
    expect(announced.length).toBeGreaterThanOrEqual(1);
    expect(announced.length).toBeLessThanOrEqual(2);
    expect(announced[0]).toBe('Error: error: number 11');
    expect(await region(page).getAttribute('aria-live')).toBe('off');
  });

  test('a step that ends folds only when nobody is reading it', async () => {
    await mount({ isRunning: true, states: ['done', 'running', 'pending'], lines: 800 });
    await wheel(page, -1500);
    const before = await view(page);
    const end = (build: string, deploy: string) =>
      page.evaluate(([one, other]) => {
        const { step, viewer } = window.lab;
        viewer!.update({ steps: [step('install', 'Installing dependencies', 'done'), step('build', 'Building application', one as 'done'), step('deploy', 'Deploying', other as 'done')] });
      }, [build, deploy] as const);
    await end('done', 'running');
    await settled(page);
    expect(await view(page)).toMatchObject({ first: before.first, y: before.y });
  });

  test('is accessible', async () => {
    await mount();
    await expectAccessible(page, 'the log');
    await region(page).press('/');
    await page.getByRole('searchbox').fill('needle');
    await expect.poll(() => page.locator('.slog-search-count').textContent()).toMatch(/of 9/);
    await expectAccessible(page, 'searching the log');
    await page.keyboard.press('Escape');
    await page.keyboard.press('Escape');
    await page.getByRole('button', { name: 'More' }).click();
    await expectAccessible(page, 'the menu of the log');
    await page.keyboard.press('Escape');
    const rows = await page.locator('.slog-layer').getByRole('listitem').evaluateAll((items) => items.map((item) => [item.getAttribute('aria-posinset'), item.getAttribute('aria-setsize')]));
    expect(new Set(rows.map(([, size]) => size)).size).toBe(1);
    expect(rows.map(([position]) => Number(position))).toEqual(rows.map((_, index) => Number(rows[0]![0]) + index));
  });

  test('prints its lines', async () => {
    await mount();
    await page.evaluate(() => dispatchEvent(new Event('beforeprint')));
    await page.emulateMedia({ media: 'print' });
    expect(await page.locator('.slog-print pre').evaluate((pre) => pre.textContent!.split('\n').length)).toBe(1000);
    expect(await page.locator('.slog-print').isVisible()).toBe(true);
    await page.emulateMedia({ media: null });
    await page.evaluate(() => dispatchEvent(new Event('afterprint')));
    expect(await page.locator('.slog-print').count()).toBe(0);
  });

  test('can be looked at', async () => {
    await mount({ isRunning: true, states: ['done', 'running', 'pending'] });
    await page.evaluate(() => window.lab.viewer!.goTo('#build-L318-L322'));
    await page.evaluate(() => window.lab.viewer!.update({ preferences: { timestamps: 'relative' } }));
    await settled(page);
    await screenshot(page, 'log');
  });
});
