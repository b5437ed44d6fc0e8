// F4: whatever a build prints, it stays text.

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Page } from 'playwright-core';
import { isBrowserThere, type BrowserPage } from '../harness/browser';
import { startLab, type Lab } from './lab';
import { loaded, region, settled, view } from './page-hands';

const ESC = '\u001b';
const CORPUS = [
  '<script>window.hacked = 1</script>',
  '<img src=x onerror="window.hacked = 1">',
  '<svg onload=window.hacked=1><a xlink:href="javascript:window.hacked=1">x</a></svg>',
  '"><iframe srcdoc="<script>parent.hacked=1</script>"></iframe>',
  `${ESC}[31m<b onmouseover=window.hacked=1>${ESC}[0m</b>`,
  `${ESC}]8;;javascript:window.hacked=1${ESC}\\press me${ESC}]8;;${ESC}\\`,
  `${ESC}]8;;JAVASCRIPT:window.hacked=1\u0007press me${ESC}]8;;\u0007`,
  `${ESC}]8;;data:text/html,<script>opener.hacked=1</script>\u0007press me${ESC}]8;;\u0007`,
  `${ESC}]8;;https://example.com/"onclick="window.hacked=1\u0007press me${ESC}]8;;\u0007`,
  `${ESC}]8;;https://example.com@evil.example/\u0007https://example.com/${ESC}]8;;\u0007`,
  'javascript:window.hacked=1',
  'https://example.com/"onmouseover="window.hacked=1',
  "https://example.com/'><script>window.hacked=1</script>",
  'https://user:pass@example.com/<img src=x onerror=window.hacked=1>',
  `${ESC}[38;2;0;0;0;url(https://evil.example/)m;background:url(https://evil.example/x)`,
  `${ESC}]0;title</title><script>window.hacked=1</script>\u0007`,
  `${ESC}]52;c;cm0gLXJmIC8=\u0007clipboard`,
  `${ESC}[2J${ESC}[1;1H${ESC}[?1049hgone`,
  '\u202egnp.exe\u2066 reversed',
  '::group::<img src=x onerror=window.hacked=1>',
  'inside',
  '::endgroup::',
  '::error::<script>window.hacked=1</script>',
  '{{constructor.constructor("window.hacked=1")()}} ${window.hacked=1} #{x} <%= x %>',
  '&lt;b&gt; &amp; &#x3c;',
  'a'.repeat(200_000),
  `${ESC}[`.repeat(20_000),
  Array.from({ length: 3000 }, (_, n) => `${ESC}[3${n % 8}mx`).join(''),
  '\r'.repeat(5000),
  '\b'.repeat(5000),
  'Z̵̜̐a̷͔͌l̶̰̈́g̵͚̑o̸̞͗'.repeat(50),
  '\ud800 lone surrogate',
  '__proto__ constructor toString hasOwnProperty',
  '',
];

describe.skipIf(!isBrowserThere())('hostile lines', () => {
  let lab: Lab;
  let opened: BrowserPage;
  let page: Page;
  beforeAll(async () => {
    lab = await startLab();
    opened = await lab.open();
    page = opened.page;
    await page.evaluate((lines) => {
      window.lab.mount(
        { lines: lines.length * 3, step: (seq) => (seq % 2 === 0 ? '<b>x</b>' : '__proto__'), text: (seq) => lines[(seq - 1) % lines.length]! },
        { steps: [window.lab.step('__proto__', '<img src=x onerror=window.hacked=1>', 'failed')] },
      );
    }, CORPUS);
    await loaded(page);
  });
  afterAll(async () => {
    expect(opened.defects).toEqual([]);
    expect(await page.evaluate(() => window.lab.violations)).toEqual([]);
    await lab.close();
  });

  async function expectHarmless(): Promise<void> {
    const found = await page.evaluate(() => {
      const rows = document.querySelector('.slog-layer')!;
      return {
        names: [...new Set([...rows.querySelectorAll('*')].map((one) => one.localName))].filter((name) => !['div', 'span', 'a', 'button'].includes(name)),
        handlers: [...rows.querySelectorAll('*')].flatMap((one) => one.getAttributeNames()).filter((name) => name.startsWith('on')),
        links: [...rows.querySelectorAll('a')].map((link) => link.protocol).filter((protocol) => protocol !== 'http:' && protocol !== 'https:'),
        rels: [...rows.querySelectorAll<HTMLAnchorElement>('a:not(.slog-number)')].filter((link) => link.rel !== 'noopener noreferrer nofollow' || link.target !== '_blank').length,
        hacked: 'hacked' in window,
      };
    });
    expect(found).toEqual({ names: [], handlers: [], links: [], rels: 0, hacked: false });
    expect((await view(page)).elements).toBeLessThanOrEqual(300);
  }

  test('make no element and no link but to the web, wherever one looks', async () => {
    for (const key of ['Home', 'PageDown', 'PageDown', 'PageDown', 'PageDown', 'w', 'Home', 'PageDown', 'PageDown', 'End', 'w']) {
      await region(page).press(key);
      await settled(page);
      await expectHarmless();
    }
  });

  test('go nowhere when pressed, and do nothing when searched, copied or selected', async () => {
    const { pages } = { pages: page.context().pages().length };
    await region(page).press('Home');
    for (const text of await page.getByText('press me').all()) await text.click({ force: true, modifiers: [] }).catch(() => {});
    await region(page).press('/');
    for (const text of ['<script>', '(((', 'constructor', '</b>']) {
      await page.getByRole('searchbox').fill(text);
      await settled(page);
      await expectHarmless();
    }
    await page.keyboard.press('Escape');
    await page.keyboard.press('Escape');
    await region(page).press('e');
    await settled(page);
    await expectHarmless();
    expect(new URL(page.url()).pathname).toBe('/');
    // One line is an honest link of the web with a strange query; it may have opened a page.
    expect(page.context().pages().length - pages).toBeLessThanOrEqual(3);
  });

  test('do not become the address of the page', async () => {
    await page.evaluate(() => {
      location.hash = '#build-L1"><img src=x onerror=window.hacked=1>';
    });
    await settled(page);
    await page.evaluate(() => {
      location.hash = '#L5-L9';
    });
    await settled(page);
    expect(await page.evaluate(() => window.lab.viewer!.state.selection)).toMatchObject({ first: 5, last: 9 });
    await expectHarmless();
  });
});
