/** Chromium, and pages that say what they must not do. */
import { existsSync } from 'node:fs';
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core';
import { useLocalUi } from './local-ui';

const CHROMIUM = process.env.SLIPWAY_CHROMIUM ?? '/usr/bin/chromium';
const VIOLATION = 'policy violation';

export type Theme = 'light' | 'dark';

export interface PageOptions {
  theme?: Theme;
  width?: number;
  height?: number;
  /** More for the context: touch, forced colours, reduced motion, … */
  context?: Parameters<Browser['newContext']>[0];
  /** Origins besides that of the page to which it may send requests. */
  mayAsk?: readonly string[];
  /** Messages of the console that are no defect here. */
  mayComplain?: RegExp;
}

export interface BrowserPage {
  page: Page;
  context: BrowserContext;
  /** What was wrong so far: violations of the policy, errors of scripts, requests to elsewhere. */
  defects: string[];
}

let browser: Promise<Browser> | undefined;

/** Whether specs can run. Where they must, a browser that is not there is a defect. */
export function isBrowserThere(): boolean {
  if (existsSync(CHROMIUM)) return true;
  const reason = `${CHROMIUM} is not there; \`make setup\` installs it, or set SLIPWAY_CHROMIUM`;
  if (process.env.SLIPWAY_REQUIRE_BROWSER === '1' || process.env.CI !== undefined) throw new Error(reason);
  process.stderr.write(`SKIPPED: ${reason}\n`);
  return false;
}

function launch(): Promise<Browser> {
  browser ??= chromium.launch({
    executablePath: CHROMIUM,
    // In containers there is no other user for its sandbox, and little shared memory.
    args: ['--no-sandbox', '--disable-dev-shm-usage', '--force-color-profile=srgb', '--font-render-hinting=none'],
  });
  return browser;
}

export async function closeBrowser(): Promise<void> {
  await (await browser)?.close();
  browser = undefined;
}

/** A page of its own, with cookies of its own. */
export async function openPage(url: string, options: PageOptions = {}): Promise<BrowserPage> {
  const context = await (await launch()).newContext({
    viewport: { width: options.width ?? 1280, height: options.height ?? 900 },
    colorScheme: options.theme ?? 'light',
    locale: 'en-GB',
    timezoneId: 'UTC',
    ...options.context,
  });
  context.setDefaultTimeout(15_000);
  const defects: string[] = [];
  await context.addInitScript((mark) => {
    addEventListener('securitypolicyviolation', (event) => {
      console.error(`${mark}: ${event.violatedDirective} ${event.blockedURI} ${event.sourceFile}:${event.lineNumber} ${event.sample}`);
    });
  }, VIOLATION);
  await useLocalUi(context, new URL(url).origin);
  const page = await context.newPage();
  watch(page, new URL(url).origin, options, defects);
  await page.goto(url);
  return { page, context, defects };
}

function watch(page: Page, origin: string, options: PageOptions, defects: string[]): void {
  page.on('pageerror', (error) => defects.push(`an error of a script: ${error.stack ?? error.message}`));
  page.on('console', (message) => {
    // Answers that are errors are the business of the page, and a server that is away too.
    const isNetwork = /Failed to load resource|net::ERR_/.test(message.text());
    if (message.type() !== 'error' || isNetwork || options.mayComplain?.test(message.text())) return;
    defects.push(`an error in the console: ${message.text()}`);
  });
  page.on('request', (request) => {
    const url = new URL(request.url());
    const isOurs = url.origin === origin || ['data:', 'blob:', 'about:'].includes(url.protocol);
    if (!isOurs && !options.mayAsk?.includes(url.origin)) defects.push(`a request to elsewhere: ${request.url()}`);
  });
}
