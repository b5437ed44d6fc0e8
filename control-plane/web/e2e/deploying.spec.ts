/** The whole way, as somebody goes it: from the link of the first start to a site that is live, and what goes wrong between. */
import type { Page } from 'playwright-core';
import { beforeAll, expect, it } from 'vitest';
import { Api, describeInBrowser, eventually, expectAccessible, PASSWORD, Project, readWholeLog, screenshot, seeLine, World } from './harness';

describeInBrowser('deploying', () => {
  let world: World;
  let api: Api;
  let page: Page;
  let target: string;
  let shop: Awaited<ReturnType<World['sandbox']>>;

  const heading = (name: string | RegExp) => page.getByRole('heading', { name });
  const steps = () => page.getByRole('list', { name: 'Deployment steps' });
  const idOf = () => /\/deployments\/([0-9a-f-]{36})/.exec(page.url())?.[1] ?? '';

  /** Goes to the page of a deployment without loading everything anew. */
  async function watch(id: string): Promise<void> {
    await page.goto(`${world.url}/deployments/${id}`);
  }

  beforeAll(async () => {
    world = await World.start({ isEmpty: true });
  });

  it('begins with the link of the first start', async () => {
    const link = new URL(await world.controlPlane.setupLink());
    page = await world.openAsStranger(`${link.pathname}${link.search}`);
    await heading('Set up Slipway').waitFor();
    await expectAccessible(page, 'setup');
    await screenshot(page, 'setup');
    await page.getByLabel('Name', { exact: true }).fill('ada');
    await page.getByLabel('Password', { exact: true }).fill('short');
    await page.getByRole('button', { name: 'Create and sign in' }).click();
    await page.getByText('A password has at least 12 characters.').waitFor();
    await page.getByLabel('Password', { exact: true }).fill(PASSWORD);
    await page.getByRole('button', { name: 'Create and sign in' }).click();
    await heading('You are set up').waitFor();
    expect(page.url(), 'the address does not keep the token').not.toContain('token=');
    await page.getByRole('link', { name: 'Go to the overview' }).click();
    await heading('Overview').waitFor();
    // What a platform would do: make the sandbox and start its agent.
    api = await world.controlPlane.apiOf('ada');
    world.use(api);
    shop = await world.sandbox('shop', 'custom-build');
    target = (await api.localTarget()).id;
  });

  it('shows a deployment from its first step to the live site', async () => {
    const { id } = await api.deploy(shop.id, target);
    await watch(id);
    await steps().waitFor();
    expect(await steps().getByRole('listitem').count()).toBe(5);
    await heading('Deployed to Production').waitFor({ timeout: 90_000 });
    const stored = (await api.lines(id)).map((line) => line.text);
    expect(stored).toContain('building slipway-fixture-custom-build 1.0.0');
    expect(await readWholeLog(page)).toEqual(stored);
    const link = page.getByRole('link', { name: 'View Site' });
    const site = await fetch((await link.getAttribute('href'))!);
    expect(await site.text()).toContain('Built by hand');
    expect(await link.getAttribute('rel')).toContain('noopener');
    expect(await page.title()).toContain('✓');
    await expectAccessible(page, 'a deployment that is live');
    await screenshot(page, 'deployment-live');
  });

  it('says why a build failed, and where', async () => {
    const broken = await world.sandbox('broken', 'failing-build');
    const { id } = await api.deploy(broken.id, target);
    await watch(id);
    await heading(/^Build failed: /).waitFor({ timeout: 90_000 });
    await page.getByText("Type 'string' is not assignable to type 'number'").first().waitFor();
    await page.getByText('What you can try').waitFor();
    expect(await page.title()).toContain('✕');
    await expectAccessible(page, 'a deployment that failed');
    await screenshot(page, 'deployment-failed');
  });

  it('stops a deployment, and the live site stays', async () => {
    const busy = await world.sandbox('busy', Project.thatRunsOn());
    const { id } = await api.deploy(busy.id, target);
    await watch(id);
    await seeLine(page, /^up$/);
    await page.getByRole('button', { name: 'Cancel deployment' }).click();
    await page.getByText('Stop this deployment? The live site does not change.').waitFor();
    await screenshot(page, 'deployment-running');
    await page.getByRole('button', { name: 'Stop deployment' }).click();
    await heading('Cancelled').waitFor({ timeout: 30_000 });
    expect((await api.deployment(id)).status).toBe('cancelled');
  });

  it('deploys the same again, once however often the button is pressed', async () => {
    const [live] = (await api.get(`/api/sandboxes/${shop.id}/deployments?status=success`)).items;
    await watch(live.id);
    await page.getByRole('button', { name: 'Redeploy' }).click();
    await page.getByRole('button', { name: 'Same artifact (fast)' }).dblclick();
    await eventually('the page of the new deployment', () => idOf() !== live.id);
    await heading('Deployed to Production').waitFor({ timeout: 60_000 });
    const { items } = await api.get(`/api/sandboxes/${shop.id}/deployments`);
    expect(items.map((item: { id: string }) => item.id)).toEqual([idOf(), live.id]);
  });

  it('goes back to what was live before', async () => {
    shop.project.write('build.js', "import { mkdirSync, writeFileSync } from 'node:fs';\nmkdirSync('dist', { recursive: true });\nwriteFileSync('dist/index.html', 'second');\n");
    const { id } = await api.deploy(shop.id, target);
    await watch(id);
    await heading('Deployed to Production').waitFor({ timeout: 90_000 });
    await page.getByRole('button', { name: 'More actions' }).click();
    await page.getByRole('menuitem', { name: /^Roll back/ }).click();
    await page.getByRole('alertdialog').getByText('Comes back: the files as they were published then.').waitFor();
    await expectAccessible(page, 'the question before a rollback');
    await page.getByRole('alertdialog').getByRole('button', { name: 'Roll back' }).click();
    await eventually('the page of the new deployment', () => idOf() !== id);
    await heading('Deployed to Production').waitFor({ timeout: 60_000 });
    const live = await api.deployment(idOf());
    expect([live.is_live, live.metadata.rollback_of]).toEqual([true, id]);
    expect(await (await fetch(live.deployment_url)).text()).toContain('Built by hand');
  });

  it('lets people do what their role allows, and says what it does not', async () => {
    const team = (await api.post('/api/teams', { name: 'shop' })).id;
    await world.addPerson('vera', { team, role: 'viewer' });
    await world.addPerson('dan', { team, role: 'deployer' });
    const sandbox = (await api.post('/api/sandboxes', { name: 'of the team', team_id: team })).id;
    const teamTarget = (await api.localTarget('of the team', { team_id: team })).id;
    const { id } = await api.deploy(sandbox, teamTarget);
    const viewer = await world.open(`/deployments/${id}`, { as: 'vera' });
    const cancel = viewer.getByRole('button', { name: /^Cancel deployment/ });
    await cancel.waitFor();
    // What the role allows is known a moment after the deployment is.
    await expect
      .poll(() => cancel.getAttribute('aria-disabled'), { message: 'it is there, and says why it does nothing' })
      .toBe('true');
    const deployer = await world.open(`/deployments/${id}`, { as: 'dan' });
    await deployer.getByRole('button', { name: /^Cancel deployment/ }).click();
    await deployer.getByRole('button', { name: 'Stop deployment' }).click();
    await deployer.getByRole('heading', { name: 'Cancelled' }).waitFor({ timeout: 30_000 });
    await viewer.getByRole('heading', { name: 'Cancelled' }).waitFor({ timeout: 30_000 });
    const stranger = await world.openOf('mallory', `/deployments/${id}`);
    await stranger.getByRole('heading', { name: 'Not found' }).waitFor();
  });
});
