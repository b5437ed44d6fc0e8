// Keys of the pane. Single letters only when the user wants them, never with Ctrl, Alt or Meta.

export type Command =
  | { do: 'line'; by: 1 | -1 }
  | { do: 'page'; by: 1 | -1 }
  | { do: 'extend'; by: 1 | -1 }
  | { do: 'step'; by: 1 | -1 }
  | { do: 'hit'; by: 1 | -1 }
  | { do: 'font'; by: 1 | -1 }
  | { do: 'side'; by: 1 | -1 }
  | { do: 'start' | 'end' | 'error' | 'wrap' | 'timestamps' | 'follow' | 'fullscreen' | 'search' | 'link' | 'activate' | 'escape' };

const NAMED: Record<string, Command> = {
  ArrowUp: { do: 'line', by: -1 },
  ArrowDown: { do: 'line', by: 1 },
  ArrowLeft: { do: 'side', by: -1 },
  ArrowRight: { do: 'side', by: 1 },
  PageUp: { do: 'page', by: -1 },
  PageDown: { do: 'page', by: 1 },
  Home: { do: 'start' },
  End: { do: 'end' },
  Enter: { do: 'activate' },
  Escape: { do: 'escape' },
};

const LETTERS: Record<string, Command> = {
  '/': { do: 'search' },
  '[': { do: 'step', by: -1 },
  ']': { do: 'step', by: 1 },
  n: { do: 'hit', by: 1 },
  N: { do: 'hit', by: -1 },
  e: { do: 'error' },
  w: { do: 'wrap' },
  t: { do: 'timestamps' },
  f: { do: 'follow' },
  z: { do: 'fullscreen' },
  y: { do: 'link' },
  '+': { do: 'font', by: 1 },
  '=': { do: 'font', by: 1 },
  '-': { do: 'font', by: -1 },
};

/** What a key means; null when it is not ours. */
export function commandOf(event: KeyboardEvent, hasLetters: boolean): Command | null {
  const { key } = event;
  if (event.altKey) return null;
  if (event.ctrlKey || event.metaKey) return key.toLowerCase() === 'f' && !event.shiftKey ? { do: 'search' } : null;
  if (event.shiftKey && key === 'ArrowUp') return { do: 'extend', by: -1 };
  if (event.shiftKey && key === 'ArrowDown') return { do: 'extend', by: 1 };
  if (key === ' ') return { do: 'page', by: event.shiftKey ? -1 : 1 };
  if (key in NAMED) return event.shiftKey ? null : NAMED[key]!;
  if (!hasLetters || key.length !== 1) return null;
  return LETTERS[key] ?? LETTERS[key.toLowerCase()] ?? null;
}
