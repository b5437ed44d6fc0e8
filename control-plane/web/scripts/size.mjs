// How much JavaScript and CSS people load: fails when it is more than they should.
import { readFile, readdir } from 'node:fs/promises';
import { gzipSync } from 'node:zlib';

const BUDGET = { first: 60_000, all: 152_000, css: 15_000 };
const dist = new URL('../dist/', import.meta.url);

const sizeOf = async (name) => gzipSync(await readFile(new URL(name, dist)), { level: 9 }).length;
const files = (await readdir(dist, { recursive: true })).filter((name) => /\.(?:js|css)$/.test(name));
const sizes = new Map(await Promise.all(files.map(async (name) => [name, await sizeOf(name)])));
const sum = (names) => names.reduce((total, name) => total + sizes.get(name), 0);

/** What the start page needs: the entry and the overview, with everything they import. */
async function withImports(name, found = new Set()) {
  if (found.has(name) || !sizes.has(name)) return found;
  found.add(name);
  const text = await readFile(new URL(name, dist), 'utf8');
  for (const [, imported] of text.matchAll(/(?:from|import)\s*["']\.\/([^"']+\.js)["']/g)) await withImports(`assets/${imported}`, found);
  return found;
}

const html = await readFile(new URL('index.html', dist), 'utf8');
const first = new Set();
for (const [, entry] of html.matchAll(/(?:src|href)="\.\/([^"]+\.js)"/g)) await withImports(entry, first);
for (const name of files) if (/OverviewPage.*\.js$/.test(name)) await withImports(name, first);

const script = files.filter((name) => name.endsWith('.js'));
const found = { first: sum([...first]), all: sum(script), css: sum(files.filter((name) => name.endsWith('.css'))) };
let isTooLarge = false;
for (const [what, bytes] of Object.entries(found)) {
  isTooLarge ||= bytes > BUDGET[what];
  process.stdout.write(`${what.padEnd(6)} ${(bytes / 1000).toFixed(1).padStart(6)} kB of ${BUDGET[what] / 1000} kB\n`);
}
if (process.argv.includes('--files')) {
  for (const [name, bytes] of [...sizes].toSorted((a, b) => b[1] - a[1])) process.stdout.write(`${String(bytes).padStart(7)} ${name}\n`);
}
if (isTooLarge) process.exit(1);
