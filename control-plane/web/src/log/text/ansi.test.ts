import { describe, expect, test } from 'vitest';
import { plainText, styleAfter, tokenize, webAddress } from './ansi';
import { classNames, contrast, paint, readable, rgbOf, type Palette, type Rgb } from './colour';
import { applySgr, BOLD, FAINT, INVERSE, ITALIC, PLAIN, STRIKE, UNDERLINE, type Style } from './style';

const ESC = '\u001b';
const sgr = (parameters: string, style: Style = PLAIN) => applySgr(style, parameters);
const shown = (text: string, start = PLAIN) =>
  tokenize(text, start).segments.map(({ text: piece, style }) => [piece, style.foreground, style.background, style.bits]);

describe('looks', () => {
  test('each parameter sets and unsets what it names', () => {
    for (const [on, off, bit] of [['1', '22', BOLD], ['2', '22', FAINT], ['3', '23', ITALIC], ['4', '24', UNDERLINE], ['7', '27', INVERSE], ['9', '29', STRIKE]] as const) {
      expect(sgr(on).bits).toBe(bit);
      expect(sgr(off, sgr(`${on};31`))).toBe(sgr('31'));
    }
    for (let colour = 0; colour < 8; colour++) {
      expect(sgr(`${30 + colour}`).foreground).toBe(colour);
      expect(sgr(`${40 + colour}`).background).toBe(colour);
      expect(sgr(`${90 + colour}`).foreground).toBe(colour + 8);
      expect(sgr(`${100 + colour}`).background).toBe(colour + 8);
    }
    expect(sgr('39;49', sgr('31;42'))).toBe(PLAIN);
    expect(sgr('', sgr('1;31;42'))).toBe(PLAIN);
    expect(sgr('0', sgr('1;31;42'))).toBe(PLAIN);
  });

  test('256 and true colours, with semicolons and with colons', () => {
    expect(sgr('38;5;208').foreground).toBe(208);
    expect(sgr('48;5;17;1')).toMatchObject({ background: 17, bits: BOLD });
    expect(sgr('38;2;1;2;3')).toBe(sgr('38:2:1:2:3'));
    expect(sgr('38;2;1;2;3')).toBe(sgr('38:2::1:2:3'));
    expect(sgr('38:5:208;3')).toMatchObject({ foreground: 208, bits: ITALIC });
    expect(sgr('4:3').bits).toBe(UNDERLINE);
    expect(sgr('4:0', sgr('4')).bits).toBe(0);
  });

  test('what is no colour changes nothing, and what follows it still counts', () => {
    expect(sgr('38;5;999;1').bits).toBe(BOLD);
    expect(sgr('38;2;1;2;300')).toBe(PLAIN);
    expect(sgr('38')).toBe(PLAIN);
    expect(sgr('38;9;1').bits & BOLD).toBe(BOLD);
    expect(sgr('77;123456789')).toBe(PLAIN);
  });
});

describe('lines', () => {
  test('are cut where the look changes', () => {
    expect(shown(`a${ESC}[1;31mb${ESC}[0mc`)).toEqual([['a', -1, -1, 0], ['b', 1, -1, BOLD], ['c', -1, -1, 0]]);
    expect(shown(`${ESC}[32m${ESC}[0mx`)).toEqual([['x', -1, -1, 0]]);
    expect(shown('')).toEqual([]);
  });

  test('begin with the look of the one before', () => {
    const { end } = tokenize(`${ESC}[31mred`, PLAIN);
    expect(shown('still', end)).toEqual([['still', 1, -1, 0]]);
    expect(styleAfter(`${ESC}[31mred`, PLAIN)).toBe(end);
    expect(styleAfter(`${ESC}]0;${ESC}[32m\u0007x${ESC}[1m`, PLAIN)).toBe(tokenize(`${ESC}]0;${ESC}[32m\u0007x${ESC}[1m`, PLAIN).end);
  });

  test('show nothing of other sequences', () => {
    for (const [line, text] of [
      [`${ESC}]0;title\u0007after`, 'after'],
      [`${ESC}]52;c;cm0gLXJmIC8=\u0007x`, 'x'],
      [`${ESC}[2J${ESC}[Hgone`, 'gone'],
      [`${ESC}[?25lhidden cursor${ESC}[?25h`, 'hidden cursor'],
      [`${ESC}Pq#0${ESC}\\x`, 'x'],
      [`${ESC}(Bascii`, 'ascii'],
      [`${ESC}_apc${ESC}\\x${ESC}^pm\u0007y`, 'xy'],
      [`${ESC}[31`, ''],
      [`end${ESC}`, 'end'],
      [`a\u202eb\u2066c\u0000\u009bd`, 'abcd'],
      ['tab\tstays', 'tab\tstays'],
      ['ärger → 日本 🎉', 'ärger → 日本 🎉'],
    ] as const) {
      expect(plainText(line)).toBe(text);
    }
  });

  test('keep only the last state of what redraws itself', () => {
    expect(plainText('10%\r20%\r100%')).toBe('100%');
    expect(plainText('windows\r')).toBe('windows');
    expect(plainText(`${ESC}[31m10%\r20%`)).toBe('20%');
    expect(shown(`${ESC}[31m10%\r20%`)).toEqual([['20%', 1, -1, 0]]);
    expect(plainText('|\b/\b-\b\\\b done')).toBe(' done');
    expect(plainText('N\bNA\bAM\bME\bE')).toBe('NAME');
    expect(plainText('\b\b\bx')).toBe('x');
    expect(plainText('a🎉\bb')).toBe('ab');
  });

  test('have a bounded number of looks', () => {
    const line = Array.from({ length: 10_000 }, (_, n) => `${ESC}[3${n % 8}mx`).join('');
    const { segments } = tokenize(line, PLAIN);
    expect(segments.length).toBeLessThanOrEqual(2000);
    expect(segments.map(({ text }) => text).join('')).toBe('x'.repeat(10_000));
  });

  test('of a megabyte of sequences take no time', () => {
    const began = performance.now();
    plainText(`${ESC}[`.repeat(500_000));
    plainText(`${ESC}]8;;`.repeat(250_000));
    plainText('\b\r'.repeat(500_000));
    expect(performance.now() - began).toBeLessThan(3000);
  });
});

describe('hyperlinks', () => {
  const href = (address: string, end = '\u0007') => tokenize(`${ESC}]8;;${address}${end}x${ESC}]8;;${end}y`, PLAIN).segments[0]?.href;

  test('lead to the web and nowhere else', () => {
    expect(href('https://example.com/a')).toBe('https://example.com/a');
    expect(href('http://example.com', `${ESC}\\`)).toBe('http://example.com/');
    for (const address of ['javascript:alert(1)', 'JaVaScRiPt:alert(1)', 'data:text/html,x', 'vbscript:x', 'file:///etc/passwd', ' https://example.com', '//example.com', 'https://', `https://example.com/${'a'.repeat(3000)}`]) {
      expect(href(address), address).toBeUndefined();
    }
    expect(webAddress('https://exa\u202emple.com')).toBeUndefined();
  });

  test('end where they end', () => {
    const { segments } = tokenize(`${ESC}]8;id=1;https://example.com\u0007in${ESC}]8;;\u0007out`, PLAIN);
    expect(segments.map(({ text, href: to }) => [text, to])).toEqual([['in', 'https://example.com/'], ['out', undefined]]);
  });
});

describe('colours', () => {
  const parseHex = (hex: string) => [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16)) as unknown as Rgb;
  const dark: Palette = {
    text: [230, 237, 243],
    grounds: ['#0b0f14', '#3c1618', '#332600', '#10304f'].map((hex) => parseHex(hex)),
    sixteen: Array.from({ length: 16 }, (): Rgb => [255, 123, 114]),
  };
  const light: Palette = { ...dark, text: [31, 35, 40], grounds: ['#ffffff', '#ffebe9', '#fff8c5', '#ddf4ff'].map((hex) => parseHex(hex)) };

  test('of the 256 are those of xterm', () => {
    expect(rgbOf(16, dark)).toEqual([0, 0, 0]);
    expect(rgbOf(208, dark)).toEqual([255, 135, 0]);
    expect(rgbOf(231, dark)).toEqual([255, 255, 255]);
    expect(rgbOf(232, dark)).toEqual([8, 8, 8]);
    expect(rgbOf(255, dark)).toEqual([238, 238, 238]);
  });

  test('are readable on every line, whatever is asked for', () => {
    for (const palette of [dark, light]) {
      for (let colour = 16; colour < 256; colour++) {
        const made = readable(rgbOf(colour, palette), palette.grounds);
        for (const ground of palette.grounds) expect(contrast(made, ground)).toBeGreaterThanOrEqual(4.5);
      }
    }
  });

  test('of text on a ground of its own are readable there', () => {
    for (const palette of [dark, light]) {
      for (const parameters of ['48;5;196', '48;5;16;38;5;17', '7', '7;33', '38;2;120;120;120;48;2;121;121;121', '41;97']) {
        const { color, background } = paint(sgr(parameters), palette);
        const rgb = (text: string | undefined) => text!.match(/\d+/g)!.map(Number) as unknown as Rgb;
        expect(contrast(rgb(color), rgb(background)), parameters).toBeGreaterThanOrEqual(4.5);
      }
    }
  });

  test('of the sixteen are classes', () => {
    expect(classNames(sgr('1;31'))).toBe('sgr-bold sgr-1');
    expect(paint(sgr('1;31'), dark)).toEqual({});
    expect(classNames(sgr('2'))).toBe('sgr-faint');
    expect(classNames(sgr('2;31'))).toBe('sgr-1');
    expect(classNames(sgr('41'))).toBe('');
  });
});
