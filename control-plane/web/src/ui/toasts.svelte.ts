/** Short confirmations of what is visible anyway; errors stand where they happened, never here. */

export interface Toast {
  id: number;
  text: string;
}

const SHOWN = 6_000;
const MOST = 3;

let toasts = $state.raw<readonly Toast[]>([]);
let next = 1;
let timer: ReturnType<typeof setTimeout> | undefined;

export function currentToasts(): readonly Toast[] {
  return toasts;
}

export function toast(text: string): void {
  toasts = [...toasts, { id: next++, text }].slice(-MOST);
  plan();
}

export function dismiss(id: number): void {
  toasts = toasts.filter((one) => one.id !== id);
}

/** While the pointer or the focus is on them they stay. */
export function holdToasts(): void {
  clearTimeout(timer);
}

export function plan(): void {
  clearTimeout(timer);
  if (toasts.length === 0) return;
  timer = setTimeout(() => {
    toasts = toasts.slice(1);
    plan();
  }, SHOWN);
}
