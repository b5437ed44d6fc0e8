// Cuts a line into pieces of one look each. Of control sequences only colours (SGR) and hyperlinks
// (OSC 8, http and https) have an effect; all others are dropped, and so are characters that reorder
// text ("Trojan Source", CVE-2021-42574): they attack whoever reads the log.

import { applySgr, PLAIN, type Style } from './style';

export interface Segment {
  text: string;
  style: Style;
  /** Of an OSC 8 link; always http or https. */
  href?: string;
}

// Controls except tab, C1 controls, and bidirectional overrides and isolates.
const SPECIAL = /[\u0000-\u0008\u000a-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/;
const SPECIALS = new RegExp(SPECIAL.source, 'g');

/** Looks in one line; behind it the rest has the look of the last. */
const MOST_SEGMENTS = 2000;
const LONGEST_HREF = 2048;

/** Whether a line shows as it is. */
export function isPlain(text: string): boolean {
  return !SPECIAL.test(text);
}

/** The text of a line as it shows, without looks. */
export function plainText(text: string): string {
  if (isPlain(text)) return text;
  return tokenize(text, PLAIN).segments.map((segment) => segment.text).join('');
}

export interface Tokens {
  segments: Segment[];
  /** With which the next line begins. */
  end: Style;
}

/** Cuts a line that begins with the look `start`. */
export function tokenize(text: string, start: Style): Tokens {
  if (isPlain(text)) return { segments: text === '' ? [] : [{ text, style: start }], end: start };
  let style = start;
  let href: string | undefined;
  let segments: Segment[] = [];
  const add = (piece: string) => {
    if (piece === '') return;
    const last = segments[segments.length - 1];
    if (last && ((last.style === style && last.href === href) || segments.length >= MOST_SEGMENTS)) last.text += piece;
    else segments.push(href === undefined ? { text: piece, style } : { text: piece, style, href });
  };
  let at = 0;
  // A carriage return begins the line anew, but only when something follows: `\r\n` ends lines.
  let isRewound = false;
  while (at < text.length) {
    SPECIALS.lastIndex = at;
    const next = SPECIALS.exec(text)?.index ?? text.length;
    if (next > at) {
      if (isRewound) segments = [];
      isRewound = false;
      add(text.slice(at, next));
    }
    if (next >= text.length) break;
    at = next + 1;
    const special = text[next];
    if (special === '\r') isRewound = true;
    else if (special === '\b') eraseLast(segments);
    else if (special === '\u001b') {
      const end = sequenceEnd(text, at);
      const sequence = text.slice(at, end);
      at = end;
      if (isSgr(sequence)) style = applySgr(style, sequence.slice(1, -1));
      else if (sequence.startsWith(']8;')) href = hyperlink(sequence);
    }
  }
  return { segments, end: style };
}

/** The look with which the line after this one begins. */
export function styleAfter(text: string, start: Style): Style {
  let style = start;
  for (let at = text.indexOf('\u001b'); at >= 0; at = text.indexOf('\u001b', at)) {
    const end = sequenceEnd(text, at + 1);
    const sequence = text.slice(at + 1, end);
    if (isSgr(sequence)) style = applySgr(style, sequence.slice(1, -1));
    at = end;
  }
  return style;
}

function eraseLast(segments: Segment[]): void {
  const last = segments[segments.length - 1];
  if (!last) return;
  const characters = last.text.codePointAt(last.text.length - 2) ?? 0;
  last.text = last.text.slice(0, characters > 0xffff ? -2 : -1);
  if (last.text === '') segments.pop();
}

/** Where the sequence ends whose first character behind ESC is at `at`. An unfinished one takes the rest. */
function sequenceEnd(text: string, at: number): number {
  const first = text[at];
  if (first === undefined) return at;
  if (first === '[') {
    for (let end = at + 1; end < text.length; end++) {
      const code = text.charCodeAt(end);
      if (code >= 0x40 && code <= 0x7e) return end + 1;
    }
    return text.length;
  }
  // OSC, DCS, SOS, PM, APC: up to BEL or the string terminator.
  if (first === ']' || first === 'P' || first === 'X' || first === '^' || first === '_') {
    const bell = text.indexOf('\u0007', at);
    const terminator = text.indexOf('\u001b\\', at);
    if (bell < 0 && terminator < 0) return text.length;
    if (terminator < 0 || (bell >= 0 && bell < terminator)) return bell + 1;
    return terminator + 2;
  }
  // Intermediates, as in `ESC ( B`, and then one final character.
  let end = at;
  while (end < text.length && text.charCodeAt(end) >= 0x20 && text.charCodeAt(end) <= 0x2f) end++;
  return Math.min(end + 1, text.length);
}

function isSgr(sequence: string): boolean {
  return /^\[[0-9;:]*m$/.test(sequence);
}

/** `]8;parameters;address` with its end; an empty or strange address ends the link. */
function hyperlink(sequence: string): string | undefined {
  const address = sequence.slice(sequence.indexOf(';', 3) + 1).replace(/(?:\u0007|\u001b\\)$/, '');
  return webAddress(address);
}

/** The address when it is http or https and of sensible length. */
export function webAddress(address: string): string | undefined {
  if (address.length > LONGEST_HREF || !/^https?:\/\//i.test(address) || SPECIAL.test(address)) return undefined;
  try {
    const url = new URL(address);
    return url.protocol === 'http:' || url.protocol === 'https:' ? url.href : undefined;
  } catch {
    return undefined;
  }
}
