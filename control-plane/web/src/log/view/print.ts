// Prints the loaded lines as plain text: what is in the document otherwise is one screen of them.

import type { LogMessages } from '../messages';
import type { LogStore } from '../store/store';
import { plainText } from '../text/ansi';
import { element } from './dom';

const MOST_PRINTED = 5000;

/** Gives what ends it. */
export function printable(root: HTMLElement, store: LogStore, messages: LogMessages): () => void {
  let sheet: HTMLElement | null = null;
  const before = () => {
    const lines: string[] = [];
    for (let seq = 1; seq <= store.last && lines.length < MOST_PRINTED; seq++) {
      if (store.isLoaded(seq)) lines.push(plainText(store.textOf(seq)));
    }
    sheet = element('div', 'slog-print');
    sheet.append(element('pre', '', lines.join('\n')));
    if (lines.length < store.last) sheet.append(element('p', '', messages.printNote(lines.length, store.last)));
    root.append(sheet);
  };
  const after = () => {
    sheet?.remove();
    sheet = null;
  };
  addEventListener('beforeprint', before);
  addEventListener('afterprint', after);
  return () => {
    after();
    removeEventListener('beforeprint', before);
    removeEventListener('afterprint', after);
  };
}
