/** Coming in, and what belongs to people: sessions, tokens, teams, the audit log, agents, settings. */
import type { Locator } from 'playwright-core';
import { expect, it } from 'vitest';
import { Api, describeInBrowser, eventually, expectAccessible, PASSWORD, screenshot, World } from './harness';

describeInBrowser('the first person', () => {
  it('comes in by the link, once, and finds the way on', async () => {
    const world = await World.start({ isEmpty: true });
    const page = await world.openAsStranger(await world.controlPlane.setupLink());
    await page.getByRole('heading', { level: 1, name: 'Set up Slipway' }).waitFor();
    await expectAccessible(page, 'setup');
    await screenshot(page, 'setup');

    await page.getByLabel('Password', { exact: true }).fill('short');
    await page.getByRole('button', { name: 'Create and sign in' }).click();
    const password = page.getByLabel('Password', { exact: true });
    expect(await password.getAttribute('aria-invalid')).toBe('true');
    expect(await password.evaluate((field) => field === document.activeElement)).toBe(true);

    await password.fill(PASSWORD);
    await page.getByRole('button', { name: 'Create and sign in' }).click();
    await page.getByRole('heading', { level: 1, name: 'You are set up' }).waitFor();
    // The link is used up, and the address does not keep it.
    expect(page.url()).not.toContain('token=');
    await expectAccessible(page, 'setup, done');
    await screenshot(page, 'setup-done');
    await page.getByRole('link', { name: /Connect an account/ }).click();
    await page.getByRole('heading', { level: 1, name: 'Connected accounts' }).waitFor();

    const again = await world.openAsStranger(await world.controlPlane.setupLink());
    await again.getByLabel('Password', { exact: true }).fill(PASSWORD);
    await again.getByRole('button', { name: 'Create and sign in' }).click();
    await again.getByText('This link has been used or has expired', { exact: false }).waitFor();
  });
});

describeInBrowser('signing in', () => {
  it('says what is wrong, and leads to where one wanted to go', async () => {
    const world = await World.start();
    const page = await world.openAsStranger('/audit?outcome=done');
    await page.getByRole('heading', { level: 1, name: 'Sign in' }).waitFor();
    await expectAccessible(page, 'sign-in');
    await screenshot(page, 'sign-in');
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByText('Enter your name.').waitFor();
    await page.getByLabel('Name').fill('admin');
    await page.getByLabel('Password', { exact: true }).fill('not the password');
    await page.keyboard.press('Enter');
    await page.getByText('Name or password is wrong.').waitFor();
    await expectAccessible(page, 'sign-in, wrong');
    await page.getByLabel('Password', { exact: true }).fill(PASSWORD);
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { level: 1, name: 'Audit log' }).waitFor();
    expect(new URL(page.url()).search).toBe('?outcome=done');
  });

  it('leads to no other site', async () => {
    const world = await World.start();
    const page = await world.openAsStranger('/login?return_to=https%3A%2F%2Fevil.example%2F');
    await page.getByLabel('Name').fill('admin');
    await page.getByLabel('Password', { exact: true }).fill(PASSWORD);
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { level: 1, name: 'Overview' }).waitFor();
    expect(new URL(page.url()).origin).toBe(new URL(world.url).origin);
  });

  it('is asked for over a form whose session has ended, and nothing that was typed is lost', async () => {
    const world = await World.start();
    const page = await world.open('/targets/new?provider=local');
    await page.getByLabel('Name', { exact: true }).fill('typed before the session ended');
    await page.context().clearCookies();
    await page.getByRole('button', { name: 'Create target' }).click();
    const dialog = page.getByRole('dialog', { name: 'Your session has ended' });
    await dialog.waitFor();
    await expectAccessible(page, 'expired session');
    await screenshot(page, 'session-expired');
    for (let count = 0; count < 3; count += 1) await page.keyboard.press('Escape');
    await dialog.waitFor();
    await dialog.getByLabel('Password', { exact: true }).fill(PASSWORD);
    await dialog.getByRole('button', { name: 'Sign in' }).click();
    await dialog.waitFor({ state: 'hidden' });
    expect(await page.getByLabel('Name', { exact: true }).inputValue()).toBe('typed before the session ended');
    await page.getByRole('button', { name: 'Create target' }).click();
    await page.getByRole('heading', { level: 1, name: 'typed before the session ended' }).waitFor();
  });
});

describeInBrowser('API tokens', () => {
  it('are made, shown once, work, and end', async () => {
    const world = await World.start();
    const page = await world.open('/settings/tokens');
    await page.getByRole('heading', { level: 1, name: 'API tokens' }).waitFor();
    await page.getByRole('button', { name: 'New token' }).click();
    const dialog = page.getByRole('dialog', { name: 'New token' });
    await expectAccessible(page, 'new token');
    await dialog.getByRole('button', { name: 'Create token' }).click();
    await dialog.getByText('Name is missing.').waitFor();
    await dialog.getByLabel('Name').fill('CI of shop');
    await dialog.getByLabel('deploy', { exact: true }).check();
    await screenshot(page, 'token-new');
    await dialog.getByRole('button', { name: 'Create token' }).click();
    const made = page.getByRole('dialog', { name: 'Token CI of shop' });
    const token = await made.getByLabel('Token', { exact: true }).inputValue();
    await expectAccessible(page, 'token, shown');
    await screenshot(page, 'token-shown');
    const me = await new Api(world.url, token).get('/api/me');
    expect(me.scopes).toEqual(['read', 'deploy']);

    await made.getByRole('button', { name: 'Done' }).click();
    expect(await page.content()).not.toContain(token);
    const row = page.getByRole('row', { name: /CI of shop/ });
    await row.waitFor();
    await expectAccessible(page, 'tokens');
    await screenshot(page, 'tokens');
    await row.getByRole('button', { name: 'Revoke CI of shop' }).click();
    const question = page.getByRole('alertdialog', { name: 'Revoke CI of shop?' });
    expect(await question.getByRole('button', { name: 'Keep token' }).evaluate((button) => button === document.activeElement)).toBe(true);
    await screenshot(page, 'token-revoke');
    await question.getByRole('button', { name: 'Revoke token' }).click();
    await row.waitFor({ state: 'detached' });
    await expect(new Api(world.url, token).get('/api/me')).rejects.toThrow();
  });
});

describeInBrowser('teams', () => {
  it('have members whose roles decide what they may do', async () => {
    const world = await World.start();
    await world.addPerson('grace');
    const page = await world.open('/settings/teams');
    await page.getByText('You are in no team').waitFor();
    await expectAccessible(page, 'teams, empty');
    await screenshot(page, 'teams-empty');
    await page.getByRole('button', { name: 'New team' }).click();
    await page.getByLabel('Name', { exact: true }).fill('Storefront');
    await page.getByRole('button', { name: 'Create team' }).click();
    await page.getByRole('heading', { level: 1, name: 'Storefront' }).waitFor();

    await page.getByRole('combobox', { name: 'Person' }).fill('gra');
    await page.getByRole('option', { name: 'grace' }).click();
    await page.getByRole('form', { name: 'Add member' }).getByLabel('Role').selectOption('viewer');
    await page.getByRole('button', { name: 'Add member' }).click();
    await page.getByRole('row', { name: /grace/ }).waitFor();
    await expectAccessible(page, 'team');
    await screenshot(page, 'team');

    // Grace sees the team's targets and is told why she may not change them.
    const team = (await world.api.get('/api/teams')).items[0];
    const target = await world.api.post('/api/deployments/targets', { provider: 'local', name: 'shop front', team_id: team.id });
    const hers = await world.open(`/targets/${target.id}`, { as: 'grace' });
    const remove = hers.getByRole('button', { name: 'Delete target' });
    await remove.waitFor();
    expect(await remove.getAttribute('aria-disabled')).toBe('true');
    expect(await remove.getAttribute('title')).toContain('role Maintainer');
    await expectAccessible(hers, 'target, read only');
    await screenshot(hers, 'target-read-only');

    await page.getByLabel('Role of grace').selectOption('maintainer');
    await page.getByText('grace is Maintainer now').waitFor();
    await hers.reload();
    await remove.waitFor();
    expect(await remove.getAttribute('aria-disabled')).toBeNull();

    // The last admin stays.
    await page.getByLabel('Role of admin').selectOption('viewer');
    await page.getByText('last admin of the team', { exact: false }).waitFor();
    await eventually('the choice goes back', async () => (await page.getByLabel('Role of admin').inputValue()) === 'admin' || undefined);
  });
});

describeInBrowser('the audit log', () => {
  it('is filtered by its address, read on, and downloaded', async () => {
    const world = await World.start();
    for (let count = 0; count < 60; count += 1) await world.api.post('/api/deployments/targets', { provider: 'local', name: `target ${count}` });
    const page = await world.open('/audit?action=target.');
    await page.getByRole('row', { name: /Created a target/ }).first().waitFor();
    await expectAccessible(page, 'audit log');
    await screenshot(page, 'audit');
    const rows = page.locator('tbody').getByRole('row');
    expect(await rows.count()).toBe(50);
    await page.getByRole('button', { name: 'Load more' }).click();
    await eventually('all rows', async () => (await rows.count()) === 60 || undefined);

    await rows.first().getByRole('button', { name: /Details/ }).click();
    const details = page.getByRole('dialog', { name: 'Created a target' });
    await details.getByText('target.create').waitFor();
    await expectAccessible(page, 'audit details');
    await screenshot(page, 'audit-details');
    await page.keyboard.press('Escape');

    await page.getByLabel('Outcome').selectOption('failed');
    await page.getByRole('button', { name: 'Apply' }).click().catch(() => undefined);
    await page.getByText('Nothing matches these filters').waitFor();
    expect(new URL(page.url()).searchParams.get('outcome')).toBe('failed');
    await screenshot(page, 'audit-none');
    await page.goBack();
    await rows.first().waitFor();

    const link = await page.getByRole('link', { name: /Download/ }).getAttribute('href');
    const lines = await page.evaluate(async (address) => (await fetch(address!)).text(), link);
    expect(lines.trim().split('\n')).toHaveLength(60);
    expect(JSON.parse(lines.split('\n')[0]!).action).toBe('target.create');
  });
});

describeInBrowser('agents', () => {
  it('enrol with a command that is shown once, and are seen to come', async () => {
    const world = await World.start();
    await world.sandbox('shop', 'plain-html');
    await world.api.post('/api/sandboxes', { name: 'waiting' });
    const page = await world.open('/agents');
    await page.getByRole('row', { name: /shop/ }).getByText('Agent online').waitFor();
    await page.getByText('1 of 2 online').waitFor();
    await expectAccessible(page, 'agents');
    await screenshot(page, 'agents');
    await page.getByRole('button', { name: 'Enrol agent waiting' }).click();
    await page.getByRole('button', { name: 'Make token' }).click();
    const command = await page.getByLabel('Run this in the sandbox').inputValue();
    expect(command).toMatch(/^printf %s \S+ \| slipway-agent run --control-plane https:\/\/\S+ --token-file - --workspace \/workspace$/);
    await page.getByLabel('Directory of the project').fill("/srv/it's here");
    expect(await page.getByLabel('Run this in the sandbox').inputValue()).toContain(`'/srv/it'\\''s here'`);
    await expectAccessible(page, 'enrolment');
    await screenshot(page, 'agents-enrol');
    await page.getByRole('button', { name: 'Done' }).click();

    await page.getByRole('button', { name: 'More about waiting' }).click();
    await page.getByRole('menuitem', { name: 'Revoke sandbox' }).click();
    await page.getByRole('alertdialog').getByRole('button', { name: 'Revoke sandbox' }).click();
    await page.getByRole('row', { name: /waiting/ }).getByText('Revoked', { exact: true }).waitFor();
    await page.getByLabel('Status').selectOption('online');
    await page.getByRole('row', { name: /waiting/ }).waitFor({ state: 'detached' });
    expect(new URL(page.url()).searchParams.get('status')).toBe('online');
  });
});

describeInBrowser('settings', () => {
  it('hold one’s profile, the theme, people and the state of the program', async () => {
    const world = await World.start();
    const page = await world.open('/settings');
    await page.getByRole('heading', { level: 1, name: 'Profile' }).waitFor();
    await expectAccessible(page, 'profile');
    await screenshot(page, 'profile');
    await page.getByRole('radio', { name: 'Dark' }).check();
    expect(await page.evaluate(() => document.documentElement.dataset['theme'])).toBe('dark');
    await page.reload();
    await page.getByRole('heading', { level: 1, name: 'Profile' }).waitFor();
    expect(await page.evaluate(() => document.documentElement.dataset['theme'])).toBe('dark');
    await page.getByRole('radio', { name: 'System' }).check();

    await page.getByRole('link', { name: 'People' }).click();
    await page.getByRole('row', { name: /admin/ }).waitFor();
    await expectAccessible(page, 'people');
    await screenshot(page, 'people');
    await page.getByRole('link', { name: 'About' }).click();
    await page.getByText('It can do its work').waitFor();
    await expectAccessible(page, 'about');
    await screenshot(page, 'about');

    const hers = await world.openOf('grace', '/settings/people');
    await hers.getByText('needs an administrator', { exact: false }).waitFor();
    expect(await hers.getByRole('navigation', { name: 'Settings' }).getByRole('link', { name: 'People' }).count()).toBe(0);
  });
});

describeInBrowser('roles', () => {
  it('decide which controls work, and the server refuses the same', async () => {
    const world = await World.start();
    const team = await world.api.post('/api/teams', { name: 'Storefront' });
    const target = await world.api.post('/api/deployments/targets', { provider: 'local', name: 'site', team_id: team.id });
    const sandbox = await world.api.post('/api/sandboxes', { name: 'shop', team_id: team.id });
    const allowed: Record<string, { target: boolean; enrol: boolean; members: boolean }> = {
      viewer: { target: false, enrol: false, members: false },
      deployer: { target: false, enrol: false, members: false },
      maintainer: { target: true, enrol: true, members: false },
      admin: { target: true, enrol: true, members: true },
    };
    for (const [role, may] of Object.entries(allowed)) {
      const name = `somebody who is ${role}`;
      await world.addPerson(name, { team: team.id, role });
      const page = await world.open(`/targets/${target.id}?tab=variables`, { as: name });
      const works = async (button: Locator) => {
        await button.waitFor();
        return (await button.getAttribute('aria-disabled')) === null;
      };
      expect(await works(page.getByRole('button', { name: 'Add variable' })), `${role}: variables`).toBe(may.target);
      expect(await works(page.getByRole('button', { name: 'Delete target' })), `${role}: target`).toBe(may.target);
      await page.goto(`${world.url}/agents`);
      expect(await works(page.getByRole('button', { name: 'Enrol agent shop' })), `${role}: enrolment`).toBe(may.enrol);
      await page.goto(`${world.url}/settings/teams/${team.id}`);
      expect(await works(page.getByRole('button', { name: 'Add member' })), `${role}: members`).toBe(may.members);

      const api = await world.controlPlane.apiOf(name);
      const refuses = async (...request: Parameters<Api['send']>) => (await api.send(...request)).status === 403;
      expect(await refuses('PUT', `/api/deployments/targets/${target.id}/env`, { variables: [] }), role).toBe(!may.target);
      expect(await refuses('POST', `/api/sandboxes/${sandbox.id}/enroll-token`), role).toBe(!may.enrol);
      expect(await refuses('PATCH', `/api/teams/${team.id}`, { name: 'Storefront' }), role).toBe(!may.members);
    }
  });
});

describeInBrowser('the keyboard', () => {
  it('is enough to sign in, make a token and end it, and the focus is never lost', async () => {
    const world = await World.start();
    const page = await world.openAsStranger('/settings/tokens');
    const focus = () => page.evaluate(() => document.activeElement?.tagName ?? '');
    const tabTo = async (name: RegExp) => {
      for (let count = 0; count < 60; count += 1) {
        const found = await page.evaluate(() => {
          const now = document.activeElement;
          return now?.getAttribute('aria-label') ?? (now instanceof HTMLInputElement ? now.labels?.[0]?.textContent : now?.textContent) ?? '';
        });
        if (name.test(found.trim())) return;
        await page.keyboard.press('Tab');
      }
      throw new Error(`nobody reaches ${name} by Tab`);
    };
    await page.getByRole('heading', { level: 1, name: 'Sign in' }).waitFor();
    await tabTo(/^Name/);
    await page.keyboard.type('admin');
    await tabTo(/^Password/);
    await page.keyboard.type(PASSWORD);
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { level: 1, name: 'API tokens' }).waitFor();
    await page.getByRole('row', { name: /bootstrap/ }).waitFor();
    await eventually('the focus on the heading', async () => (await focus()) === 'H1' || undefined);
    await tabTo(/^New token$/);
    await page.keyboard.press('Enter');
    await page.getByRole('dialog', { name: 'New token' }).waitFor();
    await page.keyboard.type('by keyboard');
    await page.keyboard.press('Enter');
    await page.getByRole('dialog', { name: 'Token by keyboard' }).waitFor();
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'hidden' });
    // The focus is where one was.
    expect(await page.evaluate(() => document.activeElement?.textContent?.trim())).toBe('New token');
    await page.getByRole('row', { name: /by keyboard/ }).waitFor();
    await tabTo(/^Revoke.*by keyboard$/);
    await page.keyboard.press('Enter');
    await page.getByRole('alertdialog').waitFor();
    await tabTo(/^Revoke token$/);
    await page.keyboard.press('Enter');
    await page.getByRole('row', { name: /by keyboard/ }).waitFor({ state: 'detached' });
    await eventually('the focus somewhere', async () => (await focus()) !== 'BODY' || undefined);
  });
});
