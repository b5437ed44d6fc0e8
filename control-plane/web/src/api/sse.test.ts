import { describe, expect, it } from 'vitest';
import { EventParser } from './sse';

const TEXT = ': hello\r\n\r\nevent: log\nid: 7\ndata: {"a":1}\n\nid: 8\ndata: one\ndata:two\n\nevent: lost\n\ndata\n\n';
const EVENTS = [
  { name: 'log', data: '{"a":1}', id: '7' },
  { name: 'message', data: 'one\ntwo', id: '8' },
  { name: 'message', data: '', id: '8' },
];

describe('server-sent events', () => {
  it('are read whole', () => expect(new EventParser().push(TEXT)).toEqual(EVENTS));

  it('are the same wherever the stream is cut', () => {
    for (let cut = 0; cut <= TEXT.length; cut += 1) {
      const parser = new EventParser();
      expect([...parser.push(TEXT.slice(0, cut)), ...parser.push(TEXT.slice(cut))], `cut at ${cut}`).toEqual(EVENTS);
    }
    const parser = new EventParser();
    expect([...TEXT].flatMap((letter) => parser.push(letter))).toEqual(EVENTS);
  });

  it('end a line with CR, LF or both', () => {
    const parser = new EventParser();
    expect(parser.push('data: a\r\rdata: b\r\n\r\n')).toEqual([
      { name: 'message', data: 'a', id: '' }, { name: 'message', data: 'b', id: '' },
    ]);
  });

  it('have bounds', () => {
    const parser = new EventParser();
    expect(() => parser.push('x'.repeat(5_000_000))).toThrow(RangeError);
  });
});
