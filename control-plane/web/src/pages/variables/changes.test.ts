import { describe, expect, it } from 'vitest';
import {
  type Intent,
  type Slot,
  type Variable,
  differences,
  hasEffect,
  intentsOfText,
  isReadableInBrowsers,
  meanwhile,
  rebase,
  wanted
} from './changes';
import { parse } from './dotenv';

const slot: Slot = { environment: 'all', scope: 'build' };
const early = '2026-05-01T00:00:00Z';
const late = '2026-05-02T00:00:00Z';

const plain = (name: string, value: string, at = early): Variable => ({ name, ...slot, secret: false, value, updated_at: at });
const secret = (name: string, at = early): Variable => ({ name, ...slot, secret: true, value: null, updated_at: at });
const set = (name: string, value: string | null, isSecret = false): Intent => ({ kind: 'set', name, ...slot, secret: isSecret, value });
const remove = (name: string): Intent => ({ kind: 'remove', name, ...slot });

const present: Variable[] = [
  plain('HOST', 'example.com'),
  secret('TOKEN'),
  { ...plain('HOST', 'staging.example.com'), environment: 'staging' },
  { ...secret('TOKEN'), scope: 'runtime' }
];

const fromText = (text: string, newSecret = true) =>
  intentsOfText(present, slot, parse(text, new Set(['TOKEN'])).assignments, newSecret);

describe('a text is the full truth of its slot', () => {
  it('what it does not name goes, and only there', () => {
    expect(fromText('HOST=example.com')).toEqual([set('HOST', 'example.com'), remove('TOKEN')]);
  });

  it('what is there stays secret or plain, new ones are as one chooses', () => {
    const intents = fromText('HOST=a\nTOKEN=<kept secret>\nNEW=b', true);
    expect(intents).toEqual([set('HOST', 'a'), set('TOKEN', null, true), set('NEW', 'b', true)]);
    expect(fromText('HOST=a\nTOKEN=x\nNEW=b', false)[2]).toEqual(set('NEW', 'b', false));
  });

  it('unchanged text changes nothing', () => {
    const found = differences(present, fromText('HOST=example.com\nTOKEN=<kept secret>'));
    expect(found.map(({ name, effect }) => [name, effect])).toEqual([
      ['HOST', 'unchanged'],
      ['TOKEN', 'unchanged']
    ]);
    expect(hasEffect(found)).toBe(false);
  });
});

describe('differences', () => {
  it('by name, with what each does', () => {
    const found = differences(present, [set('ZONE', 'eu'), set('HOST', 'b'), remove('TOKEN'), remove('NOT_THERE')]);
    expect(found.map(({ name, effect, before, after }) => [name, effect, before, after])).toEqual([
      ['HOST', 'changed', 'example.com', 'b'],
      ['TOKEN', 'removed', null, null],
      ['ZONE', 'added', null, 'eu']
    ]);
  });

  it('an empty value is not a missing one', () => {
    expect(differences([plain('A', 'x')], [set('A', '')])[0]).toMatchObject({ effect: 'changed', after: '' });
    expect(differences([plain('A', '')], [set('A', '')])[0]).toMatchObject({ effect: 'unchanged' });
  });

  it('a plain one that becomes secret says so and hides both values', () => {
    expect(differences(present, [set('HOST', null, true)])[0]).toMatchObject({
      effect: 'changed',
      becomes: 'secret',
      secret: true
    });
  });

  it('a secret with a new value counts as changed', () => {
    expect(differences(present, [set('TOKEN', 'again', true)])[0]).toMatchObject({ effect: 'changed', secret: true });
  });
});

describe('the request', () => {
  it('names everything and gives only values that change', () => {
    expect(wanted(present, [set('HOST', 'b'), set('NEW', '', true)])).toEqual([
      { name: 'HOST', environment: 'all', scope: 'build', secret: false, value: 'b' },
      { name: 'TOKEN', environment: 'all', scope: 'build', secret: true },
      { name: 'HOST', environment: 'staging', scope: 'build', secret: false },
      { name: 'TOKEN', environment: 'all', scope: 'runtime', secret: true },
      { name: 'NEW', environment: 'all', scope: 'build', secret: true, value: '' }
    ]);
  });

  it('leaves out what goes, in its slot only', () => {
    const names = wanted(present, [remove('TOKEN')]).map(({ name, scope }) => `${scope} ${name}`);
    expect(names).toEqual(['build HOST', 'build HOST', 'runtime TOKEN']);
  });
});

describe('what others change meanwhile', () => {
  const before = [plain('A', '1'), plain('B', '1'), secret('S')];

  it('is no conflict where we change nothing', () => {
    const now = [plain('A', '2', late), plain('B', '1'), secret('S', late)];
    const intents = [set('A', '1'), set('B', '9'), set('S', null, true)];
    const { theirs, conflicts } = meanwhile(before, now, intents);
    expect(conflicts).toEqual([]);
    expect(theirs.map(({ name, effect }) => [name, effect])).toEqual([
      ['A', 'changed'],
      ['S', 'changed']
    ]);
    expect(rebase(before, now, intents, () => true)).toEqual([set('B', '9')]);
  });

  it('is a conflict where both change, and somebody decides', () => {
    const now = [plain('A', '2', late), secret('S', late)];
    const intents = [set('A', '3'), set('B', '9'), set('S', 'new', true)];
    const { conflicts } = meanwhile(before, now, intents);
    expect(conflicts.map(({ mine, theirs }) => [mine.name, theirs?.value])).toEqual([
      ['A', '2'],
      ['B', undefined],
      ['S', null]
    ]);
    expect(rebase(before, now, intents, () => true)).toEqual(intents);
    expect(rebase(before, now, intents, ({ mine }) => mine.name === 'B')).toEqual([set('B', '9')]);
  });

  it('is none where both do the same', () => {
    const now = [plain('A', '3', late)];
    expect(meanwhile(before, now, [set('A', '3'), remove('B'), remove('S')]).conflicts).toEqual([]);
  });

  it('variables they have added are not removed by a text that could not know them', () => {
    const now = [...before, plain('C', 'new', late)];
    const intents = intentsOfText(before, slot, parse('A=1').assignments, true);
    const list = wanted(now, rebase(before, now, intents, () => true));
    expect(list.map(({ name }) => name)).toEqual(['A', 'C']);
  });
});

describe('names that browsers get', () => {
  it.each(['NEXT_PUBLIC_KEY', 'VITE_KEY', 'PUBLIC_KEY', 'REACT_APP_KEY'])('%s', (name) => {
    expect(isReadableInBrowsers(name)).toBe(true);
  });
  it.each(['KEY', 'MY_PUBLIC_KEY', 'PUBLICKEY', 'VITEST_X'])('not %s', (name) => {
    expect(isReadableInBrowsers(name)).toBe(false);
  });
});
