// What no review should have to look for: ways by which text could become markup or code, styles and scripts
// that the Content-Security-Policy refuses, addresses written by hand, messages that are missing or unused, and
// words that are in a template and not in the catalogue.
import { readFile, readdir } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { parse } from 'svelte/compiler';

const root = new URL('../src/', import.meta.url);

const FORBIDDEN = [
  [/\{@html\b/, 'text never becomes markup'],
  [/\b(?:inner|outer)HTML\b|insertAdjacentHTML|document\.write\b|createContextualFragment|parseFromString/, 'text never becomes markup'],
  [/\beval\(|new Function\(|setTimeout\(\s*['"`]/, 'text never becomes code'],
  [/\sstyle\s*=\s*["'{]/, 'the policy refuses style attributes: use a class, or `style:name={…}`'],
  [/(?:href|src)\s*=\s*["']javascript:/i, 'text never becomes code'],
  [/\bconsole\.(?:log|debug)\b/, 'left over from a search for a defect'],
];
/** Paths of the API belong to its client, which checks them. */
const HAND_WRITTEN = /fetch\(|new EventSource\(|new XMLHttpRequest/;
const MAY_FETCH = /^(?:api|log)\//;
/** Attributes that people read or hear. */
const SPOKEN = /^(?:aria-(?:label|description|roledescription|valuetext)|alt|description|empty|heading|hint|label|lead|legend|placeholder|summary|text|title)$/;
/** Elements whose text is typed as it stands in every language. */
const TYPED = new Set(['code', 'kbd', 'samp']);
const WORD = /\p{L}{3,}/u;

/** Texts with words that are written into a template, and where each begins. */
function wordsOf(template) {
  const found = [];
  const visit = (node) => {
    if (Array.isArray(node)) return node.forEach(visit);
    if (node === null || typeof node !== 'object' || TYPED.has(node.name)) return undefined;
    if (node.type === 'Text' && WORD.test(node.data)) found.push(node);
    if (node.type === 'Attribute' && !SPOKEN.test(node.name)) return undefined;
    return Object.values(node).forEach(visit);
  };
  visit(parse(template, { modern: true }).fragment);
  return found;
}

const names = (await readdir(root, { recursive: true })).filter((name) => /\.(?:svelte|ts)$/.test(name));
const problems = [];
const used = new Set();
const usedPrefixes = [];

for (const name of names.filter((name) => !name.endsWith('.d.ts'))) {
  const text = await readFile(new URL(name, root), 'utf8');
  const isTest = name.endsWith('.test.ts');
  text.split('\n').forEach((line, index) => {
    if (isTest) return;
    for (const [pattern, why] of FORBIDDEN) if (pattern.test(line)) problems.push(`src/${name}:${index + 1}: ${why}`);
    if (HAND_WRITTEN.test(line) && !MAY_FETCH.test(name)) problems.push(`src/${name}:${index + 1}: ask by \`api\``);
  });
  if (name.endsWith('.svelte')) {
    for (const { data, start } of wordsOf(text)) {
      const line = text.slice(0, start).split('\n').length;
      problems.push(`src/${name}:${line}: "${data.trim()}" belongs into en.json`);
    }
  }
  for (const [, key] of text.matchAll(/['"`]([a-z_]+(?:\.[a-z0-9_]+)+)['"`]/g)) used.add(key);
  for (const [, prefix] of text.matchAll(/`([a-z_]+(?:\.[a-z0-9_]+)*[._])\$\{/g)) usedPrefixes.push(prefix);
}

const catalogue = JSON.parse(await readFile(new URL('i18n/en.json', root), 'utf8'));
const keys = Object.keys(catalogue);
for (const key of keys) {
  if (!used.has(key) && !usedPrefixes.some((prefix) => key.startsWith(prefix))) problems.push(`en.json: nobody uses ${key}`);
}
const sorted = keys.toSorted();
const unsorted = keys.find((key, index) => key !== sorted[index]);
if (unsorted) problems.push(`en.json: ${unsorted} is not in its place (keys are sorted)`);

for (const problem of problems) process.stderr.write(`${problem}\n`);
if (problems.length > 0) process.exit(1);
process.stdout.write(`${names.length} files of ${fileURLToPath(root)} are fine\n`);
