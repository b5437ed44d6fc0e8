// The colours of the style sheet as they are now, for those that have to be computed.

import type { Palette, Rgb } from '../text/colour';

const GROUNDS = ['--log-bg', '--log-error-bg', '--log-warning-bg', '--log-selected-bg'];

/** A token may depend on the theme (`light-dark()`): only an element that has the colour says which it is. */
export function readColours(root: HTMLElement, names: readonly string[]): Rgb[] {
  const probe = document.createElement('span');
  root.append(probe);
  const colours = names.map((name): Rgb => {
    probe.style.color = `var(${name})`;
    const [r = 0, g = 0, b = 0] = (getComputedStyle(probe).color.match(/[\d.]+/g) ?? []).map(Number);
    return [r, g, b];
  });
  probe.remove();
  return colours;
}

export function readPalette(root: HTMLElement): Palette {
  const [text, ...rest] = readColours(root, ['--text', ...GROUNDS, ...Array.from({ length: 16 }, (_, index) => `--ansi-${index}`)]);
  return { text: text!, grounds: rest.slice(0, GROUNDS.length), sixteen: rest.slice(GROUNDS.length) };
}

/** Calls when the system's theme or that of the page may have changed; gives what ends the watching. */
export function watchTheme(onChange: () => void): () => void {
  const dark = matchMedia('(prefers-color-scheme: dark)');
  const observer = new MutationObserver(onChange);
  observer.observe(document.documentElement, { attributes: true, attributeFilter: ['data-theme', 'class'] });
  dark.addEventListener('change', onChange);
  return () => {
    observer.disconnect();
    dark.removeEventListener('change', onChange);
  };
}
