/**
 * What assistive technology is told: one polite region for the whole page, that speaks at most once every
 * three seconds. What is newer replaces what still waits.
 */

const PAUSE = 3_000;

let text = $state('');
let waiting: string | undefined;
let timer: ReturnType<typeof setTimeout> | undefined;

export function announcement(): string {
  return text;
}

export function announce(message: string): void {
  if (timer !== undefined) {
    waiting = message;
    return;
  }
  text = message;
  timer = setTimeout(() => {
    timer = undefined;
    const next = waiting;
    waiting = undefined;
    if (next !== undefined) announce(next);
  }, PAUSE);
}
