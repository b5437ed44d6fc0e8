/** What axe finds on a page, in both themes. */
import { AxeBuilder } from '@axe-core/playwright';
import type { Page } from 'playwright-core';
import { expect } from 'vitest';

const TAGS = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];

/** Nothing is wrong with the page as it is now, light and dark. */
export async function expectAccessible(page: Page, where: string): Promise<void> {
  for (const theme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme: theme });
    // Colours that are on their way to others have the wrong contrast.
    await page.evaluate(() => {
      // A spinner never ends.
      const ending = document.getAnimations().filter((one) => one.effect?.getComputedTiming().endTime !== Infinity);
      return Promise.allSettled(ending.map((animation) => animation.finished));
    });
    const { violations } = await new AxeBuilder({ page }).withTags(TAGS).analyze();
    const found = violations.flatMap(({ id, help, nodes }) =>
      nodes.map((node) => `${where}, ${theme}: ${id}: ${help}\n  ${node.html}\n  ${node.failureSummary ?? ''}`),
    );
    expect(found, found.join('\n')).toEqual([]);
  }
  await page.emulateMedia({ colorScheme: null });
}
