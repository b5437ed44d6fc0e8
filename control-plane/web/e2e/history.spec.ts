/** What was deployed, found again: filters, pages, what is new; comparison; the palette and the keys. */
import type { Page } from 'playwright-core';
import { beforeAll, expect, it } from 'vitest';
import { describeInBrowser, eventually, expectAccessible, screenshot, World } from './harness';

describeInBrowser('history', () => {
  let world: World;
  let page: Page;
  let target: string;
  let shop: Awaited<ReturnType<World['sandbox']>>;
  let broken: Awaited<ReturnType<World['sandbox']>>;

  const rows = () => page.getByRole('table').getByRole('row').filter({ has: page.getByRole('rowheader') });

  beforeAll(async () => {
    world = await World.start();
    target = (await world.api.localTarget()).id;
    shop = await world.sandbox('shop', 'custom-build');
    broken = await world.sandbox('broken', 'failing-build');
    for (const branch of ['main', 'next']) {
      await world.api.waitFor((await world.api.deploy(shop.id, target, { branch, commit_message: `From ${branch}` })).id, ['success']);
    }
    await world.api.waitFor((await world.api.deploy(broken.id, target, { environment: 'preview' })).id, ['failed']);
    page = await world.open('/deployments');
  });

  it('shows every deployment with its result', async () => {
    await rows().first().waitFor();
    expect(await rows().count()).toBe(3);
    await rows().nth(0).getByText(/^Build failed: /).waitFor();
    await rows().nth(1).getByText('Live', { exact: true }).waitFor();
    await rows().nth(2).getByText('Superseded').waitFor();
    await expectAccessible(page, 'history');
    await screenshot(page, 'history');
  });

  it('is narrowed by what is in the address', async () => {
    await page.getByLabel('Status').selectOption('failed');
    await eventually('one row', async () => (await rows().count()) === 1);
    expect(page.url()).toContain('status=failed');
    await page.getByLabel('Search').fill('nothing has this');
    await page.getByText('No deployment matches').waitFor();
    await expectAccessible(page, 'history without results');
    await page.getByRole('button', { name: 'Clear filters' }).last().click();
    await eventually('all rows', async () => (await rows().count()) === 3);
    await page.getByLabel('Search').fill('next');
    await eventually('the row of the branch', async () => (await rows().count()) === 1);
    await page.reload();
    await eventually('the same after loading again', async () => (await rows().count()) === 1);
    expect(await page.getByLabel('Search').inputValue()).toBe('next');
  });

  it('keeps rows where they are when something new comes', async () => {
    await page.goto(`${world.url}/deployments`);
    await rows().first().waitFor();
    const linkOfFirst = () => rows().first().getByRole('link').first().getAttribute('href');
    const first = await linkOfFirst();
    const { id } = await world.api.deploy(shop.id, target);
    const fresh = page.getByRole('button', { name: '1 new deployment' });
    await fresh.waitFor({ timeout: 30_000 });
    expect(await linkOfFirst()).toBe(first);
    await fresh.click();
    expect(await linkOfFirst()).toContain(id);
    await world.api.waitFor(id, ['success']);
    await rows().first().getByText('Live', { exact: true }).waitFor({ timeout: 30_000 });
  });

  it('compares a former release with the live one', async () => {
    await rows().filter({ hasText: 'From main' }).getByRole('button', { name: 'More actions' }).click();
    await page.getByRole('menuitem', { name: 'Compare with live' }).click();
    await page.getByRole('heading', { name: 'Compare deployments' }).waitFor();
    await page.getByRole('row', { name: /^Branch Different/ }).waitFor();
    await expectAccessible(page, 'the comparison of two deployments');
    await screenshot(page, 'compare');
  });

  it('deletes a deployment after asking', async () => {
    await page.goto(`${world.url}/deployments`);
    await rows().filter({ hasText: 'broken' }).getByRole('button', { name: 'More actions' }).click();
    await page.getByRole('menuitem', { name: 'Delete deployment' }).click();
    const question = page.getByRole('alertdialog');
    expect(await question.getByRole('button', { name: 'Keep deployment' }).evaluate((one) => one === document.activeElement)).toBe(true);
    await question.getByRole('button', { name: 'Delete deployment' }).click();
    await eventually('the row to go', async () => (await rows().filter({ hasText: 'broken' }).count()) === 0);
  });

  it('is reached by keys alone', async () => {
    await page.goto(world.url);
    await page.getByRole('heading', { name: 'Overview' }).waitFor();
    await page.getByRole('heading', { name: 'shop' }).waitFor();
    await expectAccessible(page, 'the overview');
    await screenshot(page, 'overview');
    await page.keyboard.press('g');
    await page.keyboard.press('d');
    await page.getByRole('heading', { name: 'Deployments', exact: true }).waitFor();
    expect(await page.evaluate(() => document.activeElement?.tagName)).toBe('H1');
    await page.keyboard.press('?');
    await page.getByRole('heading', { name: 'Keyboard shortcuts' }).waitFor();
    await expectAccessible(page, 'the list of keys');
    await page.getByRole('dialog').getByLabel('Shortcuts of a single letter').uncheck();
    await page.keyboard.press('Escape');
    await page.keyboard.press('g');
    await page.keyboard.press('o');
    expect(page.url()).toContain('/deployments');
    await page.keyboard.press('Control+k');
    await page.getByRole('combobox', { name: 'Page, sandbox or deployment' }).fill('shop');
    await page.getByRole('option', { name: /^shop Sandbox/ }).waitFor();
    await expectAccessible(page, 'the palette');
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'shop', exact: true }).waitFor();
    expect(page.url()).toContain(`/sandboxes/${shop.id}`);
  });
});
