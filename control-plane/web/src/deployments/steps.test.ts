import { describe, expect, it } from 'vitest';
import type { Schemas } from '../api';
import { narrate } from './narrate';
import { shownSteps } from './steps';

type Step = Schemas['StepView'];

const NAMES = ['prepare', 'install', 'build', 'package', 'upload', 'deploy'] as const;

function steps(...states: Step['state'][]): Step[] {
  return NAMES.map((name, index) => ({ name, state: states[index] ?? 'pending' }));
}

const states = (...given: Step['state'][]) => shownSteps(steps(...given), 'static').map(({ state }) => state);

describe('shown steps', () => {
  it('are five, and building ends when its output is collected', () => {
    expect(states()).toEqual(['pending', 'pending', 'pending', 'pending', 'pending']);
    expect(states('done', 'done', 'running')).toEqual(['done', 'done', 'running', 'pending', 'pending']);
    expect(states('done', 'done', 'done')).toEqual(['done', 'done', 'running', 'pending', 'pending']);
    expect(states('done', 'done', 'done', 'running')[2]).toBe('running');
    expect(states('done', 'done', 'done', 'done', 'running')).toEqual(['done', 'done', 'done', 'running', 'pending']);
    expect(states('done', 'skipped', 'skipped', 'done')[2]).toBe('done');
    expect(states('done', 'done', 'failed', 'skipped', 'skipped', 'skipped')).toEqual(['done', 'done', 'failed', 'skipped', 'skipped']);
    expect(states('done', 'done', 'done', 'cancelled')[2]).toBe('cancelled');
  });

  it('are called by what is deployed', () => {
    const titles = (kind: 'git' | 'package') => shownSteps(steps(), kind).map(({ title }) => title);
    expect(titles('git')).toEqual(['Preparing build', 'Installing dependencies', 'Creating commit', 'Uploading artifacts', 'Pushing']);
    expect(titles('package').slice(2)).toEqual(['Building package', 'Uploading artifacts', 'Publishing']);
  });

  it('tell percent and bytes only when they are known', () => {
    const running = steps('done', 'done', 'done', 'done', 'running');
    expect(shownSteps(running, 'static')[3]).toMatchObject({ percent: undefined, detail: undefined });
    running[4] = { name: 'upload', state: 'running', progress: { done: 12_400_000, total: 30_000_000 } };
    expect(shownSteps(running, 'static')[3]).toMatchObject({ percent: 41, detail: '12.4 MB of 30.0 MB' });
  });
});

describe('the narrator', () => {
  it('tells what began and ended, with how long it took, and each quarter once', () => {
    const before = shownSteps(steps('running'), 'static');
    const after = steps('done', 'running');
    after[0] = { name: 'prepare', state: 'done', started_at: '2026-01-01T00:00:00Z', completed_at: '2026-01-01T00:00:02Z' };
    expect(narrate(before, shownSteps(after, 'static'))).toEqual([
      'Preparing build: done in 2.0 s', 'Installing dependencies: started',
    ]);
    const at = (done: number) => {
      const list = steps('done', 'done', 'done', 'done', 'running');
      list[4] = { name: 'upload', state: 'running', progress: { done, total: 100 } };
      return shownSteps(list, 'static');
    };
    expect(narrate(at(10), at(60))).toEqual(['Uploading artifacts: 50 %']);
    expect(narrate(at(60), at(70))).toEqual([]);
    expect(narrate(at(70), at(70))).toEqual([]);
  });
});
