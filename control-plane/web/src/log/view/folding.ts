// Which steps and groups are open: finished ones are folded, failed and running ones are not, and what the
// user has said counts more. Nothing folds under the eyes of somebody who is reading it.

import type { Folding, Group, Section } from '../layout/spans';
import type { LogStore } from '../store/store';
import type { LogStep } from '../types';

export class FoldState implements Folding {
  readonly #said = new Map<string, boolean>();
  /** Steps that ended while they were watched; they fold once the next one runs. */
  readonly #lingering = new Set<string>();
  #steps: readonly LogStep[] = [];

  constructor(private readonly store: LogStore) {}

  /** Takes the new states. `isWatching` says whether the end of the log is kept in view. */
  setSteps(steps: readonly LogStep[], isWatching: boolean): void {
    for (const step of steps) {
      const before = this.#steps.find((one) => one.name === step.name);
      if (before?.state === 'running' && step.state === 'done') this.#lingering.add(step.name);
    }
    const isNextRunning = steps.some((step) => step.state === 'running');
    for (const name of this.#lingering) {
      if (!isWatching) this.#said.set(`step:${name}`, true);
      if (isNextRunning || !isWatching) this.#lingering.delete(name);
    }
    this.#steps = steps;
  }

  isStepOpen({ step }: Section): boolean {
    const said = this.#said.get(`step:${step.name}`);
    if (said !== undefined) return said;
    // A header alone would only be in the way.
    if (this.#steps.filter((one) => one.state !== 'pending').length === 1) return true;
    return this.#lingering.has(step.name) || (step.state !== 'done' && step.state !== 'skipped');
  }

  isGroupOpen(group: Group): boolean {
    return this.#said.get(`group:${group.seq}`) ?? (!group.isClosed || this.store.countErrors(group.seq, group.last) > 0);
  }

  say(key: string, isOpen: boolean): void {
    this.#said.set(key, isOpen);
  }
}
