// Colours as they are shown: the 256 of xterm, and true colours, made readable on the pane.

import { channels, DEFAULT_COLOUR, FAINT, INVERSE, isTrueColour, type Colour, type Style } from './style';

export type Rgb = readonly [number, number, number];

/** What the style sheet says, read once per theme. */
export interface Palette {
  text: Rgb;
  /** The pane and the tinted lines: text must be readable on each. */
  grounds: readonly Rgb[];
  /** Normal and then bright. */
  sixteen: readonly Rgb[];
}

export interface Paint {
  color?: string;
  background?: string;
}

/** WCAG 2.2, 1.4.3. */
const LEAST_CONTRAST = 4.5;

export function luminance([r, g, b]: Rgb): number {
  const linear = (value: number) => {
    const part = value / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  };
  return 0.2126 * linear(r) + 0.7152 * linear(g) + 0.0722 * linear(b);
}

export function contrast(one: Rgb, other: Rgb): number {
  const [a, b] = [luminance(one), luminance(other)];
  return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
}

/** The colour, moved towards black or white until it is readable on every ground. */
export function readable(colour: Rgb, grounds: readonly Rgb[]): Rgb {
  const isEnough = (candidate: Rgb) => grounds.every((ground) => contrast(candidate, ground) >= LEAST_CONTRAST);
  if (isEnough(colour)) return colour;
  const darkest = Math.min(...grounds.map(luminance));
  const lightest = Math.max(...grounds.map(luminance));
  // The direction with more room; of two grounds that differ much the worse one counts.
  const goal: Rgb = (lightest + 0.05) / 0.05 >= 1.05 / (darkest + 0.05) || 1.05 / (lightest + 0.05) < LEAST_CONTRAST ? [0, 0, 0] : [255, 255, 255];
  for (let step = 1; step < 20; step++) {
    const candidate = mix(colour, goal, step / 20);
    if (isEnough(candidate)) return candidate;
  }
  return goal;
}

function mix(from: Rgb, to: Rgb, part: number): Rgb {
  const channel = (at: 0 | 1 | 2) => Math.round(from[at] + (to[at] - from[at]) * part);
  return [channel(0), channel(1), channel(2)];
}

/** xterm's colour cube and greys. */
export function rgbOf(colour: Colour, palette: Palette): Rgb {
  if (isTrueColour(colour)) return channels(colour);
  if (colour < 16) return palette.sixteen[colour] ?? palette.text;
  if (colour >= 232) {
    const grey = 8 + (colour - 232) * 10;
    return [grey, grey, grey];
  }
  const level = (value: number) => (value === 0 ? 0 : 55 + value * 40);
  const at = colour - 16;
  return [level(Math.floor(at / 36)), level(Math.floor(at / 6) % 6), level(at % 6)];
}

export function css([r, g, b]: Rgb): string {
  return `rgb(${r}, ${g}, ${b})`;
}

/** Colours that no class stands for. The sixteen on the pane are classes; all else is computed. */
export function paint(style: Style, palette: Palette): Paint {
  const isInverse = (style.bits & INVERSE) !== 0;
  const { foreground, background } = style;
  if (!isInverse && background === DEFAULT_COLOUR) {
    if (foreground < 16) return {};
    return { color: css(readable(rgbOf(foreground, palette), palette.grounds)) };
  }
  const front = foreground === DEFAULT_COLOUR ? palette.text : rgbOf(foreground, palette);
  const back = background === DEFAULT_COLOUR ? palette.grounds[0]! : rgbOf(background, palette);
  const [text, ground] = isInverse ? [back, front] : [front, back];
  return { color: css(readable(text, [ground])), background: css(ground) };
}

const NAMES = ['bold', 'faint', 'italic', 'underline', '', 'strike'];

/** Classes of `log.css` for what needs no computing. */
export function classNames(style: Style): string {
  const names = NAMES.filter((name, bit) => name !== '' && (style.bits & (1 << bit)) !== 0).map((name) => `sgr-${name}`);
  const isPainted = style.background !== DEFAULT_COLOUR || (style.bits & INVERSE) !== 0;
  if (!isPainted && style.foreground >= 0 && style.foreground < 16) names.push(`sgr-${style.foreground}`);
  // Fainter than a colour that is just readable would not be readable.
  if ((style.bits & FAINT) !== 0 && (isPainted || style.foreground !== DEFAULT_COLOUR)) names.splice(names.indexOf('sgr-faint'), 1);
  return names.join(' ');
}
