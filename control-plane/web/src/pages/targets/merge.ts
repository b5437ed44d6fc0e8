/** What two people have changed about the same record: field by field, beside what it was before. */

export type Fields = Readonly<Record<string, unknown>>;

export interface FieldConflict {
  field: string;
  before: unknown;
  mine: unknown;
  theirs: unknown;
}

export interface Merge {
  /** Both sides' changes together; where they contradict each other, ours. */
  merged: Record<string, unknown>;
  /** Fields that only they have changed. */
  taken: string[];
  conflicts: FieldConflict[];
}

/** Fields are values that JSON can hold; one that is not there is `undefined`. */
export function merge(before: Fields, mine: Fields, theirs: Fields): Merge {
  const merged: Record<string, unknown> = {};
  const taken: string[] = [];
  const conflicts: FieldConflict[] = [];
  for (const field of new Set([...Object.keys(before), ...Object.keys(mine), ...Object.keys(theirs)])) {
    const [was, ours, is] = [before[field], mine[field], theirs[field]];
    const weChanged = !isSame(was, ours);
    const theyChanged = !isSame(was, is);
    const value = weChanged ? ours : is;
    if (value !== undefined) merged[field] = value;
    if (theyChanged && !weChanged) taken.push(field);
    if (theyChanged && weChanged && !isSame(ours, is)) conflicts.push({ field, before: was, mine: ours, theirs: is });
  }
  return { merged, taken, conflicts };
}

function isSame(a: unknown, b: unknown): boolean {
  return a === b || stable(a) === stable(b);
}

function stable(value: unknown): string | undefined {
  return JSON.stringify(value, (_, part: unknown) =>
    part && typeof part === 'object' && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)))
      : part
  );
}
