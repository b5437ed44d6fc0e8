/** The log viewer of a deployment's page, as somebody reads it: what is seen, and all of it from its beginning to its end. */
import type { Page } from 'playwright-core';
import { eventually } from './wait';

export const logPane = (page: Page) => page.getByRole('region', { name: 'Build log' });

/** The rows that are in the page now: texts by their numbers. */
export async function rowsOf(page: Page): Promise<Map<number, string>> {
  const rows = await logPane(page).evaluate((pane) =>
    [...pane.querySelectorAll<HTMLElement>('[data-seq]')].map((link): [number, string] => {
      const text = [...link.parentElement!.childNodes].filter((node) => node !== link).map((node) => node.textContent).join('');
      return [Number(link.dataset['seq']), text];
    }),
  );
  return new Map(rows);
}

/** Waits until a line that matches is among the rows. */
export async function seeLine(page: Page, line: RegExp, timeout = 60_000): Promise<void> {
  await eventually(`a line that matches ${line}`, async () => {
    const rows = await rowsOf(page).catch(() => new Map<number, string>());
    return [...rows.values()].some((text) => line.test(text));
  }, timeout);
}

/** Every line, in order, read by going through the pane with the keyboard. A row whose text changes on the way is a defect. */
export async function readWholeLog(page: Page): Promise<string[]> {
  await logPane(page).focus();
  await page.keyboard.press('Home');
  const lines = new Map<number, string>();
  let before = -1;
  for (;;) {
    await settled(page);
    await unfold(page);
    for (const [number, text] of await rowsOf(page)) {
      const known = lines.get(number);
      if (known !== undefined && known !== text) throw new Error(`line ${number} was ${known} and is ${text}`);
      lines.set(number, text);
    }
    const place = await scrolled(page);
    if (place === before) break;
    before = place;
    await logPane(page).focus();
    await page.keyboard.press('PageDown');
  }
  const numbers = [...lines.keys()].toSorted((a, b) => a - b);
  const hole = numbers.find((number, index) => number !== index + 1);
  if (hole !== undefined) throw new Error(`a line before ${hole} is missing`);
  return numbers.map((number) => lines.get(number)!);
}

const scrolled = (page: Page): Promise<number> =>
  logPane(page).evaluate((pane) => (pane.matches('.slog-scroll') ? pane : pane.querySelector('.slog-scroll')!).scrollTop);

/** What was begun is painted, and no row is still to be loaded. */
async function settled(page: Page): Promise<void> {
  await page.evaluate(() => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve))));
  await eventually('the rows to be loaded', () => logPane(page).evaluate((pane) => pane.querySelector('.is-skeleton') === null));
}

/** Opens the groups among the rows that are closed and have lines. */
async function unfold(page: Page): Promise<void> {
  const closed = logPane(page).locator('[data-fold][aria-expanded=false]');
  for (let tries = 0; tries < 20 && (await closed.count()) > 0; tries++) {
    await closed.first().click();
    await settled(page);
  }
}
