/**
 * Pages as they are for people who look in another way: with wider or longer words on a small phone, in the few
 * colours of their system, by touch, or not at all.
 */
import type { Locator, Page } from 'playwright-core';
import { beforeAll, expect, it } from 'vitest';
import { describeInBrowser, eventually, logPane, screenshot, World } from './harness';

const PHONE = { width: 320, height: 640 };

/** What WCAG 2.2, 1.4.12 lets people do to texts. */
const SPACING = `
  * { line-height: 1.5 !important; letter-spacing: 0.12em !important; word-spacing: 0.16em !important; }
  p { margin-block-end: 2em !important; }
`;

/** Adds to the styles of a page, which its policy allows to scripts of the page only. */
function addStyles(page: Page, text: string): Promise<void> {
  return page.evaluate((rules) => {
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(rules);
    document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet];
  }, text);
}

/** The words of the page as long as they are in other languages: more than by a third. */
function lengthen(page: Page): Promise<void> {
  return page.evaluate(() => {
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    const texts: Text[] = [];
    while (walker.nextNode()) texts.push(walker.currentNode as Text);
    for (const text of texts) {
      if (text.parentElement?.closest('code, pre, time, .slog')) continue;
      text.data = text.data.replaceAll(/\p{L}{3,}/gu, (word) => word + word.slice(0, Math.ceil(word.length * 0.4)));
    }
  });
}

/** What cannot be read or reached: controls whose words are cut off, and whatever stands out at the right. */
function outOfReach(page: Page): Promise<string[]> {
  return page.evaluate(() => {
    const width = document.documentElement.clientWidth;
    const isSeen = (element: Element) => element.checkVisibility({ visibilityProperty: true, opacityProperty: true }) && !element.closest('.sr-only');
    const scrolls = (element: Element | null): boolean =>
      element !== null && (/auto|scroll/.test(getComputedStyle(element).overflowX) || scrolls(element.parentElement));
    const nameOf = (element: Element) => `<${element.tagName.toLowerCase()} class="${element.getAttribute('class') ?? ''}"> ${(element.textContent ?? '').trim().slice(0, 60)}`;
    const found: string[] = [];
    for (const element of document.body.querySelectorAll<HTMLElement>('*')) {
      if (!isSeen(element)) continue;
      const { right, width: own } = element.getBoundingClientRect();
      if (own > 1 && right > width + 1 && !scrolls(element.parentElement)) found.push(`stands out by ${Math.round(right - width)} px: ${nameOf(element)}`);
      const style = getComputedStyle(element);
      const isCut = /hidden|clip/.test(style.overflowX) && style.textOverflow !== 'ellipsis' && element.scrollWidth > element.clientWidth + 1;
      if (isCut && element.matches('button, a, label, summary, [role=tab], [role=menuitem], h1, h2, h3, p, li, dt, dd')) found.push(`is cut off: ${nameOf(element)}`);
    }
    return found;
  });
}

/** What is chosen and looks like what is not, but for its colour. */
function chosenByColourAlone(page: Page): Promise<string[]> {
  return page.evaluate(() => {
    const marksOf = (element: Element) => {
      const style = getComputedStyle(element);
      return [style.fontWeight, style.textDecorationLine, style.outlineStyle, style.borderBlockEndWidth].join();
    };
    return [...document.querySelectorAll('[aria-current=page], [aria-selected=true], [aria-pressed=true]')].flatMap((element) => {
      const others = element.closest('nav, [role=tablist], [role=toolbar], ul')?.querySelectorAll(element.tagName) ?? [];
      const alike = [...others].find((other) => other !== element && marksOf(other) === marksOf(element));
      return alike ? [`${element.textContent?.trim()} looks like ${alike.textContent?.trim()}`] : [];
    });
  });
}

/** Controls that are lower than 44 pixels. Those within a text or a table are as high as its lines. */
function tooSmallForFingers(page: Page): Promise<string[]> {
  return page.evaluate(() =>
    [...document.querySelectorAll<HTMLElement>('button, select, input:not([type=checkbox], [type=radio]), [role=tab], nav li a')]
      .filter((element) => element.checkVisibility() && !element.closest('.sr-only, .slog-scroll, p, td, th'))
      .map((element) => ({ element, height: element.getBoundingClientRect().height }))
      .filter(({ height }) => height > 1 && height < 43.5)
      .map(({ element, height }) => `${Math.round(height)} px: ${element.getAttribute('aria-label') ?? element.textContent?.trim()}`),
  );
}

describeInBrowser('pages as others see them', () => {
  let world: World;
  let paths: Record<string, string>;
  let live: string;

  beforeAll(async () => {
    world = await World.start();
    const target = (await world.api.localTarget()).id;
    const shop = await world.sandbox('shop', 'custom-build');
    const broken = await world.sandbox('broken', 'failing-build');
    live = (await world.api.deploy(shop.id, target, { branch: 'main', commit_message: 'Sell things' })).id;
    await world.api.waitFor(live, ['success']);
    const failed = (await world.api.deploy(broken.id, target)).id;
    await world.api.waitFor(failed, ['failed']);
    const team = (await world.api.post('/api/teams', { name: 'Sellers' })).id;
    paths = {
      overview: '/',
      sandboxes: '/sandboxes',
      sandbox: `/sandboxes/${shop.id}`,
      history: '/deployments',
      live: `/deployments/${live}`,
      failed: `/deployments/${failed}`,
      compare: `/deployments/${live}/compare/${failed}`,
      accounts: '/accounts',
      connect: '/accounts/connect/github',
      targets: '/targets',
      'new-target': '/targets/new?provider=github',
      target: `/targets/${target}`,
      variables: `/targets/${target}?tab=variables`,
      agents: '/agents',
      audit: '/audit',
      profile: '/settings',
      tokens: '/settings/tokens',
      teams: '/settings/teams',
      team: `/settings/teams/${team}`,
      people: '/settings/people',
      about: '/settings/about',
    };
  });

  /** Goes to every page, one after the other; `look` answers what is wrong there. */
  async function expectOfEveryPage(page: Page, look: (name: string) => Promise<string[]>): Promise<void> {
    const found: string[] = [];
    for (const [name, path] of Object.entries(paths)) {
      await page.goto(`${world.url}${path}`, { waitUntil: 'networkidle' });
      await page.getByRole('heading', { level: 1 }).waitFor();
      found.push(...(await look(name)).map((what) => `${name}: ${what}`));
    }
    expect(found, found.join('\n')).toEqual([]);
  }

  it('stay whole on a small phone when the words have more space', async () => {
    const page = await world.open('/', PHONE);
    await expectOfEveryPage(page, async () => {
      await addStyles(page, SPACING);
      return outOfReach(page);
    });
  });

  it('stay whole on a small phone when the words are longer', async () => {
    const page = await world.open('/', PHONE);
    await expectOfEveryPage(page, async () => {
      await lengthen(page);
      return outOfReach(page);
    });
  });

  it('say what is chosen, and where the focus is, in the colours of the system too', async () => {
    const page = await world.open('/', { context: { forcedColors: 'active' } });
    await expectOfEveryPage(page, async (name) => {
      const found = await chosenByColourAlone(page);
      await page.keyboard.press('Tab');
      const outline = await page.evaluate(() => getComputedStyle(document.activeElement!).outlineStyle);
      await screenshot(page, `forced-${name}`);
      return outline === 'none' ? [...found, 'the focus is not seen'] : found;
    });
  });

  it('can be worked with by a finger', async () => {
    const page = await world.open('/', { width: 390, height: 844, context: { hasTouch: true, isMobile: true } });
    await expectOfEveryPage(page, () => tooSmallForFingers(page));
    await page.goto(`${world.url}${paths['sandbox']}`);
    await page.getByRole('button', { name: 'Choose where to deploy' }).tap();
    await page.getByRole('menuitem', { name: /^Static site/ }).tap();
    await page.getByRole('dialog').getByText('Step 1 of 3').waitFor();
  });

  it('are read aloud as they are meant', async () => {
    const page = await world.open(`/deployments/${live}`);
    await page.getByRole('heading', { name: 'Deployed to Production' }).waitFor();
    const read = async (place: Locator) => (await place.ariaSnapshot()).replaceAll(/\d[\d.,]* (?:ms|s|B|kB)\b/g, 'N').split('\n');
    expect(await read(page.getByRole('list', { name: 'Deployment steps' }))).toEqual([
      '- list "Deployment steps":',
      ...['Preparing build Done N', 'Installing dependencies Skipped Skipped', 'Building application Done N', 'Uploading artifacts Done N N', 'Deploying Done N']
        .flatMap((step) => ['  - listitem:', `    - button "${step}"`]),
    ]);
    await eventually('the rows', async () => (await logPane(page).getByRole('listitem').count()) > 5);
    const log = await read(logPane(page));
    expect(log.slice(0, 4)).toEqual(['- region "Build log":', '  - list "Log lines":', '    - listitem:', '      - button "Done Preparing build N"']);
    expect(log).toContain('      - button "Skipped Installing dependencies"');
    await page.goto(`${world.url}/deployments`);
    const row = page.getByRole('row').filter({ hasText: 'Sell things' });
    await row.waitFor();
    const spoken = (await read(row)).filter((line) => !line.includes('/url')).map((line) => line.replace(/\d+ (?:sec|min)\. ago|just now/, 'then').replace(/127[\d.:]+/, 'SITE'));
    expect(spoken).toEqual([
      '- row "Production • Preview on this server shop· admin· main· Sell things Live SITE N then View Log Redeploy More actions":',
      '  - rowheader "Production • Preview on this server shop· admin· main· Sell things":',
      '    - link "Production • Preview on this server":',
      '    - text: shop· admin·',
      '    - code: main·',
      '    - text: Sell things',
      '  - cell "Live"',
      '  - cell "SITE":',
      '    - link "SITE":',
      '  - cell "N"',
      '  - cell "then":',
      '    - time: then',
      '  - cell "View Log Redeploy More actions":',
      '    - link "View Log":',
      '    - button "Redeploy"',
      '    - button "More actions"',
    ]);
  });
});
