// What the two menus offer: how the log looks, and copying and saving it.

import { copyText, filePieces, saveFile } from '../export';
import type { Section } from '../layout/spans';
import type { LogMessages } from '../messages';
import type { LogStore } from '../store/store';
import type { DownloadFormat, LineSelection, LogPreferences, LogSource, Timestamps } from '../types';
import { openMenu, type MenuItem } from './menu';

export interface ActionTarget {
  readonly preferences: LogPreferences;
  readonly selection: LineSelection | null;
  readonly currentSection: Section | null;
  readonly permalink: string;
  setPreferences(change: Partial<LogPreferences>): void;
}

export interface ActionTools {
  source: LogSource;
  store: LogStore;
  messages: LogMessages;
  fileName: string;
  say(text: string): void;
}

const TIMESTAMPS: readonly Timestamps[] = ['off', 'relative', 'local', 'utc'];

export class Actions {
  constructor(
    private readonly target: ActionTarget,
    private readonly tools: ActionTools,
  ) {}

  openView(opener: HTMLElement): void {
    const { messages } = this.tools;
    const { preferences } = this.target;
    const names: Record<Timestamps, string> = {
      off: messages.timestampsOff,
      relative: messages.timestampsRelative,
      local: messages.timestampsLocal,
      utc: messages.timestampsUtc,
    };
    openMenu(opener, messages.view, [
      { kind: 'heading', label: messages.timestamps },
      ...TIMESTAMPS.map(
        (mode): MenuItem => ({
          kind: 'choice',
          label: names[mode],
          isChosen: preferences.timestamps === mode,
          onPress: () => this.target.setPreferences({ timestamps: mode }),
        }),
      ),
      { kind: 'heading', label: `${preferences.fontSize} px` },
      { kind: 'action', label: messages.larger, hint: '+', onPress: () => this.target.setPreferences({ fontSize: preferences.fontSize + 1 }) },
      { kind: 'action', label: messages.smaller, hint: '−', onPress: () => this.target.setPreferences({ fontSize: preferences.fontSize - 1 }) },
    ]);
  }

  openMore(opener: HTMLElement): void {
    const { messages, source } = this.tools;
    const { selection, currentSection } = this.target;
    const items: MenuItem[] = [{ kind: 'action', label: messages.copyLink, hint: 'Y', onPress: () => void this.copyLink() }];
    if (selection) items.push({ kind: 'action', label: messages.copySelected, onPress: () => void this.#copy(selection) });
    if (currentSection) items.push({ kind: 'action', label: messages.copyStep, onPress: () => void this.#copy(currentSection) });
    const plain = source.downloadUrl?.('plain') ?? null;
    if (plain !== null) items.push({ kind: 'link', label: messages.openPlain, href: plain });
    items.push({ kind: 'heading', label: `${messages.download} · ${messages.wholeLog}` }, ...this.#downloads(null));
    if (currentSection) items.push({ kind: 'heading', label: `${messages.download} · ${currentSection.step.title}` }, ...this.#downloads(currentSection));
    openMenu(opener, messages.more, items);
  }

  #downloads(section: Section | null): MenuItem[] {
    const { messages, source, fileName } = this.tools;
    const names: Record<DownloadFormat, string> = {
      plain: messages.downloadPlain,
      ansi: messages.downloadAnsi,
      jsonl: messages.downloadJsonl,
    };
    return (Object.keys(names) as DownloadFormat[]).map((format): MenuItem => {
      const url = section ? null : (source.downloadUrl?.(format) ?? null);
      if (url !== null) return { kind: 'link', label: names[format], href: url, download: '' };
      const name = section ? `${fileName}-${section.step.name}` : fileName;
      return { kind: 'action', label: names[format], onPress: () => void this.#save(section, name, format) };
    });
  }

  async #save(section: Section | null, name: string, format: DownloadFormat): Promise<void> {
    const { messages, source, store, say } = this.tools;
    say(messages.downloadStarted);
    try {
      const [first, last] = section ? [section.first, section.last] : [1, store.last];
      saveFile(await filePieces(source, first, last, format, new AbortController().signal), name, format);
      say('');
    } catch {
      say(messages.downloadFailed);
    }
  }

  async #copy({ first, last }: { first: number; last: number }): Promise<void> {
    const { messages, source, say } = this.tools;
    try {
      const text = await this.#text(first, last, source);
      say((await copyText(text)) ? messages.copied : messages.copyFailed);
    } catch {
      say(messages.copyFailed);
    }
  }

  /** Without escape sequences; read again only when some of it is not here. */
  async #text(first: number, last: number, source: LogSource): Promise<string> {
    const pieces = await filePieces(this.#hereOr(source, first, last), first, last, 'plain', new AbortController().signal);
    return pieces.join('');
  }

  /** A source that answers from the store when it holds everything. */
  #hereOr(source: LogSource, first: number, last: number): LogSource {
    const { store } = this.tools;
    if (store.firstMissing(first, last) !== null) return source;
    return { ...source, range: (query) => Promise.resolve(store.range(query)) };
  }

  async copyLink(): Promise<void> {
    const { messages, say } = this.tools;
    say((await copyText(this.target.permalink)) ? messages.copied : messages.copyFailed);
  }

  nextTimestamps(): void {
    const at = TIMESTAMPS.indexOf(this.target.preferences.timestamps);
    this.target.setPreferences({ timestamps: TIMESTAMPS[(at + 1) % TIMESTAMPS.length]! });
  }
}
