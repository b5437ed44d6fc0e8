/** What goes wrong on the way: nothing of a log is missing, nothing comes twice, and nobody is left waiting. */
import type { Page } from 'playwright-core';
import { beforeAll, expect, it } from 'vitest';
import { describeInBrowser, eventually, Project, screenshot, World, writeHistory } from './harness';

/** Some seconds of output, while something happens. */
const LINES = 1500;

describeInBrowser('faults', () => {
  let world: World;
  let target: string;
  let printing: Awaited<ReturnType<World['sandbox']>>;

  beforeAll(async () => {
    world = await World.start();
    target = (await world.api.localTarget()).id;
    printing = await world.sandbox('printing', Project.thatPrints(LINES, { atOnce: 10, pauseMs: 50 }));
  });

  const log = (page: Page) => page.getByLabel('Build log').first();
  const isLive = (page: Page) => page.getByRole('heading', { name: 'Deployed to Production' });

  /** What the page keeps of the log, as people copy it: exactly what the server has. */
  async function expectWholeLog(page: Page, id: string): Promise<void> {
    const stored = (await world.api.lines(id)).map((line) => line.text).join('\n');
    expect(stored).toContain(`line ${LINES}`);
    const shown = await eventually('the whole log', async () => {
      const text = await copied(page);
      return text.includes(`line ${LINES}`) ? text : undefined;
    }, 30_000);
    expect(shown.trimEnd()).toBe(stored.trimEnd());
  }

  async function copied(page: Page): Promise<string> {
    return (await log(page).innerText()).replaceAll('\r', '');
  }

  it('goes on where it was when the control plane is started anew', async () => {
    const { id } = await world.api.deploy(printing.id, target);
    const page = await world.open(`/deployments/${id}`);
    await log(page).getByText('line 100', { exact: true }).first().waitFor({ timeout: 60_000 });
    await world.controlPlane.kill();
    await page.getByText(/^Reconnecting/).waitFor({ timeout: 20_000 });
    await screenshot(page, 'deployment-reconnecting');
    await world.controlPlane.startAgain();
    await isLive(page).waitFor({ timeout: 90_000 });
    await page.getByText(/^Reconnecting/).waitFor({ state: 'hidden' });
    await expectWholeLog(page, id);
  });

  it.each(['refuse', 'buffer'] as const)('asks instead of listening when a proxy would %s streams', async (streams) => {
    const proxy = await world.proxy();
    proxy.streams = streams;
    const { id } = await world.api.deploy(printing.id, target);
    const page = await world.open(`/deployments/${id}`, { at: proxy.url });
    await page.getByText(/Live updates are blocked/).waitFor({ timeout: 60_000 });
    await isLive(page).waitFor({ timeout: 90_000 });
    await expectWholeLog(page, id);
  });

  it('loses nothing and repeats nothing when its connection breaks again and again', async () => {
    const proxy = await world.proxy();
    const { id } = await world.api.deploy(printing.id, target);
    const page = await world.open(`/deployments/${id}`, { at: proxy.url });
    await log(page).getByText('line 1', { exact: true }).first().waitFor({ timeout: 60_000 });
    let cuts = 0;
    await eventually('the end', async () => {
      cuts += proxy.cutStreams();
      await new Promise((resolve) => setTimeout(resolve, 200 + 300 * Math.random()));
      return (await isLive(page).count()) > 0;
    }, 90_000);
    expect(cuts).toBeGreaterThan(3);
    await expectWholeLog(page, id);
  });

  it('says that a sandbox does not answer, and goes on when it does', async () => {
    const { id } = await world.api.deploy(printing.id, target);
    const page = await world.open(`/deployments/${id}`);
    await log(page).getByText('line 1', { exact: true }).first().waitFor({ timeout: 60_000 });
    await printing.agent.kill();
    // The agent tells what was lost when it is back: that build is over.
    printing.agent.startAgain();
    await page.getByRole('heading', { name: /^Build failed: |^Deployment failed: / }).waitFor({ timeout: 90_000 });
  });

  it('shows ten thousand deployments a page at a time', async () => {
    await writeHistory(world.controlPlane, 10_000);
    const page = await world.open('/deployments');
    const began = Date.now();
    await page.getByRole('row').nth(10).waitFor();
    expect(Date.now() - began).toBeLessThan(5_000);
    await screenshot(page, 'history');
    const links = page.getByRole('main').getByRole('link', { name: /local/i });
    await links.first().waitFor();
    expect(await page.evaluate(() => document.querySelectorAll('*').length)).toBeLessThan(6_000);
    await page.goto(`${world.url}/deployments?status=failed`);
    await page.getByText('Build failed: exit status 2').first().waitFor();
    expect(await page.getByRole('row').filter({ hasText: 'Deployed' }).count()).toBe(0);
  });
});
