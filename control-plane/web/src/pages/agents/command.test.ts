import { execFileSync } from 'node:child_process';
import { expect, it } from 'vitest';
import { enrollCommand, quote } from './command';

it('reads like one would type it', () => {
  const command = enrollCommand({ token: 'slwe_abc', control_plane: 'https://slipway.example:7071' }, '/workspace');
  expect(command).toBe(
    'printf %s slwe_abc | slipway-agent run --control-plane https://slipway.example:7071 --token-file - --workspace /workspace'
  );
});

it.each(['plain', 'two words', "it's", '$(touch /nowhere)', '`id`', 'a;b|c&d', '', '-n', '"', '\\', 'a\nb', '~root', '*'])(
  'a shell takes %j as one word',
  (word) => {
    const words = execFileSync('sh', ['-c', `printf '%s\\0' x ${quote(word)}`], { encoding: 'utf8' });
    expect(words).toBe(`x\0${word}\0`);
  }
);
