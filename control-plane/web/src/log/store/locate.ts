// Finds where steps begin in a part of the log that is not loaded, by halving: a dozen lines are read
// instead of a hundred thousand. Only for sources that do not say it themselves (`LogStep.firstLine`).

import type { LogSource, LogStep } from '../types';
import type { LogStore } from './store';

/** Lines without a step stand between the others; so many are read at each look. */
const PROBE_LINES = 8;

export async function locateSteps(
  store: LogStore,
  source: LogSource,
  steps: readonly LogStep[],
  signal: AbortSignal,
): Promise<boolean> {
  const order = new Map(steps.map((step, index) => [step.name, index]));
  const firstMissing = store.firstMissing(1, store.last);
  if (firstMissing === null) return false;
  const seen = new Map<number, number | null>();
  const stepAt = async (seq: number): Promise<number | null> => {
    if (!seen.has(seq)) {
      const { lines } = await source.range({ after: seq - 1, limit: PROBE_LINES }, signal);
      const named = lines.find((line) => line.step != null && order.has(line.step));
      seen.set(seq, named ? order.get(named.step!)! : null);
    }
    return seen.get(seq)!;
  };
  let hasFound = false;
  for (const [index, step] of steps.entries()) {
    if (step.state === 'pending' || step.state === 'skipped' || step.firstLine != null) continue;
    const known = store.firstOfStep(step.name);
    if (known !== null && (known === 1 || store.isLoaded(known - 1))) continue;
    let low = 1;
    let high = known ?? store.last + 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      const at = await stepAt(middle);
      if (at === null) break;
      if (at >= index) high = middle;
      else low = middle + 1;
    }
    // Exactly this step begins there, not a later one.
    if (low === high && low <= store.last && (await stepAt(low)) === index) {
      store.noteStep(step.name, low);
      hasFound = true;
    }
  }
  return hasFound;
}
