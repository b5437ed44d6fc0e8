/**
 * Something on the server that a page shows: loaded, loaded again, and where it stands meanwhile.
 * What was shown stays while it is loaded again, also when that fails.
 */
import { isAbort } from './client';
import { asProblem, type ApiProblem } from './problem';
import { serverNow } from '../format/clock.svelte';

/** After this long people are told that it takes long. */
const SLOW = 10_000;
const LONGEST_WAIT = 60_000;

export interface ResourceOptions<T> {
  /** Milliseconds after which it is loaded again, while somebody looks at the page. */
  every?: (value: T | undefined) => number | undefined;
}

export class Resource<T> {
  value = $state.raw<T>();
  problem = $state.raw<ApiProblem>();
  isLoading = $state(true);
  isSlow = $state(false);
  /** When `value` came; milliseconds since 1970. */
  updatedAt = $state<number>();

  readonly #load: (signal: AbortSignal) => Promise<T>;
  readonly #options: ResourceOptions<T>;
  #current: AbortController | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #failures = 0;

  constructor(load: (signal: AbortSignal) => Promise<T>, options: ResourceOptions<T> = {}) {
    this.#load = load;
    this.#options = options;
  }

  /** Loads it, now; a load under way is given up. */
  readonly reload = async (): Promise<void> => {
    this.stop();
    const current = new AbortController();
    this.#current = current;
    this.isLoading = true;
    const slow = setTimeout(() => (this.isSlow = true), SLOW);
    try {
      const value = await this.#load(current.signal);
      if (current.signal.aborted) return;
      this.value = value;
      this.problem = undefined;
      this.updatedAt = serverNow();
      this.#failures = 0;
    } catch (error) {
      if (current.signal.aborted || isAbort(error)) return;
      this.problem = asProblem(error);
      this.#failures += 1;
    } finally {
      clearTimeout(slow);
      if (this.#current === current) {
        this.isLoading = false;
        this.isSlow = false;
        this.#plan();
      }
    }
  };

  /** What is shown from now on, without asking. */
  set(value: T): void {
    this.value = value;
    this.updatedAt = serverNow();
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#current?.abort();
    this.#current = undefined;
  }

  /** Each failure doubles the wait. */
  #plan(): void {
    const every = this.#options.every?.(this.value);
    if (every === undefined) return;
    const wait = this.problem?.retryAfter ?? Math.min(LONGEST_WAIT, every * 2 ** this.#failures);
    this.#timer = setTimeout(() => {
      if (document.visibilityState === 'visible') void this.reload();
      else document.addEventListener('visibilitychange', () => void this.reload(), { once: true });
    }, wait);
  }
}

/**
 * For components: loads when it is made, again when what `load` reads before its first `await` changes,
 * and ends with the component.
 */
export function resource<T>(load: (signal: AbortSignal) => Promise<T>, options: ResourceOptions<T> = {}): Resource<T> {
  const made = new Resource(load, options);
  $effect(() => {
    void made.reload();
    return () => made.stop();
  });
  return made;
}
