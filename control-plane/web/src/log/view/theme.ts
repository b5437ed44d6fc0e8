// The colours of `log.css`, read back for those that have to be computed.

import { parseHex, type Palette, type Rgb } from '../text/colour';

const GROUNDS = ['--log-bg', '--log-error-bg', '--log-warning-bg', '--log-selected-bg'];

export function readPalette(root: Element): Palette {
  const style = getComputedStyle(root);
  const read = (name: string, otherwise: Rgb): Rgb => parseHex(style.getPropertyValue(name)) ?? otherwise;
  const text = read('--log-text', [31, 35, 40]);
  return {
    text,
    grounds: GROUNDS.map((name) => read(name, [255, 255, 255])),
    sixteen: Array.from({ length: 16 }, (_, index) => read(`--ansi-${index}`, text)),
  };
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
