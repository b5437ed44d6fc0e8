// The look that SGR sequences (ECMA-48, 8.3.117) ask for, as small interned records.

/** A colour as asked for: default, one of the sixteen, of the 256, or given by red, green and blue. */
export type Colour = number;
export const DEFAULT_COLOUR: Colour = -1;
const TRUE_COLOUR = 0x1000000;

export interface Style {
  readonly id: number;
  readonly foreground: Colour;
  readonly background: Colour;
  /** Bits of `BOLD` … `STRIKE`. */
  readonly bits: number;
}

export const BOLD = 1;
export const FAINT = 2;
export const ITALIC = 4;
export const UNDERLINE = 8;
export const INVERSE = 16;
export const STRIKE = 32;

/** A build may ask for sixteen million colours. So many looks are kept exactly; those behind get the nearest of
    256 colours, and at last none behind the text. Numbers of looks fit sixteen bits. */
const MOST_EXACT = 4096;
const MOST_WITH_GROUND = 32_768;

const byKey = new Map<string, Style>();
const byId: Style[] = [];

function intern(foreground: Colour, background: Colour, bits: number): Style {
  const key = `${foreground},${background},${bits}`;
  const known = byKey.get(key);
  if (known) return known;
  if (byId.length >= MOST_EXACT && (isTrueColour(foreground) || isTrueColour(background))) {
    return intern(nearest(foreground), nearest(background), bits);
  }
  if (byId.length >= MOST_WITH_GROUND && background !== DEFAULT_COLOUR) return intern(foreground, DEFAULT_COLOUR, bits);
  const style: Style = { id: byId.length, foreground, background, bits };
  byKey.set(key, style);
  byId.push(style);
  return style;
}

/** In the colour cube of the 256. */
function nearest(colour: Colour): Colour {
  if (!isTrueColour(colour)) return colour;
  const [r, g, b] = channels(colour).map((value) => Math.max(0, Math.round((value - 55) / 40)));
  return 16 + 36 * r! + 6 * g! + b!;
}

export const PLAIN: Style = intern(DEFAULT_COLOUR, DEFAULT_COLOUR, 0);

export function styleOf(id: number): Style {
  return byId[id] ?? PLAIN;
}

export function isTrueColour(colour: Colour): boolean {
  return colour >= TRUE_COLOUR;
}

/** Red, green and blue of a true colour. */
export function channels(colour: Colour): [number, number, number] {
  return [(colour >> 16) & 255, (colour >> 8) & 255, colour & 255];
}

/** Logs say the same few things over and over. */
const known = new Map<string, Style>();
const MOST_KNOWN = 8192;

/** The look after `ESC [ parameters m`. Unknown parameters change nothing. */
export function applySgr(style: Style, parameters: string): Style {
  const key = `${style.id};${parameters}`;
  let after = known.get(key);
  if (!after) {
    after = interpret(style, parameters);
    if (known.size >= MOST_KNOWN) known.clear();
    known.set(key, after);
  }
  return after;
}

function interpret(style: Style, parameters: string): Style {
  let { foreground, background, bits } = style;
  const fields = parameters === '' ? ['0'] : parameters.split(';', 64);
  for (let at = 0; at < fields.length; at++) {
    const field = fields[at]!;
    const parts = field.split(':');
    const code = Number(parts[0] || 0);
    if (code === 38 || code === 48) {
      const [colour, used] = parts.length > 1 ? [extendedFromParts(parts), 0] : extended(fields, at + 1);
      at += used;
      if (colour === null) continue;
      if (code === 38) foreground = colour;
      else background = colour;
    } else if (code === 0) {
      foreground = background = DEFAULT_COLOUR;
      bits = 0;
    } else if (code === 1) bits |= BOLD;
    else if (code === 2) bits |= FAINT;
    else if (code === 3) bits |= ITALIC;
    else if (code === 4) bits = parts[1] === '0' ? bits & ~UNDERLINE : bits | UNDERLINE;
    else if (code === 7) bits |= INVERSE;
    else if (code === 9) bits |= STRIKE;
    else if (code === 22) bits &= ~(BOLD | FAINT);
    else if (code === 23) bits &= ~ITALIC;
    else if (code === 24) bits &= ~UNDERLINE;
    else if (code === 27) bits &= ~INVERSE;
    else if (code === 29) bits &= ~STRIKE;
    else if (code >= 30 && code <= 37) foreground = code - 30;
    else if (code === 39) foreground = DEFAULT_COLOUR;
    else if (code >= 40 && code <= 47) background = code - 40;
    else if (code === 49) background = DEFAULT_COLOUR;
    else if (code >= 90 && code <= 97) foreground = code - 90 + 8;
    else if (code >= 100 && code <= 107) background = code - 100 + 8;
  }
  return intern(foreground, background, bits);
}

/** `5;n` or `2;r;g;b` from `at` on: the colour and how many fields it took. */
function extended(fields: string[], at: number): [Colour | null, number] {
  if (fields[at] === '5') return [indexed(fields[at + 1]), 2];
  if (fields[at] === '2') return [trueColour(fields[at + 1], fields[at + 2], fields[at + 3]), 4];
  return [null, 0];
}

/** `38:5:n`, `38:2:r:g:b` and `38:2:space:r:g:b` (ISO 8613-6). */
function extendedFromParts(parts: string[]): Colour | null {
  if (parts[1] === '5') return indexed(parts[2]);
  if (parts[1] !== '2') return null;
  const from = parts.length > 5 ? 3 : 2;
  return trueColour(parts[from], parts[from + 1], parts[from + 2]);
}

function byte(text: string | undefined): number | null {
  const value = Number(text || 0);
  return Number.isInteger(value) && value >= 0 && value <= 255 ? value : null;
}

function indexed(text: string | undefined): Colour | null {
  return byte(text);
}

function trueColour(r: string | undefined, g: string | undefined, b: string | undefined): Colour | null {
  const [red, green, blue] = [byte(r), byte(g), byte(b)];
  if (red === null || green === null || blue === null) return null;
  return TRUE_COLOUR + (red << 16) + (green << 8) + blue;
}
