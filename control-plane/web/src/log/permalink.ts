// Fragments that name lines: `#build-L120`, `#build-L120-L134`, or `#L120` without a step. The number is
// that of the line in the whole log, so that it stays right whatever is loaded.

import type { LineSelection } from './types';

// `L5-L9` is a range, not a line of a step "L5".
const FRAGMENT = /^#?(?:(?!l\d+-l\d+$)([a-z][a-z0-9_-]{0,63}?)-)?L([1-9]\d{0,14})(?:-L([1-9]\d{0,14}))?$/i;

export function parsePermalink(fragment: string): LineSelection | null {
  const match = FRAGMENT.exec(fragment);
  if (!match) return null;
  const one = Number(match[2]);
  const other = Number(match[3] ?? match[2]);
  if (!Number.isSafeInteger(one) || !Number.isSafeInteger(other)) return null;
  return { step: match[1] ?? null, first: Math.min(one, other), last: Math.max(one, other) };
}

export function permalink({ step, first, last }: LineSelection): string {
  const range = first === last ? `L${first}` : `L${first}-L${last}`;
  return step === null ? `#${range}` : `#${step}-${range}`;
}
