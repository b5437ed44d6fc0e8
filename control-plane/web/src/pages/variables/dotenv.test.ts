import { describe, expect, it, test } from 'vitest';
import { KEPT_SECRET, LARGEST_VALUE_BYTES, parse, serialise } from './dotenv';

/** What a `<textarea>` does to text that is put into it. */
const throughTextField = (text: string) => text.replace(/\r\n?/g, '\n');

const pem = [
  '-----BEGIN PRIVATE KEY-----',
  'MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7VJTUt9Us8cKj',
  'MzEfYyjiWA4R4/M2bS1GB4t7NXp98C3SC6dVMvDuictGeurT8jNbvJZHtCSuYEvu',
  '-----END PRIVATE KEY-----',
  ''
].join('\n');

/** Values people have, and values that break editors of `.env` files. */
const corpus: [about: string, value: string][] = [
  ['empty', ''],
  ['a word', 'production'],
  ['a number', '8080'],
  ['a URL', 'https://user:pa%20ss@example.com:8443/a/b?c=d&e=f#top'],
  ['a connection string', 'postgres://app:p@ss=word@db:5432/app?sslmode=require'],
  ['equal signs', 'a=b=c=='],
  ['base64 padding', 'c2VjcmV0LXNlY3JldA=='],
  ['one space', ' '],
  ['spaces before', '  indented'],
  ['spaces behind', 'trailing  '],
  ['a tab', 'a\tb'],
  ['only a tab', '\t'],
  ['a tab behind', 'a\t'],
  ['words', 'two words'],
  ['a hash at the beginning', '#fff'],
  ['a hash within', 'a#b'],
  ['a hash after a space', 'a #b'],
  ['only a hash', '#'],
  ['a double quote', 'say "hello"'],
  ['a single quote', "it's"],
  ['a back quote', 'run `date`'],
  ['every quote', `"'\``],
  ['quotes around it', '"quoted"'],
  ['single quotes around it', "'quoted'"],
  ['an open quote', '"'],
  ['an open single quote', "'"],
  ['a backslash', 'C:\\new\\table'],
  ['a backslash at the end', 'ends with \\'],
  ['an escaped quote, literally', '\\"'],
  ['a newline as two characters', 'a\\nb'],
  ['a newline', 'a\nb'],
  ['only a newline', '\n'],
  ['a newline behind', 'a\n'],
  ['a newline before', '\na'],
  ['empty lines', 'a\n\n\nb'],
  ['CRLF', 'a\r\nb\r\n'],
  ['a lone carriage return', 'a\rb'],
  ['a private key', pem],
  ['a private key with CRLF', pem.replaceAll('\n', '\r\n')],
  ['a private key in one line', pem.replaceAll('\n', '\\n')],
  ['a lines that look like variables', 'A=1\nexport B=2\n# C=3'],
  ['JSON', '{"a": [1, 2], "b": "c\\nd", "e": null}'],
  ['JSON over lines', JSON.stringify({ a: { b: "it's", c: '$d' } }, null, 2)],
  ['a dollar', '$HOME'],
  ['a dollar in braces', '${HOME:-/root}'],
  ['a dollar beside a quote', "$it's"],
  ['an escaped dollar, literally', '\\$HOME'],
  ['a command', '$(rm -rf /)'],
  ['emoji', 'ship it 🚀 👩‍👩‍👧'],
  ['accents', 'größe naïve 日本語 عربى'],
  ['a byte order mark', '\uFEFFvalue'],
  ['a line separator', 'a\u2028b'],
  ['a no-break space around', '\u00a0a\u00a0'],
  ['an escape sequence', '\u001b[31mred\u001b[0m'],
  ['markup', '<img src=x onerror=alert(1)>'],
  ['the mark for kept secrets', KEPT_SECRET],
  ['export', 'export A=1'],
  ['a bcrypt hash', '$2b$10$N9qo8uLOickgx2ZMRZoMyeIjZAgcfl7p92ldGxad68LJZdL17lhWy'],
  ['as large as it may be', 'x'.repeat(LARGEST_VALUE_BYTES)]
];

test('the corpus is large', () => expect(corpus.length).toBeGreaterThanOrEqual(40));

describe('values come back exactly', () => {
  it.each(corpus)('%s', (_, value) => {
    const text = throughTextField(serialise([{ name: 'A', value }, { name: 'B', value: 'next' }]));
    const { assignments, errors } = parse(text);
    expect(errors).toEqual([]);
    expect(assignments.map(({ name, value }) => [name, value])).toEqual([
      ['A', value],
      ['B', 'next']
    ]);
  });

  it('all of them in one text, and the text itself', () => {
    const variables = corpus.map(([, value], index) => ({ name: `V${index}`, value }));
    const text = throughTextField(serialise(variables));
    const { assignments } = parse(text);
    expect(assignments.map(({ name, value }) => ({ name, value }))).toEqual(variables);
    expect(throughTextField(serialise(assignments))).toBe(text);
  });
});

const read = (text: string) => parse(text).assignments.map(({ name, value }) => [name, value]);

describe('text is read as the server reads it', () => {
  it.each<[string, [string, string][]]>([
    ['', []],
    ['# only a comment\n\n  \n', []],
    ['A=1\nB = two words \nexport C=3', [['A', '1'], ['B', 'two words'], ['C', '3']]],
    ['\ufeffA=1\r\nB=2\r\n', [['A', '1'], ['B', '2']]],
    ["A=\nB=''\nC=\"\"", [['A', ''], ['B', ''], ['C', '']]],
    ["A=1 # one\nB=#\nC=a#b\nD='#' # d", [['A', '1'], ['B', ''], ['C', 'a#b'], ['D', '#']]],
    ['A=https://x/?a=b&c=d#top', [['A', 'https://x/?a=b&c=d#top']]],
    [`A='it \\n $X'\nB="it\\n\\"$X\\"\\q"\nC=\`'"\``, [['A', 'it \\n $X'], ['B', 'it\n"$X"\\q'], ['C', `'"`]]],
    ['A="one\ntwo\r\n  three"\nB=x', [['A', 'one\ntwo\n  three'], ['B', 'x']]],
    ['A=1\nB=2\nA=3', [['B', '2'], ['A', '3']]],
    ['exported=1\nexport\tX=2', [['exported', '1'], ['X', '2']]],
    ['A={"a": "b c"}', [['A', '{"a": "b c"}']]]
  ])('%j', (text, expected) => expect(read(text)).toEqual(expected));
});

describe('errors name the line, and all of them are found', () => {
  const errors = (text: string, isBuild = false) =>
    parse(text, new Set(['TOKEN']), isBuild).errors.map(({ kind, line }) => [kind, line]);

  it.each<[string, [string, number][]]>([
    ['A=1\nhunter2', [['no_assignment', 2]]],
    ['A=1\nB C=2', [['no_assignment', 2]]],
    ['=1', [['no_assignment', 1]]],
    ['A=1\n2A=1\n\nB-C=1', [['bad_name', 2], ['bad_name', 4]]],
    ['\n\nA=\'1', [['unclosed_quote', 3]]],
    ['A="x\\', [['unclosed_quote', 1]]],
    ["A='1\n2' 3\nB=1", [['after_quote', 2]]],
    ['A="1\n2"\nB\n', [['no_assignment', 3]]],
    ['one\ntwo\nA=1\nthree', [['no_assignment', 1], ['no_assignment', 2], ['no_assignment', 4]]],
    [`${'N'.repeat(129)}=1`, [['long_name', 1]]],
    [`A=${'é'.repeat(LARGEST_VALUE_BYTES / 2 + 1)}`, [['value_too_large', 1]]],
    ['A=a\0b', [['null_character', 1]]],
    [`TOKEN=${KEPT_SECRET}\nOTHER=${KEPT_SECRET}`, [['nothing_kept', 2]]]
  ])('%.40j', (text, expected) => expect(errors(text)).toEqual(expected));

  it('names that change how programs start are refused for builds only', () => {
    expect(errors('LD_PRELOAD=x\nENV=x\nSLIPWAY_X=1\nENVIRONMENT=x', true)).toEqual([
      ['refused_name', 1],
      ['refused_name', 2],
      ['refused_name', 3]
    ]);
    expect(errors('LD_PRELOAD=x', false)).toEqual([]);
  });

  it('no more than the server takes', () => {
    const text = Array.from({ length: 501 }, (_, index) => `V${index}=1`).join('\n');
    expect(errors(text).map(([kind]) => kind)).toEqual(['too_many']);
  });

  it('no remark holds a value', () => {
    const { errors, warnings } = parse('hunter2\nA="hunter2\nB=hunter2 ');
    expect(JSON.stringify([errors, warnings])).not.toContain('hunter2');
  });
});

describe('a kept secret', () => {
  it('has no value, and in quotes is text', () => {
    const stored = new Set(['A', 'B']);
    const { assignments } = parse(`A=${KEPT_SECRET}\nB='${KEPT_SECRET}'`, stored);
    expect(assignments.map(({ value }) => value)).toEqual([null, KEPT_SECRET]);
  });

  it('is written as its mark', () => {
    expect(serialise([{ name: 'A', value: null }])).toBe(`A=${KEPT_SECRET}\n`);
  });
});

describe('warnings', () => {
  const warnings = (text: string) => parse(text).warnings.map(({ kind, line }) => [kind, line]);

  it('name the line that wins when a name is set twice', () => expect(warnings('A=1\nB=2\nA=3')).toEqual([['set_again', 3]]));
  it('tell of spaces that are lost', () => expect(warnings('A=1  \nB=2 # note')).toEqual([['trailing_space', 1]]));
  it('tell of spaces that are kept', () => expect(warnings("A='1 '")).toEqual([['trailing_space_in_quotes', 1]]));
});

test('half a megabyte is read in no time', () => {
  const text = Array.from({ length: 400 }, (_, index) => `V${index}="${'line\n'.repeat(250)}"`).join('\n');
  const began = performance.now();
  expect(parse(text).assignments).toHaveLength(400);
  expect(performance.now() - began).toBeLessThan(1000);
});
