// Puts messages where their keys are, when the UI is built: each page brings its own texts, and the catalogue that
// everybody loads holds only those whose keys are made while the UI runs (`t(`status.${word}`)`).
import { readdirSync, readFileSync } from 'node:fs';

const root = new URL('../src/', import.meta.url);
const CATALOGUE = /\/src\/i18n\/en\.json$/;
const KEY = String.raw`[a-z_]+(?:\.[a-z0-9_]+)+`;

/** Beginnings of keys that are made of what is not known before. */
function madeKeys() {
  const names = readdirSync(root, { recursive: true }).filter((name) => /\.(?:svelte|ts)$/.test(name));
  return names.flatMap((name) =>
    [...readFileSync(new URL(name, root), 'utf8').matchAll(/`([a-z_]+(?:\.[a-z0-9_]+)*[._])\$\{/g)].map(([, prefix]) => prefix),
  );
}

export function inlineMessages() {
  let catalogue = {};
  let made = [];
  return {
    name: 'inline-messages',
    apply: 'build',
    enforce: 'post',
    buildStart() {
      catalogue = JSON.parse(readFileSync(new URL('i18n/en.json', root), 'utf8'));
      made = madeKeys();
    },
    transform(code, id) {
      if (CATALOGUE.test(id)) {
        const kept = Object.entries(catalogue).filter(([key]) => made.some((prefix) => key.startsWith(prefix)));
        return { code: `export default ${JSON.stringify(Object.fromEntries(kept))}`, map: null };
      }
      if (!id.includes('/src/') || id.includes('node_modules')) return null;
      const inlined = code.replace(new RegExp(String.raw`(["'])(${KEY})\1`, 'g'), (literal, _, key) =>
        Object.hasOwn(catalogue, key) ? JSON.stringify(catalogue[key]) : literal,
      );
      return inlined === code ? null : { code: inlined, map: null };
    },
  };
}
