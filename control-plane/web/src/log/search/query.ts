// From what was typed to something that finds it in a line.

export interface Query {
  text: string;
  isRegex: boolean;
  isCaseSensitive: boolean;
}

/** Both in characters of the text. */
export interface Found {
  start: number;
  end: number;
}

export interface Matcher {
  /** Whether a whole chunk can be searched at once: a match never depends on where lines begin or end. */
  readonly isLiteral: boolean;
  /** Prepares a text; `find` then searches what came out. */
  prepare(text: string): string;
  /** The first match at or behind `from`; null when there is none. */
  find(prepared: string, from: number): Found | null;
}

/** Null when the expression is not valid. */
export function compile(query: Query): Matcher | null {
  return query.isRegex ? regexMatcher(query.text, query.isCaseSensitive ? 'gu' : 'giu') : literalMatcher(query);
}

function literalMatcher({ text, isCaseSensitive }: Query): Matcher {
  if (!isCaseSensitive && !canLower(text)) {
    return { ...regexMatcher(text.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&').replace(/\\([/-])/g, '$1'), 'giu')!, isLiteral: true };
  }
  const wanted = isCaseSensitive ? text : text.toLowerCase();
  return {
    isLiteral: true,
    prepare: (searched) => (isCaseSensitive ? searched : lower(searched)),
    find(prepared, from) {
      const start = prepared.indexOf(wanted, from);
      return start < 0 ? null : { start, end: start + wanted.length };
    },
  };
}

/** In lower case, with every character where it was: a few letters of some languages grow ("İ"). */
function lower(text: string): string {
  const lowered = text.toLowerCase();
  if (lowered.length === text.length) return lowered;
  return text.replace(/./gsu, (c) => (c.toLowerCase().length === c.length ? c.toLowerCase() : c));
}

function canLower(text: string): boolean {
  return text.toLowerCase().length === text.length;
}

function regexMatcher(source: string, flags: string): Matcher | null {
  let expression: RegExp;
  try {
    expression = new RegExp(source, flags);
  } catch {
    return null;
  }
  return {
    isLiteral: false,
    prepare: (text) => text,
    find(prepared, from) {
      expression.lastIndex = from;
      for (let match = expression.exec(prepared); match; match = expression.exec(prepared)) {
        // What matches nothing cannot be shown.
        if (match[0] !== '') return { start: match.index, end: match.index + match[0].length };
        expression.lastIndex = match.index + 1;
        if (expression.lastIndex > prepared.length) break;
      }
      return null;
    },
  };
}
