import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

const css = readFileSync(new URL('tokens.css', import.meta.url), 'utf8');
const THEMES = ['light', 'dark'] as const;
type Theme = (typeof THEMES)[number];

/** Red, green and blue, 0 to 255, of a token in a theme. */
function colour(token: string, theme: Theme): [number, number, number] {
  const found = new RegExp(`--${token}: light-dark\\((#[0-9a-f]{6}), (#[0-9a-f]{6})\\)`).exec(css);
  const hex = found?.[theme === 'light' ? 1 : 2];
  if (!hex) throw new Error(`there is no token --${token}`);
  return [1, 3, 5].map((at) => Number.parseInt(hex.slice(at, at + 2), 16)) as [number, number, number];
}

/** WCAG 2.2, "relative luminance". */
function luminance(rgb: readonly number[]): number {
  const [red = 0, green = 0, blue = 0] = rgb.map((value) => {
    const part = value / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

function contrast(one: string, other: string, theme: Theme): number {
  const [dark = 0, light = 0] = [one, other].map((token) => luminance(colour(token, theme))).sort((a, b) => a - b);
  return (light + 0.05) / (dark + 0.05);
}

function pairs(fronts: readonly string[], grounds: readonly string[]): [string, string, Theme][] {
  return fronts.flatMap((front) => grounds.flatMap((ground) => THEMES.map((theme): [string, string, Theme] => [front, ground, theme])));
}

const GROUNDS = ['bg', 'surface', 'raised'];
const ANSI = Array.from({ length: 16 }, (_, index) => `ansi-${index}`);
const LOG_GROUNDS = ['log-bg', 'log-error-bg', 'log-warning-bg', 'log-selected-bg'];

describe('contrast', () => {
  it.each([
    ...pairs(['text', 'text-muted', 'accent', 'ok', 'warn', 'danger', 'neutral'], GROUNDS),
    ...pairs(['text', 'text-muted'], ['hover']),
    ...pairs(['text', 'text-muted', 'accent'], ['accent-ground', 'ok-ground', 'warn-ground', 'danger-ground']),
    ...pairs(['warn'], ['warn-ground']),
    ...pairs(['on-accent'], ['accent', 'accent-hover']),
    ...pairs(['on-danger'], ['danger', 'danger-hover']),
    ...pairs(['log-hit-text'], ['log-hit-bg']),
    ...pairs(['text', ...ANSI], LOG_GROUNDS),
  ])('%s on %s, %s, can be read', (front, ground, theme) => {
    expect(contrast(front, ground, theme)).toBeGreaterThanOrEqual(4.5);
  });

  it.each(pairs(['border-strong', 'accent'], GROUNDS))('%s on %s, %s, can be seen', (front, ground, theme) => {
    expect(contrast(front, ground, theme)).toBeGreaterThanOrEqual(3);
  });
});
