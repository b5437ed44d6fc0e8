import { expect, it } from 'vitest';
import { returnPath } from './return-path';

it.each(['/', '/targets', '/deployments/1?tab=log#build-L12', '/a%2Fb', '/login-help'])('%s is kept', (path) => {
  expect(returnPath(path)).toBe(path);
});

it.each([
  null, '', 'targets', 'https://evil.example', '//evil.example', '/\\evil.example', '/\t/evil.example', '\n//evil.example',
  'javascript:alert(1)', '/login', '/login?return_to=/login', '/setup?token=x', '/a\\b'
])('%j is not', (path) => {
  expect(returnPath(path)).toBe('/');
});
