/**
 * Keys of the page. Single letters can be switched off, and none of them works while somebody types or a
 * dialog is open.
 */
import { untrack } from 'svelte';
import { readSetting, writeSetting } from './settings';

export interface Shortcut {
  /** `d`, `Shift+D`, `g o` (one after the other), `Mod+K` (Ctrl, or Cmd on a Mac). */
  keys: string;
  about: string;
}

interface Entry extends Shortcut {
  run: () => void;
}

const KEY = 'shortcuts';
const SEQUENCE = 1_000;

let entries = $state.raw<readonly Entry[]>([]);
let isOn = $state(readSetting(KEY) !== 'off');
let first: { key: string; at: number } | undefined;

/** Registers one; returns how to take it back. The one that came last wins. */
export function shortcut(keys: string, about: string, run: () => void): () => void {
  const entry = { keys, about, run };
  // Whoever registers does not depend on who else has.
  untrack(() => (entries = [entry, ...entries]));
  return () => untrack(() => (entries = entries.filter((other) => other !== entry)));
}

/** What works now, each key once. */
export function shortcuts(): readonly Shortcut[] {
  return entries.filter((entry, index) => entries.findIndex((other) => other.keys === entry.keys) === index);
}

export function areShortcutsOn(): boolean {
  return isOn;
}

export function setShortcutsOn(on: boolean): void {
  isOn = on;
  writeSetting(KEY, on ? undefined : 'off');
}

/** Begins to listen; returns how to stop. */
export function listen(): () => void {
  document.addEventListener('keydown', onKey);
  return () => document.removeEventListener('keydown', onKey);
}

function onKey(event: KeyboardEvent): void {
  if (event.defaultPrevented || event.isComposing || document.querySelector('dialog[open]')) return;
  const name = nameOf(event);
  const isPlain = !name.startsWith('Mod+');
  if (isPlain && (!isOn || isTyping(event.target))) return;
  const now = Date.now();
  const sequence = first && now - first.at < SEQUENCE ? `${first.key} ${name}` : undefined;
  const entry = find(sequence) ?? find(name);
  if (entry) {
    event.preventDefault();
    first = undefined;
    entry.run();
  } else {
    first = entries.some(({ keys }) => keys.startsWith(`${name} `)) ? { key: name, at: now } : undefined;
  }
}

function find(keys: string | undefined): Entry | undefined {
  return keys === undefined ? undefined : entries.find((entry) => entry.keys === keys);
}

function nameOf(event: KeyboardEvent): string {
  const letter = event.key;
  if (event.ctrlKey || event.metaKey) return `Mod+${letter.toUpperCase()}`;
  if (event.altKey) return `Alt+${letter}`;
  return event.shiftKey && /^[A-Za-z]$/.test(letter) ? `Shift+${letter.toUpperCase()}` : letter;
}

function isTyping(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  // A log has keys of its own.
  if (target.closest('[data-own-keys]')) return true;
  return target.isContentEditable || /^(?:INPUT|TEXTAREA|SELECT)$/.test(target.tagName);
}
