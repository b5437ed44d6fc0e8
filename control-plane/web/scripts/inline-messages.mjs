// Puts messages where their keys are, when the UI is built: each page brings its own texts, and the catalogue that
// everybody loads holds only those whose keys are made while the UI runs (`t(`status.${word}`)`).
import { readdirSync, readFileSync } from 'node:fs';

const root = new URL('../src/', import.meta.url);
const CATALOGUE = /\/src\/i18n\/en\.json$/;
/** A key in a call that gives it nothing else, and a key anywhere. */
const CALL = /\bt\('([a-z_]+(?:\.[a-z0-9_]+)+)'\)/g;
const LITERAL = /'([a-z_]+(?:\.[a-z0-9_]+)+)'/g;

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
  const messageOf = (key) => (Object.hasOwn(catalogue, key) ? catalogue[key] : undefined);
  const isPlain = (message) => typeof message === 'string' && !/\{\w+\}/.test(message);
  return {
    name: 'inline-messages',
    apply: 'build',
    // Before Svelte, which makes part of its templates of what it sees to be constant.
    enforce: 'pre',
    buildStart() {
      catalogue = JSON.parse(readFileSync(new URL('i18n/en.json', root), 'utf8'));
      made = madeKeys();
    },
    transform(code, id) {
      if (CATALOGUE.test(id)) {
        const kept = Object.entries(catalogue).filter(([key]) => made.some((prefix) => key.startsWith(prefix)));
        return { code: JSON.stringify(Object.fromEntries(kept)), map: null };
      }
      if (!/\/src\/.*\.(?:svelte|ts)$/.test(id) || id.includes('node_modules')) return null;
      const inlined = code
        .replace(CALL, (call, key) => (isPlain(messageOf(key)) ? JSON.stringify(messageOf(key)) : call))
        .replace(LITERAL, (literal, key) => JSON.stringify(messageOf(key)) ?? literal);
      return inlined === code ? null : { code: inlined, map: null };
    },
  };
}
