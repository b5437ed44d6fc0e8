/** What goes wrong on the way: nothing of a log is missing, nothing comes twice, and nobody is left waiting. */
import type { Page } from 'playwright-core';
import { beforeAll, expect, it } from 'vitest';
import { describeInBrowser, eventually, Project, readWholeLog, screenshot, seeLine, World, writeHistory } from './harness';

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

  const isLive = (page: Page) => page.getByRole('heading', { name: 'Deployed to Production' });

  /** What one reads in the page is what the server has: nothing is missing, nothing is there twice. */
  async function expectWholeLog(page: Page, id: string): Promise<void> {
    const stored = (await world.api.lines(id)).map((line) => line.text);
    expect(stored).toContain(`line ${LINES}`);
    expect(await readWholeLog(page)).toEqual(stored);
  }

  it('goes on where it was when the control plane is started anew', async () => {
    const { id } = await world.api.deploy(printing.id, target);
    const page = await world.open(`/deployments/${id}`);
    await seeLine(page, /^line [1-9]\d\d/);
    await world.controlPlane.kill();
    await page.getByText(/^Reconnecting/).waitFor({ timeout: 20_000 });
    await screenshot(page, 'deployment-reconnecting');
    await world.controlPlane.startAgain();
    await isLive(page).waitFor({ timeout: 90_000 });
    await page.getByText(/^Reconnecting/).waitFor({ state: 'hidden' });
    await expectWholeLog(page, id);
  });

  it('asks instead of listening when a proxy refuses streams', async () => {
    const proxy = await world.proxy();
    proxy.streams = 'refuse';
    const { id } = await world.api.deploy(printing.id, target);
    const page = await world.open(`/deployments/${id}`, { at: proxy.url });
    await page.getByText(/^Live updates are blocked/).first().waitFor({ timeout: 60_000 });
    await isLive(page).waitFor({ timeout: 90_000 });
    await expectWholeLog(page, id);
  });

  it('notices a proxy that holds streams back, and asks instead', async () => {
    const slow = await world.sandbox('slow', Project.thatPrints(LINES, { atOnce: 50, pauseMs: 1_000 }));
    const proxy = await world.proxy();
    proxy.streams = 'buffer';
    const { id } = await world.api.deploy(slow.id, target);
    const page = await world.open(`/deployments/${id}`, { at: proxy.url });
    await page.getByText(/^Live updates are blocked/).first().waitFor({ timeout: 30_000 });
    await isLive(page).waitFor({ timeout: 90_000 });
    await expectWholeLog(page, id);
  });

  it('loses nothing and repeats nothing when its connection breaks again and again', async () => {
    const proxy = await world.proxy();
    const { id } = await world.api.deploy(printing.id, target);
    const page = await world.open(`/deployments/${id}`, { at: proxy.url });
    await seeLine(page, /^line \d/);
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
    await seeLine(page, /^line \d/);
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
    await page.getByRole('button', { name: 'Load more' }).click();
    await page.getByRole('row').nth(35).waitFor();
    expect(await page.evaluate(() => document.querySelectorAll('*').length)).toBeLessThan(6_000);
    await page.getByLabel('Status').selectOption({ label: 'Failed' });
    await page.getByText(/Build failed: exit status 2/).nth(3).waitFor();
    await eventually('only what failed', async () => (await page.getByRole('row').filter({ hasText: 'Superseded' }).count()) === 0);
    expect(new URL(page.url()).search).toContain('status=failed');
  });
});
