// Lines for the clipboard and for files. What is not loaded is read from the source.

import { readLines } from './store/read';
import type { DownloadFormat, LogLine, LogSource } from './types';
import { plainText } from './text/ansi';

const EXTENSIONS: Record<DownloadFormat, string> = { plain: 'log', ansi: 'ansi', jsonl: 'jsonl' };

/** Pieces of a file that holds lines `first` to `last`. */
export async function filePieces(source: LogSource, first: number, last: number, format: DownloadFormat, signal: AbortSignal): Promise<string[]> {
  const pieces: string[] = [];
  for await (const lines of readLines(source, first, last, signal)) pieces.push(lines.map((line) => inFile(line, format)).join(''));
  return pieces;
}

function inFile(line: LogLine, format: DownloadFormat): string {
  if (format === 'jsonl') {
    const { seq, at, stream, step = null, text, continued } = line;
    return `${JSON.stringify({ seq, at: new Date(at).toISOString(), stream, step, text, ...(continued ? { continued } : {}) })}\n`;
  }
  return (format === 'plain' ? plainText(line.text) : line.text) + (line.continued ? '' : '\n');
}

/** Gives the browser a file to save. */
export function saveFile(pieces: string[], name: string, format: DownloadFormat): void {
  const type = format === 'jsonl' ? 'application/x-ndjson' : 'text/plain;charset=utf-8';
  const url = URL.createObjectURL(new Blob(pieces, { type }));
  const link = document.createElement('a');
  link.href = url;
  link.download = `${name}.${EXTENSIONS[format]}`;
  link.click();
  // The browser needs it until the file is written.
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}

/** Says whether it worked. */
export async function copyText(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    // Pages over plain HTTP have no clipboard, but may still copy what is selected.
    return copySelected(text);
  }
}

function copySelected(text: string): boolean {
  const focused = document.activeElement;
  const area = document.createElement('textarea');
  area.value = text;
  area.className = 'slog-offscreen';
  area.readOnly = true;
  document.body.append(area);
  area.select();
  const hasWorked = document.execCommand('copy');
  area.remove();
  if (focused instanceof HTMLElement) focused.focus({ preventScroll: true });
  return hasWorked;
}
