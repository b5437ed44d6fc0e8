import { expect, it } from 'vitest';
import { returnPath } from './return-path';

it.each(['targets', 'deployments/1?tab=log#build-L12', 'audit?since=2026-05-01', 'a%2Fb', 'login-help', 'audit?x=a:b'])(
  '%s is kept',
  (path) => {
    expect(returnPath(path)).toBe(path);
  },
);

it.each([
  null, '', '/targets', 'https://evil.example', '//evil.example', '/\\evil.example', '\\\\evil.example', '\t//evil.example',
  'javascript:alert(1)', 'java\nscript:alert(1)', 'x:y', 'login', 'login?return_to=login', 'setup?token=x', 'a\\b', '?x=1',
])('%j is not', (path) => {
  expect(returnPath(path)).toBe('');
});
