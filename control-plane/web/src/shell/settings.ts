/** What this browser remembers of how somebody likes the UI; nothing private, and nothing that is needed. */

const PREFIX = 'slipway:';

export function readSetting(key: string): string | undefined {
  try {
    return localStorage.getItem(PREFIX + key) ?? undefined;
  } catch {
    return undefined;
  }
}

export function writeSetting(key: string, value: string | undefined): void {
  try {
    if (value === undefined) localStorage.removeItem(PREFIX + key);
    else localStorage.setItem(PREFIX + key, value);
  } catch {
    // Storage is forbidden or full; the setting holds until the page is left.
  }
}
