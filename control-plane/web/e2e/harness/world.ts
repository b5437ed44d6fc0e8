/** A control plane with somebody who works there, and everything else a spec has started. */
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { afterAll, afterEach, describe, expect } from 'vitest';
import { Agent } from './agent';
import type { Api, Json } from './api';
import { type BrowserPage, closeBrowser, isBrowserThere, openPage, type PageOptions } from './browser';
import { ControlPlane, type ControlPlaneOptions } from './control-plane';
import { fixture, Project } from './project';
import { Proxy, type ProxyOptions } from './proxy';

export const PASSWORD = 'correct horse battery staple';
/** Of `slipway serve`: whoever comes with the token of tests, and signs in with a password. */
const ADMIN = 'admin';

const worlds = new Set<World>();

/** Specs in a browser; left out with a word about it where there is none. */
export function describeInBrowser(name: string, specs: () => void): void {
  describe.skipIf(!isBrowserThere())(name, () => {
    afterEach(async ({ task }) => {
      if (task.result?.state === 'fail') await Promise.all([...worlds].map((world) => world.picture(task.name)));
      for (const world of worlds) world.expectNoDefects();
    });
    afterAll(async () => {
      await Promise.all([...worlds].map((world) => world.end()));
      await closeBrowser();
    });
    specs();
  });
}

export class World {
  readonly #pages: BrowserPage[] = [];
  readonly #ends: (() => Promise<void> | void)[] = [];
  #api: Api;

  private constructor(readonly controlPlane: ControlPlane) {
    this.#api = controlPlane.api;
    worlds.add(this);
    this.onEnd(() => controlPlane.remove());
  }

  /** With an administrator named `admin`, unless it is empty. */
  static async start(options: ControlPlaneOptions = {}): Promise<World> {
    const world = new World(await ControlPlane.start(options));
    if (!options.isEmpty) await world.controlPlane.command(['user', 'password', ADMIN], `${PASSWORD}\n`);
    return world;
  }

  get url(): string {
    return this.controlPlane.url;
  }

  get api(): Api {
    return this.#api;
  }

  /** From here on sandboxes are those of somebody else: the first person of an empty one. */
  use(api: Api): void {
    this.#api = api;
  }

  /** What has to be ended with it; the last first. */
  onEnd(end: () => Promise<void> | void): void {
    this.#ends.unshift(end);
  }

  /** A sandbox with an agent over a project, or over a copy of a fixture. */
  async sandbox(name: string, project: Project | string): Promise<{ id: string; agent: Agent; project: Project }> {
    const workspace = typeof project === 'string' ? fixture(project) : project;
    this.onEnd(() => workspace.remove());
    const { id } = await this.api.post('/api/sandboxes', { name });
    const agent = await Agent.start(this.api, this.controlPlane.agentUrl, id, workspace.path);
    this.onEnd(() => agent.remove());
    return { id, agent, project: workspace };
  }

  /** Something between browsers and the control plane. */
  async proxy(options: Omit<ProxyOptions, 'to'> = {}): Promise<Proxy> {
    const proxy = await Proxy.start({ ...options, to: () => this.url });
    this.onEnd(() => proxy.stop());
    return proxy;
  }

  /** A page of somebody who is not signed in. `path` may be a whole address. */
  async openAsStranger(path: string, options: PageOptions = {}): Promise<Page> {
    const url = /^https?:/.test(path) ? path : `${this.url}${path}`;
    const opened = await openPage(url, options);
    this.#pages.push(opened);
    return opened.page;
  }

  /** A page of somebody who is signed in: the administrator, unless another name is given. */
  async open(path: string, options: PageOptions & { as?: string; at?: string } = {}): Promise<Page> {
    const at = options.at ?? this.url;
    const login = await fetch(`${this.url}/api/auth/login`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ name: options.as ?? ADMIN, password: PASSWORD }),
    });
    if (!login.ok) throw new Error(`nobody can sign in: ${login.status} ${await login.text()}`);
    const cookies = login.headers.getSetCookie().map((line) => {
      const [name = '', value = ''] = line.split(';')[0]!.split('=');
      return { name, value, domain: new URL(at).hostname, path: '/', httpOnly: true, sameSite: 'Lax' as const };
    });
    const storageState = { cookies: cookies.map((cookie) => ({ ...cookie, expires: -1, secure: false })), origins: [] };
    return this.openAsStranger(`${at}${path}`, { ...options, context: { ...options.context, storageState } });
  }

  /** The same as `open`, of somebody who is made for it and belongs to no team. */
  async openOf(name: string, path: string, options: PageOptions = {}): Promise<Page> {
    await this.addPerson(name);
    return this.open(path, { ...options, as: name });
  }

  /** Makes a person with the password of specs, in a role of a team when one is named. */
  async addPerson(name: string, membership?: { team: string; role: string }): Promise<Json> {
    await this.controlPlane.addPerson(name, PASSWORD);
    const me = await (await this.controlPlane.apiOf(name, 'read')).get('/api/me');
    if (membership) {
      await this.api.call('PUT', `/api/teams/${membership.team}/members/${me.id}`, { role: membership.role });
    }
    return me;
  }

  /** Pictures of what is open, when a spec fails and `SLIPWAY_SCREENSHOTS` names a directory for them. */
  async picture(name: string): Promise<void> {
    const directory = process.env.SLIPWAY_SCREENSHOTS;
    if (!directory) return;
    const file = (number: number) => join(directory, `failed-${name.replaceAll(/\W+/g, '-').slice(0, 60)}-${number}.png`);
    const pictures = this.#pages.map(({ page }, number) => page.screenshot({ path: file(number) }).catch(() => undefined));
    await Promise.all(pictures);
  }

  /** No page has done what it must not do. */
  expectNoDefects(): void {
    const defects = this.#pages.flatMap((page) => page.defects.splice(0));
    expect(defects, defects.join('\n')).toEqual([]);
  }

  async end(): Promise<void> {
    worlds.delete(this);
    await Promise.all(this.#pages.map((page) => page.context.close().catch(() => undefined)));
    for (const end of this.#ends) await end();
  }
}
