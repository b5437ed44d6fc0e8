/**
 * What specs start: a control plane and agents as they ship, projects, vendors, a network between, a browser that
 * notices what pages must not do. Everything ends with the spec that started it.
 *
 * ```ts
 * const world = await World.start();               // a control plane, and somebody who is signed in
 * const sandbox = await world.sandbox('shop', 'custom-build');
 * const page = await world.open(`/sandboxes/${sandbox.id}`);
 * ```
 */
export { Agent } from './agent';
export { expectAccessible } from './accessible';
export { Api, type Json } from './api';
export { ask } from './ask';
export { type BrowserPage, closeBrowser, isBrowserThere, openPage, type PageOptions, type Theme } from './browser';
export { ControlPlane, type ControlPlaneOptions } from './control-plane';
export { writeHistory } from './history';
export { logPane, readWholeLog, rowsOf, seeLine } from './log';
export { fixture, Project } from './project';
export { Proxy } from './proxy';
export { screenshot, WIDTHS } from './screenshots';
export { Vendors } from './vendors';
export { eventually } from './wait';
export { describeInBrowser, PASSWORD, World } from './world';
