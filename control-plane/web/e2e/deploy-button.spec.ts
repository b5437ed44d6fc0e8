/** The Deploy button of a sandbox, its menu and its dialog; history; keys that work everywhere. */
import type { Page } from 'playwright-core';
import { beforeAll, expect, it } from 'vitest';
import { describeInBrowser, eventually, expectAccessible, Project, screenshot, World } from './harness';

describeInBrowser('the Deploy button', () => {
  let world: World;
  let page: Page;
  let shop: Awaited<ReturnType<World['sandbox']>>;

  const dialog = () => page.getByRole('dialog');
  const menuItem = (name: string | RegExp) => page.getByRole('menuitem', { name });
  const idOf = () => /\/deployments\/([0-9a-f-]{36})/.exec(page.url())?.[1] ?? '';
  const deploymentsOf = async (id: string) => (await world.api.get(`/api/sandboxes/${id}/deployments`)).items;

  beforeAll(async () => {
    world = await World.start();
    shop = await world.sandbox('shop', 'custom-build');
    page = await world.open(`/sandboxes/${shop.id}`);
  });

  it('offers every kind there is a provider for, and recommends one', async () => {
    await page.getByText('Agent online').waitFor();
    await page.getByRole('button', { name: 'Choose where to deploy' }).click();
    await menuItem(/^Static site/).waitFor();
    expect(await page.getByRole('menuitem').first().evaluate((item) => item === document.activeElement)).toBe(true);
    await page.getByText(/^(?:Recommended for:|Looks like) /).waitFor();
    expect(await page.getByText(/^(?:Recommended for:|Looks like) /).count()).toBe(1);
    expect(await menuItem(/^Container/).count(), 'no provider takes containers').toBe(0);
    await expectAccessible(page, 'the Deploy menu');
    await screenshot(page, 'deploy-menu');
    // By its first letters, and away again.
    await page.keyboard.type('dow');
    expect(await page.evaluate(() => document.activeElement?.textContent)).toContain('Download ZIP');
    await page.keyboard.press('Escape');
    expect(await page.evaluate(() => document.activeElement?.getAttribute('aria-label'))).toBe('Choose where to deploy');
  });

  it('deploys to a new destination in three steps, once however often it is pressed', async () => {
    await page.keyboard.press('d');
    await menuItem(/^Static site/).click();
    await dialog().getByText('Step 1 of 3').waitFor();
    await expectAccessible(page, 'the first step of the dialog');
    await screenshot(page, 'deploy-dialog-1');
    await dialog().getByRole('radio', { name: /Preview on this server/ }).check();
    await dialog().getByRole('button', { name: 'Next' }).click();
    await dialog().getByText('Step 2 of 3').waitFor();
    await dialog().getByLabel('Name of the target (optional)').fill('previews');
    await dialog().getByLabel('Environment').selectOption('preview');
    await expectAccessible(page, 'the second step of the dialog');
    await dialog().getByRole('button', { name: 'Next' }).click();
    await dialog().getByText('Step 3 of 3').waitFor();
    await dialog().getByText(/^Detected: /).waitFor();
    await expectAccessible(page, 'the third step of the dialog');
    await screenshot(page, 'deploy-dialog-3');
    await dialog().getByRole('button', { name: 'Deploy' }).dblclick();
    await eventually('the page of the deployment', () => idOf() !== '');
    await page.getByRole('heading', { name: 'Deployed to Preview' }).waitFor({ timeout: 90_000 });
    const [only, ...others] = await deploymentsOf(shop.id);
    expect([only.id, only.target_name, only.environment, others.length]).toEqual([idOf(), 'previews', 'preview', 0]);
  });

  it('asks before it throws away what was entered', async () => {
    await page.goto(`${world.url}/sandboxes/${shop.id}`);
    await page.getByText('Agent online').waitFor();
    await page.keyboard.press('d');
    await menuItem(/^Git export/).click();
    await dialog().getByText('No connected accounts yet').waitFor();
    const connect = dialog().getByRole('link', { name: 'GitHub' });
    expect(new URL((await connect.getAttribute('href'))!, world.url).searchParams.get('return_to')).toContain('deploy=git');
    await page.keyboard.press('Escape');
    await dialog().waitFor({ state: 'hidden' });
    await page.keyboard.press('d');
    await menuItem(/^Static site/).click();
    await dialog().getByRole('radio', { name: /No account needed/ }).check();
    await page.keyboard.press('Escape');
    await dialog().getByText('What you have entered will be lost.').waitFor();
    await dialog().getByRole('button', { name: 'Go on' }).click();
    await page.keyboard.press('Escape');
    await dialog().getByRole('button', { name: 'Discard' }).click();
    await dialog().waitFor({ state: 'hidden' });
  });

  it('repeats the last target, and counts what is under way', async () => {
    const busy = await world.sandbox('busy', Project.thatRunsOn());
    const target = (await world.api.localTarget('other')).id;
    await page.goto(`${world.url}/sandboxes/${busy.id}`);
    const { id } = await world.api.deploy(busy.id, target);
    const badge = page.getByRole('button', { name: '1 active deployment' });
    await badge.waitFor({ timeout: 30_000 });
    await badge.click();
    await page.getByRole('dialog', { name: 'Active deployments' }).getByRole('link').waitFor();
    await expectAccessible(page, 'the list of active deployments');
    await screenshot(page, 'sandbox-busy');
    await page.keyboard.press('Escape');
    await world.api.waitFor(id, ['building']);
    await world.api.post(`/api/deployments/${id}/cancel`);
    await badge.waitFor({ state: 'hidden', timeout: 30_000 });

    await page.goto(`${world.url}/sandboxes/${shop.id}`);
    await page.getByRole('button', { name: 'Deploy to Preview on this server, preview' }).dblclick();
    await eventually('the page of the deployment', () => idOf() !== '');
    await page.getByRole('heading', { name: 'Deployed to Preview' }).waitFor({ timeout: 90_000 });
    expect(await deploymentsOf(shop.id)).toHaveLength(2);
  });

  it('gives the workspace as an archive', async () => {
    await page.goto(`${world.url}/sandboxes/${shop.id}`);
    await page.getByText('Agent online').waitFor();
    await page.keyboard.press('d');
    await menuItem('Download ZIP').click();
    await expectAccessible(page, 'the download of a workspace');
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      dialog().getByRole('button', { name: 'Download' }).click(),
    ]);
    expect(download.suggestedFilename()).toBe('shop.zip');
  });

  it('says that the agent is away', async () => {
    const { id } = await world.api.post('/api/sandboxes', { name: 'lonely' });
    await page.goto(`${world.url}/sandboxes/${id}`);
    await page.getByText('No agent has connected yet.').waitFor();
    await page.getByRole('button', { name: 'Deploy', exact: true }).click();
    await page.getByRole('heading', { name: 'The agent is not connected' }).waitFor();
    await expectAccessible(page, 'a sandbox without its agent');
    await page.keyboard.press('Escape');
  });
});
