/** The states every page of people has: an API that fails, narrow screens, names that are meant to break it. */
import { expect, it } from 'vitest';
import { describeInBrowser, expectAccessible, screenshot, World } from './harness';

/** Pages, and the part of the API each cannot do without. */
const PAGES: readonly [path: string, api: string][] = [
  ['/accounts', '**/api/providers'],
  ['/targets', '**/api/deployments/targets?*'],
  ['/targets/new', '**/api/providers'],
  ['/agents', '**/api/sandboxes?*'],
  ['/audit', '**/api/audit?*'],
  ['/settings/tokens', '**/api/tokens?*'],
  ['/settings/teams', '**/api/teams?*'],
  ['/settings/people', '**/api/users?*'],
  ['/settings/about', '**/api/about'],
];

const PROBLEM = {
  type: 'about:blank', title: 'Service Unavailable', status: 503, code: 'unavailable', detail: 'the database does not answer',
  request_id: '0198c5a2-6f3e-7c3a-9d3b-2f1f6f0f5a10',
};

const HOSTILE = `<img src=x onerror="document.title='broken'">"'&{{x}}\u202Eabc`;

describeInBrowser('whatever happens', () => {
  it('a page says that the API fails, stays, and goes on when it is there again', async () => {
    const world = await World.start();
    const page = await world.open('/');
    for (const [path, api] of PAGES) {
      await page.route(api, (route) => route.fulfill({ status: 503, contentType: 'application/problem+json', body: JSON.stringify(PROBLEM) }));
      await page.goto(`${world.url}${path}`);
      const problem = page.getByRole('main').getByRole('alert').first();
      await problem.getByText('The database does not answer.').waitFor();
      await page.getByRole('heading', { level: 1 }).waitFor();
      if (path === '/targets' || path === '/audit') await expectAccessible(page, `${path}, failing`);
      if (path === '/targets') await screenshot(page, 'failing');
      await page.unroute(api);
      await problem.getByRole('button', { name: 'Retry' }).click();
      await problem.waitFor({ state: 'detached' });
    }
  });

  it('no page is wider than a small phone', async () => {
    const world = await World.start();
    const team = await world.api.post('/api/teams', { name: 'x'.repeat(100) });
    const target = await world.api.post('/api/deployments/targets', { provider: 'local', name: 'y'.repeat(100), team_id: team.id });
    await world.api.post('/api/sandboxes', { name: 'z'.repeat(100) });
    await world.api.call('PUT', `/api/deployments/targets/${target.id}/env`, {
      variables: [{ name: `LONG_${'N'.repeat(120)}`, value: 'v'.repeat(300), scope: 'build', secret: false }],
    });
    const page = await world.open('/', { width: 320, height: 640 });
    const paths = [
      ...PAGES.map(([path]) => path), '/settings', `/settings/teams/${team.id}`, `/targets/${target.id}`, `/targets/${target.id}?tab=variables`,
      '/accounts/connect/github', '/targets/new?provider=github',
    ];
    for (const path of paths) {
      await page.goto(`${world.url}${path}`, { waitUntil: 'networkidle' });
      const overflow = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
      expect(overflow, `${path} is ${overflow} px too wide`).toBeLessThanOrEqual(0);
    }
  });

  it('names stay text', async () => {
    const world = await World.start();
    const team = await world.api.post('/api/teams', { name: HOSTILE });
    const target = await world.api.post('/api/deployments/targets', { provider: 'local', name: HOSTILE, team_id: team.id });
    await world.api.post('/api/sandboxes', { name: HOSTILE });
    await world.api.post('/api/tokens', { name: HOSTILE, scopes: ['read'] });
    await world.api.call('PUT', `/api/deployments/targets/${target.id}/env`, { variables: [{ name: 'A', value: HOSTILE, scope: 'build', secret: false }] });
    const page = await world.open('/');
    for (const path of ['/targets', `/targets/${target.id}`, `/targets/${target.id}?tab=variables`, '/agents', '/settings/tokens', `/settings/teams/${team.id}`, '/audit']) {
      await page.goto(`${world.url}${path}`, { waitUntil: 'networkidle' });
      if (path !== '/audit') await page.getByRole('main').getByText(HOSTILE).first().waitFor();
      expect(await page.locator('img').count(), path).toBe(0);
      expect(await page.title(), path).not.toBe('broken');
    }
  });
});
