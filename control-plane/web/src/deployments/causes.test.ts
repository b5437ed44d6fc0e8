import { describe, expect, it } from 'vitest';
import { causeOf } from './causes';
import type { Deployment } from './status';

function failed(step: Deployment['steps'][number]['name'], error_message: string | null, failure_code?: string) {
  return causeOf({ error_message, metadata: { failure_code }, steps: [{ name: step, state: 'failed' }] });
}

describe('the cause of a failure', () => {
  it('is one line with the first line of the tool', () => {
    const cause = failed('build', '`npm run build` failed with exit code 1: Module not found: ./Header\nat x', 'build_failed');
    expect(cause.title).toBe('Build failed: Module not found: ./Header');
    expect(cause.firstLine).toBe('Module not found: ./Header');
    expect(cause.side).toBe('build');
    expect(cause.advice[0]).toContain('import');
  });

  it('does not say twice that it failed', () => {
    expect(failed('build', 'Build failed: exit status 2', 'build_failed').title).toBe('Build failed: exit status 2');
  });

  it('is on the side of whoever can do something about it', () => {
    expect(failed('deploy', 'Vercel answered 403: forbidden').side).toBe('provider');
    expect(failed('upload', 'the connection broke', 'upload_failed').side).toBe('slipway');
    expect(failed('build', 'the sandbox’s disk is full', 'disk_full').side).toBe('build');
    expect(failed('prepare', 'the agent ended', 'agent_crashed').side).toBe('slipway');
  });

  it('never lacks a title or advice', () => {
    for (const step of ['prepare', 'install', 'build', 'package', 'upload', 'deploy'] as const) {
      const cause = failed(step, null, 'a_code_of_tomorrow');
      expect(cause.title).toMatch(/^\w+ failed: /);
      expect(cause.advice.length).toBeGreaterThan(0);
    }
  });

  it('gives no advice twice', () => {
    const { advice } = failed('build', 'JavaScript heap out of memory', 'out_of_memory');
    expect(new Set(advice).size).toBe(advice.length);
  });
});
