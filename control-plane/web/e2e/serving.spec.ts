/** How the UI comes to people: from the program, at its root or below a path, past strict policies. */
import { expect, it } from 'vitest';
import { ask, describeInBrowser, expectAccessible, PASSWORD, readWholeLog, screenshot, World } from './harness';

/** As browsers go to an address; `fetch` says that it is none. */
const HTML = { accept: 'text/html' };

async function signInByHand(page: Awaited<ReturnType<World['open']>>): Promise<void> {
  await page.getByLabel('Name').fill('admin');
  await page.getByLabel('Password').fill(PASSWORD);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByRole('heading', { level: 1, name: 'Overview' }).waitFor();
}

describeInBrowser('the UI as it is served', () => {
  it('asks who somebody is, and goes to where they wanted to go', async () => {
    const world = await World.start();
    const page = await world.openAsStranger('/sandboxes?q=shop');
    await page.getByRole('heading', { level: 1, name: 'Sign in' }).waitFor();
    await expectAccessible(page, 'sign-in');
    await screenshot(page, 'sign-in');
    await page.getByLabel('Name').fill('admin');
    await page.getByLabel('Password').fill('not the password');
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByText('name or password is wrong').waitFor();
    await page.getByLabel('Password').fill(PASSWORD);
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByRole('heading', { level: 1, name: 'Sandboxes' }).waitFor();
    expect(new URL(page.url()).search).toBe('?q=shop');
  });

  it('is one page with hashed files, compressed, kept, and strict', async () => {
    const world = await World.start();
    const answer = await ask(`${world.url}/deployments/anything`, HTML);
    expect(answer.headers['content-security-policy']).toBe(
      "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'self'; " +
        "manifest-src 'self'; worker-src 'self'; form-action 'self'; base-uri 'self'; require-trusted-types-for 'script'; " +
        "frame-ancestors 'none'",
    );
    expect(answer.headers['x-frame-options']).toBe('DENY');
    expect(answer.headers['cross-origin-opener-policy']).toBe('same-origin');
    expect(answer.headers['cache-control']).toBe('no-cache');
    // The smallest files are not worth it.
    const [, script = ''] = /src="\.\/(assets\/core-[^"]+\.js)"/.exec(answer.text) ?? [];
    const file = await ask(`${world.url}/${script}`, { 'accept-encoding': 'gzip' });
    expect(file.headers['cache-control']).toBe('public, max-age=31536000, immutable');
    expect(file.headers['content-encoding']).toBe('gzip');
    const seen = { 'accept-encoding': 'gzip', 'if-none-match': file.headers.etag! };
    expect((await ask(`${world.url}/${script}`, seen)).status).toBe(304);
    const head = await ask(`${world.url}/sandboxes`, HTML, 'HEAD');
    expect([head.status, head.text]).toEqual([200, '']);
  });

  it('is framed by those only whom the operator has named, and only its button', async () => {
    const host = 'https://ide.example.com';
    const world = await World.start({ environment: { SLIPWAY_EMBED_ORIGINS: host } });
    const embedded = await ask(`${world.url}/embed/deploy?sandbox=1`, HTML);
    expect(embedded.headers['content-security-policy']).toContain(`frame-ancestors ${host}`);
    expect(embedded.headers['x-frame-options']).toBeUndefined();
    const other = await ask(`${world.url}/sandboxes`, HTML);
    expect(other.headers['content-security-policy']).toContain("frame-ancestors 'none'");
    expect(other.headers['x-frame-options']).toBe('DENY');
  });

  it('never stands in for the API, and says what is not there', async () => {
    const world = await World.start();
    for (const [path, headers] of [
      ['/api/nothing', HTML],
      ['/nothing', { accept: 'application/json' }],
      ['/assets/gone-12345678.js', {}],
    ] as const) {
      const answer = await ask(`${world.url}${path}`, headers);
      expect([answer.status, answer.headers['content-type']], path).toEqual([404, 'application/problem+json']);
    }
    const page = await world.open('/no-such-page');
    await page.getByRole('heading', { level: 1, name: 'Not found' }).waitFor();
    await expectAccessible(page, 'not found');
  });

  it.each([
    { name: 'a proxy that takes the path away', strips: true },
    { name: 'a proxy that leaves the path', strips: false },
  ])('works below a path behind $name', async ({ strips }) => {
    // The address is known before the control plane starts, so that links are right.
    const world = await World.start({ environment: { SLIPWAY_PUBLIC_URL: 'http://127.0.0.1:1/tools/slipway/' } });
    const proxy = await world.proxy({ prefix: '/tools/slipway', strips });
    const page = await world.openAsStranger(`${proxy.url}/`);
    await signInByHand(page);
    expect(new URL(page.url()).pathname).toBe('/tools/slipway/');
    await page.getByRole('link', { name: 'Sandboxes', exact: true }).first().click();
    await page.getByRole('heading', { level: 1, name: 'Sandboxes' }).waitFor();
    expect(new URL(page.url()).pathname).toBe('/tools/slipway/sandboxes');
    await page.reload();
    await page.getByRole('heading', { level: 1, name: 'Sandboxes' }).waitFor();
    // Streams, parts of logs and everything else a page asks for are below the path, too.
    const { id: sandbox } = await world.sandbox('plain', 'plain-html');
    const { id } = await world.api.deploy(sandbox, (await world.api.localTarget()).id);
    await page.goto(`${proxy.url}/deployments/${id}`);
    await page.getByRole('heading', { name: 'Deployed to Production' }).waitFor({ timeout: 90_000 });
    expect((await readWholeLog(page)).at(-1)).toMatch(/^Live at /);
    expect(proxy.requests.filter((path) => !path.startsWith('/tools/slipway/'))).toEqual([]);
    await page.goto(`${proxy.url}/api/docs`);
    await page.getByRole('heading', { name: /Slipway/ }).first().waitFor();
  });

  // As it is built into the program, and compressed by that.
  it.skipIf(process.env.SLIPWAY_UI_DIR !== undefined)('loads little, and soon', async () => {
    const world = await World.start();
    const page = await world.open('/');
    await page.getByRole('heading', { level: 1, name: 'Overview' }).waitFor();
    const loaded = await page.evaluate(() => {
      const entries = [...performance.getEntriesByType('navigation'), ...performance.getEntriesByType('resource')];
      const files = (entries as PerformanceResourceTiming[]).filter((entry) => !entry.name.includes('/api/'));
      return { files: files.map((entry) => entry.name), bytes: files.reduce((sum, entry) => sum + entry.encodedBodySize, 0) };
    });
    expect(loaded.bytes, loaded.files.join('\n')).toBeLessThan(120_000);
    expect(loaded.files.length, loaded.files.join('\n')).toBeLessThanOrEqual(14);
  });
});
