// Which lines are errors and warnings, and where groups begin and end. Being on stderr makes nothing
// an error: many tools report progress there.

import type { Level } from '../types';
import { plainText } from './ansi';

/** Cheap, and true for every line that the exact expressions match. */
const SUSPECT = /err|fatal|fail|panic|exception|uncaught|traceback|warn|[✖✘⚠]/i;

// What may stand before the word: time, `[name]`, `12 |`, and the place in a source file.
const BEFORE = String.raw`^\s*(?:\[[^\]]{0,60}\]\s*|\d[\d:.TZ+-]{5,40}\s+|\S{1,200}:\d+(?::\d+)?:?\s+(?:-\s+)?)*`;
const ERROR = new RegExp(
  [
    String.raw`^::error\b|^##\[error\]`,
    `${BEFORE}(?:(?:npm|pnpm|yarn|bun)\\s+)?(?:ERR!|ERROR\\b(?!-)|error\\b(?=[:\\s[(])(?!\\s+handl)|Error:|fatal\\b|panic:|FAIL(?:ED|URE)?\\b|[✖✘]|Traceback \\(most|Uncaught\\b|[A-Za-z_.$]{0,80}(?:Error|Exception)(?::|\\b \\[))`,
    String.raw`:\s*(?:fatal )?error(?: [A-Z]+\d+)?:`,
    String.raw`\berror(?:\[E\d{4}\]| TS\d+:)`,
    String.raw`\bthread '[^']{0,100}' (?:\(\d+\) )?panicked at\b`,
  ].join('|'),
);
const WARNING = new RegExp(
  [
    String.raw`^::warning\b|^##\[warning\]`,
    `${BEFORE}(?:(?:npm|pnpm|yarn|bun)\\s+)?(?:WARN(?:ING)?\\b|[Ww]arn(?:ing)?\\b(?=[:\\s[(])|⚠|\\w{0,60}Warning:)`,
    String.raw`:\s*warning(?: [A-Z]+\d+)?:`,
  ].join('|'),
);
const LONGEST_LOOK = 2000;

export function levelOf(text: string): Level {
  const seen = text.length > LONGEST_LOOK ? text.slice(0, LONGEST_LOOK) : text;
  if (!SUSPECT.test(seen)) return 'none';
  const plain = plainText(seen);
  if (ERROR.test(plain)) return 'error';
  return WARNING.test(plain) ? 'warning' : 'none';
}

export type GroupMark = { opens: true; name: string } | { opens: false };

/** The mark of GitHub's (`::group::`) or Azure's (`##[group]`) kind that a line is, if it is one. */
export function groupMark(text: string): GroupMark | null {
  const first = text.charCodeAt(0);
  if (first !== 0x3a && first !== 0x23) return null;
  const open = /^(?:::group::|##\[group\])(.*)$/.exec(text);
  if (open) return { opens: true, name: plainText(open[1]!.slice(0, 300)).trim() };
  return /^(?:::endgroup::|##\[endgroup\])/.test(text) ? { opens: false } : null;
}
