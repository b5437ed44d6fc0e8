/** Light, dark, or as the system has it. `public/theme.js` applies the choice before the first paint. */
import { readSetting, writeSetting } from './settings';

export type Theme = 'system' | 'light' | 'dark';

const KEY = 'theme';
const stored = readSetting(KEY);
let current = $state<Theme>(stored === 'light' || stored === 'dark' ? stored : 'system');

export function theme(): Theme {
  return current;
}

export function setTheme(choice: Theme): void {
  current = choice;
  if (choice === 'system') delete document.documentElement.dataset['theme'];
  else document.documentElement.dataset['theme'] = choice;
  writeSetting(KEY, choice === 'system' ? undefined : choice);
}
