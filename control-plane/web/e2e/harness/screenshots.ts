/** Pictures to look at, when `SLIPWAY_SCREENSHOTS` names a directory for them. No test compares them. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import type { Theme } from './browser';

export const WIDTHS = [375, 768, 1440] as const;

/** The page as it is now in every width and both themes: `<name>-<width>-<theme>.png`. */
export async function screenshot(page: Page, name: string): Promise<void> {
  const directory = process.env.SLIPWAY_SCREENSHOTS;
  if (!directory) return;
  mkdirSync(directory, { recursive: true });
  const before = page.viewportSize();
  for (const width of WIDTHS) {
    await page.setViewportSize({ width, height: 900 });
    for (const theme of ['light', 'dark'] satisfies Theme[]) {
      await page.emulateMedia({ colorScheme: theme });
      await page.screenshot({ path: join(directory, `${name}-${width}-${theme}.png`), animations: 'disabled' });
    }
  }
  await page.emulateMedia({ colorScheme: null });
  if (before) await page.setViewportSize(before);
}
