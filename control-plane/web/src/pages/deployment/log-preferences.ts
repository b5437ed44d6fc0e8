/** How somebody likes logs, kept in this browser. What is stored may be anything, so each part is looked at. */
import type { LogPreferences } from '../../log';
import { readSetting, writeSetting } from '../../shell/settings';

const KEY = 'log';
const TIMESTAMPS = ['off', 'relative', 'local', 'utc'] as const;

export function readPreferences(): Partial<LogPreferences> {
  let stored: unknown;
  try {
    stored = JSON.parse(readSetting(KEY) ?? '{}');
  } catch {
    return {};
  }
  if (typeof stored !== 'object' || stored === null) return {};
  const { wrap, timestamps, fontSize, filterContext } = stored as Record<string, unknown>;
  const known = TIMESTAMPS.find((one) => one === timestamps);
  return {
    ...(typeof wrap === 'boolean' && { wrap }),
    ...(known && { timestamps: known }),
    ...(typeof fontSize === 'number' && fontSize >= 11 && fontSize <= 18 && { fontSize }),
    ...(typeof filterContext === 'number' && [0, 2, 5].includes(filterContext) && { filterContext }),
  };
}

export function writePreferences({ wrap, timestamps, fontSize, filterContext }: LogPreferences): void {
  writeSetting(KEY, JSON.stringify({ wrap, timestamps, fontSize, filterContext }));
}
