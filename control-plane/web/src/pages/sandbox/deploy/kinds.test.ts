import { describe, expect, it } from 'vitest';
import type { Provider } from '../../../providers';
import { bestKind, kindChoices, type Plan } from './kinds';

function provider(name: string, kind: Provider['kind']): Provider {
  return { id: name.toLowerCase(), name, kind } as Provider;
}

const PROVIDERS = [provider('GitHub', 'git'), provider('GitLab', 'git'), provider('Netlify', 'static'), provider('npm', 'package')];

function plan(deployable: Plan['deployable'], confidence = 0.9): Plan {
  return { framework: 'next', deployable, confidence } as Plan;
}

describe('the kinds of the Deploy menu', () => {
  it('are those that have a provider, in order', () => {
    const choices = kindChoices(PROVIDERS, undefined);
    expect(choices.map(({ kind }) => kind)).toEqual(['git', 'static', 'package']);
    expect(choices[0]?.description).toBe('Push to GitHub or GitLab');
    expect(choices.every(({ tag, disabledReason }) => tag === undefined && disabledReason === undefined)).toBe(true);
  });

  it('recommend exactly one, and say so less surely when detection is not sure', () => {
    const tags = (confidence: number) => kindChoices(PROVIDERS, plan(['static', 'git'], confidence)).flatMap(({ tag }) => tag ?? []);
    expect(tags(0.9)).toEqual(['Recommended for: Next.js']);
    expect(tags(0.4)).toEqual(['Looks like Next.js']);
  });

  it('recommend the best one that is offered', () => {
    const choices = kindChoices(PROVIDERS, plan(['container', 'git']));
    expect(choices.find(({ tag }) => tag)?.kind).toBe('git');
    expect(bestKind(choices)).toBe('git');
  });

  it('stay visible with a reason when they cannot work', () => {
    const choices = kindChoices(PROVIDERS, plan(['git']));
    expect(choices.filter(({ disabledReason }) => disabledReason).map(({ kind }) => kind)).toEqual(['static', 'package']);
  });

  it('lead somewhere also without detection', () => {
    expect(bestKind(kindChoices(PROVIDERS, undefined))).toBe('static');
    expect(bestKind(kindChoices([], undefined))).toBeUndefined();
  });
});
