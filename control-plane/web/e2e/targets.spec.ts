/** Accounts at providers, and the targets that use them: settings, variables, hooks, domains. */
import type { Page } from 'playwright-core';
import { expect, it } from 'vitest';
import { describeInBrowser, eventually, expectAccessible, screenshot, Vendors, World } from './harness';

async function withVendors(...names: string[]): Promise<{ world: World; vendors: Vendors }> {
  const vendors = await Vendors.start(...names);
  const world = await World.start({ environment: vendors.environment });
  world.onEnd(() => vendors.stop());
  return { world, vendors };
}

async function connectByToken(page: Page, world: World, provider: string, token: string): Promise<void> {
  await page.goto(`${world.url}/accounts/connect/${provider}`);
  await page.getByLabel('Token', { exact: true }).waitFor().catch(() => page.getByRole('radio', { name: /Paste a token/ }).check());
  await page.getByLabel('Token', { exact: true }).fill(token);
  await page.getByRole('button', { name: 'Connect account' }).click();
  await page.getByRole('heading', { level: 1, name: 'Connected accounts' }).waitFor();
}

describeInBrowser('accounts', () => {
  it('are connected with a token the provider is asked about, and removed again', async () => {
    const { world, vendors } = await withVendors('vercel');
    const page = await world.open('/accounts');
    await page.getByText('No accounts are connected yet').waitFor();
    await expectAccessible(page, 'accounts, empty');
    await screenshot(page, 'accounts-empty');
    await page.getByRole('link', { name: /Vercel/ }).click();
    await page.getByRole('heading', { level: 1, name: 'Connect Vercel' }).waitFor();
    const token = page.getByLabel('Token', { exact: true });
    await token.fill('two words');
    await page.getByText('A token has no spaces or line breaks.').waitFor();
    await token.fill('vca_nobody-knows-this-one-0123456789');
    await page.getByRole('button', { name: 'Connect account' }).click();
    await eventually('what Vercel says stands at the field', async () => (await token.getAttribute('aria-invalid')) === 'true');
    await expectAccessible(page, 'connect, refused');
    await screenshot(page, 'connect-refused');
    await token.fill(vendors.tokens['vercel']!);
    await page.getByRole('button', { name: 'Connect account' }).click();

    await page.getByRole('heading', { level: 1, name: 'Connected accounts' }).waitFor();
    await page.getByRole('region', { name: 'Vercel' }).getByText('Works').waitFor();
    await expectAccessible(page, 'accounts');
    await screenshot(page, 'accounts');
    await page.getByRole('button', { name: /^Remove / }).click();
    await page.getByRole('alertdialog').getByRole('button', { name: 'Remove account' }).click();
    await page.getByText('No accounts are connected yet').waitFor();
  });

  it('are connected by a code that is typed elsewhere', async () => {
    const { world, vendors } = await withVendors('github');
    const page = await world.open('/accounts/connect/github');
    await page.getByRole('radio', { name: /Enter a code there/ }).check();
    await page.getByRole('button', { name: 'Get a code' }).click();
    const code = await page.getByLabel('Code', { exact: true }).textContent();
    await expectAccessible(page, 'device code');
    await screenshot(page, 'connect-device');
    await vendors.tell('approve', code!);
    await page.getByRole('heading', { level: 1, name: 'Connected accounts' }).waitFor({ timeout: 60_000 });
    await page.getByRole('region', { name: 'GitHub' }).waitFor();
  });

  it('are connected on the provider’s page, which leads back', async () => {
    const { world, vendors } = await withVendors('github');
    await vendors.register(world.url);
    const origins = Object.values(vendors.environment).filter((value) => value.startsWith('http')).map((value) => new URL(value).origin);
    const page = await world.open('/accounts/connect/github', { mayAsk: origins });
    await page.getByRole('radio', { name: /Sign in there/ }).check();
    await page.getByRole('button', { name: 'Continue to GitHub' }).click();
    await page.getByText('The account at GitHub is connected.').waitFor({ timeout: 30_000 });
    await screenshot(page, 'accounts-connected');
  });
});

describeInBrowser('targets', () => {
  it('are made from what the provider asks for, tested, and deleted', async () => {
    const { world, vendors } = await withVendors('github');
    await vendors.tell('repository', 'ada/shop');
    const page = await world.open('/targets');
    await page.getByText('No targets yet').waitFor();
    await screenshot(page, 'targets-empty');
    await connectByToken(page, world, 'github', vendors.tokens['github']!);
    await page.goto(`${world.url}/targets/new`);
    await page.getByRole('radio', { name: /GitHub/ }).check();
    await page.getByRole('button', { name: 'Create target' }).click();
    await page.getByText('Name is missing.').waitFor();
    await expectAccessible(page, 'new target, with errors');
    await screenshot(page, 'target-new');
    await page.getByLabel('Name', { exact: true }).fill('shop on GitHub');
    // The provider says what there is; choosing it fills in what names it.
    await page.getByRole('combobox', { name: /^Find / }).fill('shop');
    await page.getByRole('option', { name: /shop/ }).click();
    expect(await page.getByRole('textbox', { name: /^Repository/ }).inputValue()).toBe('shop');
    await page.getByRole('button', { name: 'Create target' }).click();
    await page.getByRole('heading', { level: 1, name: 'shop on GitHub' }).waitFor();
    await expectAccessible(page, 'target');
    await screenshot(page, 'target');

    await page.getByRole('button', { name: 'Test', exact: true }).click();
    await page.getByRole('dialog', { name: 'Test shop on GitHub' }).getByText('With the account ada').waitFor();
    await expectAccessible(page, 'target test');
    await screenshot(page, 'target-test');
    await page.getByRole('dialog').getByRole('button', { name: 'Close' }).last().click();

    await page.getByRole('tab', { name: 'Webhook' }).click();
    await page.getByText('No webhook yet').waitFor();
    await page.getByRole('button', { name: 'Make webhook' }).click();
    await page.getByRole('button', { name: 'Done' }).waitFor();
    await expectAccessible(page, 'webhook, made');
    await screenshot(page, 'webhook-made');
    await page.getByRole('button', { name: 'Done' }).click();
    await page.getByText('None yet').waitFor();
    await expectAccessible(page, 'webhook');
    await screenshot(page, 'webhook');

    await page.getByRole('button', { name: 'Delete target' }).click();
    await page.getByRole('alertdialog').getByRole('button', { name: 'Delete target' }).click();
    await page.getByText('No targets yet').waitFor();
  });

  it('show what two people change at once, and lose neither', async () => {
    const world = await World.start();
    const target = await world.api.post('/api/deployments/targets', { provider: 'local', name: 'site' });
    const page = await world.open(`/targets/${target.id}`);
    await page.getByText('How projects are built').click();
    await page.getByLabel('Build command').fill('npm run mine');
    await world.api.call('PUT', `/api/deployments/targets/${target.id}`, {
      name: 'renamed meanwhile', config: { build_command: 'npm run theirs' },
    });
    await page.getByRole('button', { name: 'Save changes' }).click();
    const conflict = page.getByRole('alert', { name: 'Somebody has changed this meanwhile' });
    await conflict.waitFor();
    await conflict.getByRole('row', { name: /Build command.*npm run mine.*npm run theirs/ }).waitFor();
    await conflict.getByText('They have also changed: Name.', { exact: false }).waitFor();
    await expectAccessible(page, 'conflict');
    await screenshot(page, 'target-conflict');
    await conflict.getByRole('button', { name: 'Save with mine' }).click();
    await page.getByRole('heading', { level: 1, name: 'renamed meanwhile' }).waitFor();
    await conflict.waitFor({ state: 'detached' });
    const now = await world.api.get(`/api/deployments/targets/${target.id}`);
    expect([now.name, now.config.build_command]).toEqual(['renamed meanwhile', 'npm run mine']);
  });
});

describeInBrowser('variables', () => {
  it('are added, compared before they are saved, and secrets never come back', async () => {
    const world = await World.start();
    const target = await world.api.post('/api/deployments/targets', { provider: 'local', name: 'site' });
    const page = await world.open(`/targets/${target.id}?tab=variables`);
    await page.getByText('No variables yet').waitFor();
    await expectAccessible(page, 'variables, empty');
    await page.getByRole('button', { name: 'Add variable' }).click();
    const dialog = page.getByRole('dialog', { name: 'Add variable' });
    await dialog.getByLabel('Name', { exact: true }).fill('NEXT_PUBLIC_KEY');
    await dialog.getByLabel('Value').fill('sh-hunter2-value');
    await dialog.getByText('will be readable in the browser', { exact: false }).waitFor();
    await expectAccessible(page, 'variable');
    await screenshot(page, 'variable-new');
    await dialog.getByRole('button', { name: 'Review changes' }).click();
    const review = page.getByRole('dialog', { name: 'Review changes' });
    await review.getByText('added').waitFor();
    expect(await review.textContent()).not.toContain('hunter2');
    await review.getByRole('button', { name: 'Save variables' }).click();
    await page.getByRole('row', { name: /NEXT_PUBLIC_KEY/ }).first().waitFor();
    expect(await page.content()).not.toContain('hunter2');
    await expectAccessible(page, 'variables');
  });

  it('are the whole truth as text: errors block, the comparison says what goes, values come back exactly', async () => {
    const world = await World.start();
    const target = await world.api.post('/api/deployments/targets', { provider: 'local', name: 'site' });
    const env = `/api/deployments/targets/${target.id}/env`;
    const pem = '-----BEGIN KEY-----\nabc\n-----END KEY-----\n';
    const variables = [
      { name: 'PEM', value: pem, scope: 'build', secret: false },
      { name: 'GOES', value: 'x', scope: 'build', secret: false },
      { name: 'TOKEN', value: 'stored-secret-value', scope: 'build', secret: true },
      { name: 'ELSEWHERE', value: '1', scope: 'runtime', secret: false },
    ];
    await world.api.call('PUT', env, { variables });
    const page = await world.open(`/targets/${target.id}?tab=variables`);
    await screenshot(page, 'variables');
    await page.getByRole('button', { name: 'Edit as text' }).click();
    const text = page.getByLabel('Variables as text');
    const before = await text.inputValue();
    expect(before).toContain('TOKEN=<kept secret>');
    await text.fill(before.replace(/^GOES=.*\n/m, '') + 'no assignment\nPLAIN=new value\n');
    await page.getByRole('button', { name: 'Review changes' }).click();
    await page.getByText('1 line cannot be read').waitFor();
    await expectAccessible(page, 'variables as text');
    await screenshot(page, 'variables-text');
    await page.getByRole('button', { name: /^Line / }).first().click();
    expect(await text.evaluate((area) => area === document.activeElement)).toBe(true);

    await text.fill(before.replace(/^GOES=.*\n/m, ''));
    await page.getByLabel('New ones are').selectOption('plain');
    // A file is put behind what is there.
    await page.locator('input[type=file]').setInputFiles({ name: '.env', mimeType: 'text/plain', buffer: Buffer.from('FROM_FILE="a\\nb"\r\nSPACES=\' x \'\r\n') });
    await eventually('the file is in the text', async () => (await text.inputValue()).includes('FROM_FILE') || undefined);
    await page.getByRole('button', { name: 'Review changes' }).click();
    const review = page.getByRole('dialog', { name: 'Review changes' });
    await review.getByRole('listitem').filter({ hasText: 'GOES' }).getByText('removed').waitFor();
    await review.getByText('2 unchanged').waitFor();
    await expectAccessible(page, 'comparison');
    await screenshot(page, 'variables-review');

    // Somebody else is faster, with a variable that the text could not know.
    await world.api.call('PUT', env, { merge: true, variables: [{ name: 'THEIRS', value: '1', scope: 'build', secret: false }, { name: 'GOES', value: 'theirs', scope: 'build', secret: false }] });
    await review.getByRole('button', { name: 'Save variables' }).click();
    await review.getByText('Somebody has changed this meanwhile').waitFor();
    await expectAccessible(page, 'comparison, conflict');
    await screenshot(page, 'variables-conflict');
    expect(await review.getByRole('button', { name: 'Save variables' }).getAttribute('aria-disabled')).toBe('true');
    await review.getByRole('group', { name: /GOES/ }).getByRole('radio', { name: /Yours/ }).check();
    await review.getByRole('button', { name: 'Save variables' }).click();
    await review.waitFor({ state: 'hidden' });
    const saved = (await world.api.get(env)).variables.map((one: { name: string; value: string | null }) => [one.name, one.value]);
    expect(Object.fromEntries(saved)).toEqual({ PEM: pem, TOKEN: null, ELSEWHERE: '1', THEIRS: '1', FROM_FILE: 'a\nb', SPACES: ' x ' });
  });
});

describeInBrowser('domains', () => {
  it('are added, say what their DNS needs, and are taken away', async () => {
    const { world, vendors } = await withVendors('vercel');
    await vendors.tell('project', 'shop');
    const account = await world.api.post('/api/deployments/auth/vercel/token', { kind: 'token', token: vendors.tokens['vercel'] });
    const target = await world.api.post('/api/deployments/targets', {
      provider: 'vercel', name: 'shop on Vercel', credentials_id: account.credentials_id, config: { project: 'shop' },
    });
    const page = await world.open(`/targets/${target.id}?tab=domains`);
    await page.getByText('No domains yet').waitFor();
    await expectAccessible(page, 'domains, empty');
    await page.getByLabel('Domain', { exact: true }).fill('https://www.example.com/');
    await page.getByRole('button', { name: 'Add domain' }).click();
    await page.getByText('without https://', { exact: false }).waitFor();
    await page.getByLabel('Domain', { exact: true }).fill('www.example.com');
    await page.getByRole('button', { name: 'Add domain' }).click();
    const domain = page.getByRole('listitem').filter({ hasText: 'www.example.com' });
    await domain.waitFor();
    await expectAccessible(page, 'domains');
    await screenshot(page, 'domains');
    await domain.getByRole('button', { name: 'Remove www.example.com' }).click();
    await page.getByRole('alertdialog').getByRole('button', { name: 'Remove domain' }).click();
    await page.getByText('No domains yet').waitFor();
    expect((await world.api.get(`/api/deployments/targets/${target.id}/domains`)).items).toEqual([]);
  });
});
