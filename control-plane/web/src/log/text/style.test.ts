// Apart from the other tests: looks are numbered once for the whole page.

import { expect, test } from 'vitest';
import { applySgr, BOLD, PLAIN } from './style';

const sgr = (parameters: string) => applySgr(PLAIN, parameters);

test('a build that asks for every colour does not fill the memory', () => {
  for (let n = 0; n < 6000; n++) sgr(`38;2;${n % 256};${n >> 8};7`);
  expect(sgr('38;2;255;22;7').foreground).toBe(16 + 36 * 5);
  expect(sgr('38;2;0;135;255').foreground).toBe(16 + 6 * 2 + 5);
  expect(sgr('1;31')).toMatchObject({ foreground: 1, bits: BOLD });
  for (let n = 0; n < 40_000; n++) sgr(`38;5;${n % 256};48;5;${n >> 8}`);
  for (let n = 0; n < 40_000; n++) expect(sgr(`38;2;${n % 256};0;9;48;2;0;${n >> 8};9;${n % 10}`).id).toBeLessThan(65_536);
});
