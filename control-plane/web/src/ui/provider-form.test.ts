import { describe, expect, it } from 'vitest';
import { checkConfig, cleanConfig, fieldOfProblem, fieldsOf } from './provider-form';

const fields = fieldsOf({
  properties: {
    owner: { type: 'string', title: 'Owner', description: 'Who has it.', minLength: 1, maxLength: 5, pattern: '^[a-z]+$' },
    create: { type: 'boolean', title: 'Create', description: 'Make it.', default: false },
    visibility: { type: 'string', enum: ['private', 'public'], default: 'private' },
    odd: { type: 'string', pattern: '(?i)x' },
  },
  required: ['owner'],
});

describe('the form of a provider', () => {
  it('has a field for each setting', () => {
    expect(fields.map(({ key, kind, isRequired }) => [key, kind, isRequired])).toEqual([
      ['owner', 'text', true], ['create', 'flag', false], ['visibility', 'choice', false], ['odd', 'text', false],
    ]);
  });

  it('finds what the server would refuse', () => {
    expect(Object.keys(checkConfig(fields, {}))).toEqual(['owner']);
    expect(checkConfig(fields, { owner: 'ada' })).toEqual({});
    expect(checkConfig(fields, { owner: 'adalovelace' })['owner']).toContain('5');
    expect(checkConfig(fields, { owner: 'A B' })['owner']).toContain('Who has it');
  });

  it('leaves patterns of another dialect to the server', () => {
    expect(checkConfig(fields, { owner: 'ada', odd: 'anything' })).toEqual({});
  });

  it('sends only what says something, and keeps what it does not know', () => {
    expect(cleanConfig(fields, { owner: ' ada ', create: false, visibility: 'public', odd: '', build_command: 'make' })).toEqual({
      owner: 'ada', visibility: 'public', build_command: 'make',
    });
  });

  it('knows which field a problem is about', () => {
    expect(fieldOfProblem('`config.owner` must be a name')).toBe('owner');
    expect(fieldOfProblem('something else')).toBeUndefined();
  });
});
