/**
 * What somebody wants to change about the variables of a target: as rows to look at before it is saved, as the request
 * that saves it, and beside what somebody else has changed meanwhile.
 */

import type { Assignment } from './dotenv';

export type Environment = 'all' | 'production' | 'preview' | 'staging';
export type Scope = 'build' | 'runtime';

export const ENVIRONMENTS: readonly Environment[] = ['all', 'production', 'preview', 'staging'];
export const SCOPES: readonly Scope[] = ['build', 'runtime'];

/** For which deployments, and who gets it. */
export interface Slot {
  environment: Environment;
  scope: Scope;
}

/** As the API answers it. */
export interface Variable extends Slot {
  name: string;
  secret: boolean;
  /** `null` for a secret. */
  value: string | null;
  updated_at: string;
}

/** One thing that is to happen. */
export type Intent = Slot & { name: string } & (
    | { kind: 'set'; secret: boolean; /** `null`: as it is. */ value: string | null }
    | { kind: 'remove' }
  );

export type Effect = 'added' | 'changed' | 'removed' | 'unchanged';

/** One line of the comparison before saving. */
export interface Difference extends Slot {
  name: string;
  effect: Effect;
  /** Whether neither value is shown. */
  secret: boolean;
  before: string | null;
  after: string | null;
  /** Whether being a secret is what changes, too. */
  becomes?: 'secret' | 'plain';
}

/** What `PUT …/env` takes. */
export interface WantedVariable extends Slot {
  name: string;
  secret: boolean;
  value?: string;
}

/** Prefixes with which frameworks copy a variable into the scripts that browsers load. */
const PUBLIC_PREFIX = /^(?:NEXT_PUBLIC_|NUXT_PUBLIC_|EXPO_PUBLIC_|PUBLIC_|VITE_|REACT_APP_|VUE_APP_|GATSBY_)/;

export function isReadableInBrowsers(name: string): boolean {
  return PUBLIC_PREFIX.test(name);
}

/** What tells two variables of a target apart. */
export function keyOf({ name, environment, scope }: Slot & { name: string }): string {
  return `${environment} ${scope} ${name}`;
}

function byKey<T extends Slot & { name: string }>(list: readonly T[]): Map<string, T> {
  return new Map(list.map((item) => [keyOf(item), item]));
}

export function isIn(slot: Slot): (variable: Slot) => boolean {
  return ({ environment, scope }) => environment === slot.environment && scope === slot.scope;
}

/**
 * The text is the full truth of its slot: what it does not name goes. Variables that are there stay secret or plain, new
 * ones are as `newSecret` says.
 */
export function intentsOfText(
  present: readonly Variable[],
  slot: Slot,
  assignments: readonly Assignment[],
  newSecret: boolean
): Intent[] {
  const known = new Map(present.filter(isIn(slot)).map((variable) => [variable.name, variable]));
  const intents: Intent[] = assignments.map(({ name, value }) => {
    const secret = known.get(name)?.secret ?? newSecret;
    known.delete(name);
    return { kind: 'set', name, ...pick(slot), secret, value };
  });
  for (const name of known.keys()) intents.push({ kind: 'remove', name, ...pick(slot) });
  return intents;
}

function pick({ environment, scope }: Slot): Slot {
  return { environment, scope };
}

/** What `intents` do to what is there, by name. */
export function differences(present: readonly Variable[], intents: readonly Intent[]): Difference[] {
  const known = byKey(present);
  const found = intents.flatMap((intent): Difference[] => {
    const before = known.get(keyOf(intent));
    const { name } = intent;
    if (intent.kind === 'remove') {
      if (!before) return [];
      const { secret, value } = before;
      return [{ name, ...pick(intent), effect: 'removed', secret, before: value, after: null }];
    }
    const { value, secret } = intent;
    if (!before) return [{ name, ...pick(intent), effect: 'added', secret, before: null, after: value }];
    const after = value ?? before.value;
    // The new value of a secret cannot be compared with one that never comes here.
    const isSame = value === null || (!before.secret && value === before.value);
    const effect = isSame && secret === before.secret ? 'unchanged' : 'changed';
    const becomes = secret === before.secret ? undefined : secret ? 'secret' : 'plain';
    const difference: Difference = {
      name,
      ...pick(intent),
      effect,
      secret: secret || before.secret,
      before: before.value,
      after
    };
    return [becomes ? { ...difference, becomes } : difference];
  });
  return found.sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
}

export function hasEffect(differences: readonly Difference[]): boolean {
  return differences.some(({ effect }) => effect !== 'unchanged');
}

/** All variables the target is to have. Values that stay are left out, so that no secret has to be known. */
export function wanted(present: readonly Variable[], intents: readonly Intent[]): WantedVariable[] {
  const list = new Map<string, WantedVariable>();
  const known = byKey(present);
  for (const variable of present) {
    list.set(keyOf(variable), { name: variable.name, ...pick(variable), secret: variable.secret });
  }
  for (const intent of intents) {
    const key = keyOf(intent);
    if (intent.kind === 'remove') {
      list.delete(key);
      continue;
    }
    const { name, secret, value } = intent;
    const before = known.get(key);
    const stays = value === null || (before && !before.secret && before.value === value);
    list.set(key, { name, ...pick(intent), secret, ...(stays ? {} : { value }) });
  }
  return [...list.values()];
}

/** A variable that both sides have changed. */
export interface Conflict {
  mine: Intent;
  /** `undefined`: they have removed it. */
  theirs: Variable | undefined;
  /** `undefined`: it is new on both sides. */
  before: Variable | undefined;
}

/** How what is there now differs from what was read. */
export interface Meanwhile {
  /** What they have changed and we do not touch, or change in the same way. */
  theirs: Difference[];
  /** What somebody has to decide. */
  conflicts: Conflict[];
}

/** Looks at `intents`, which were meant for `before`, beside what others have made of it: `now`. */
export function meanwhile(before: readonly Variable[], now: readonly Variable[], intents: readonly Intent[]): Meanwhile {
  const seen = byKey(before);
  const present = byKey(now);
  const mine = new Map(intents.map((intent) => [keyOf(intent), intent]));
  const theirs: Difference[] = [];
  const conflicts: Conflict[] = [];
  for (const key of new Set([...seen.keys(), ...present.keys()])) {
    const was = seen.get(key);
    const is = present.get(key);
    if (isSame(was, is)) continue;
    const intent = mine.get(key);
    if (intent && !isNoChange(was, intent) && !comesToTheSame(is, intent)) {
      conflicts.push({ mine: intent, theirs: is, before: was });
    } else {
      theirs.push(difference(was, is));
    }
  }
  return { theirs, conflicts };
}

/**
 * The intents for what is there now. Conflicts end as `keepMine` says; where an intent was to change nothing, or comes
 * to the same, what they have made of it stays.
 */
export function rebase(
  before: readonly Variable[],
  now: readonly Variable[],
  intents: readonly Intent[],
  keepMine: (conflict: Conflict) => boolean
): Intent[] {
  const { theirs, conflicts } = meanwhile(before, now, intents);
  const left = new Set([
    ...theirs.map(keyOf),
    ...conflicts.filter((conflict) => !keepMine(conflict)).map(({ mine }) => keyOf(mine))
  ]);
  return intents.filter((intent) => !left.has(keyOf(intent)));
}

function isSame(a: Variable | undefined, b: Variable | undefined): boolean {
  if (!a || !b) return a === b;
  return a.secret === b.secret && a.value === b.value && a.updated_at === b.updated_at;
}

function isNoChange(was: Variable | undefined, intent: Intent): boolean {
  if (intent.kind === 'remove') return !was;
  if (!was) return false;
  return intent.secret === was.secret && (intent.value === null || (!was.secret && intent.value === was.value));
}

function comesToTheSame(is: Variable | undefined, intent: Intent): boolean {
  if (intent.kind === 'remove') return !is;
  return !!is && !is.secret && !intent.secret && is.value === intent.value;
}

function difference(was: Variable | undefined, is: Variable | undefined): Difference {
  const either = (is ?? was)!;
  return {
    name: either.name,
    ...pick(either),
    effect: was ? (is ? 'changed' : 'removed') : 'added',
    secret: !!was?.secret || !!is?.secret,
    before: was?.value ?? null,
    after: is?.value ?? null
  };
}
