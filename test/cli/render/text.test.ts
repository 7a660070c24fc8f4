import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { message } from '../../../src/cli/render/lines.ts';
import { progressText, rateText, shortProgressText } from '../../../src/cli/render/progress.ts';
import { line, lines, ours, quoted, terminalText } from '../../../src/cli/render/shown.ts';
import { plainStyle, styleFor } from '../../../src/cli/render/style.ts';
import { table } from '../../../src/cli/render/table.ts';
import { cutToWidth, padded, visibleWidth } from '../../../src/cli/render/width.ts';
import { printable, printableJson } from '../../../src/lib/printable.ts';
import { hostileText, withoutOurColors } from './hostile.ts';

const color = styleFor({ isTTY: true }, {});
/** What a terminal does not show as it is. */
const hidden = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\p{Default_Ignorable_Code_Point}]/u;

describe('printable', () => {
  test.each([
    ['2\n13.0.9   stable', '2\\n13.0.9   stable'],
    ['\u001b[8mhidden\u001b[0m', '\\x1b[8mhidden\\x1b[0m'],
    ['a\u202egnp.exe\u2066', 'a\\u{202e}gnp.exe\\u{2066}'],
    ['\u009b31m\u007f\0\t\r', '\\x9b31m\\x7f\\x00\\t\\r'],
    ['a\u200bb\ufeff\u00ad\u3164\ufe0f', 'a\\u{200b}b\\u{feff}\\xad\\u{3164}\\u{fe0f}'],
    ['\u{e0041}\ud800\u2028', '\\u{e0041}\\u{d800}\\u{2028}'],
    ['Größe 名前 😀 → ✔', 'Größe 名前 😀 → ✔'],
  ])('%j', (text, expected) => {
    expect(printable(text)).toBe(expected);
  });

  test('JSON has its own escapes: readers see no difference', () => {
    fc.assert(
      fc.property(hostileText, (text) => {
        const json = printableJson(JSON.stringify({ [text]: [text] }, null, 2));
        expect(json.replaceAll('\n', '')).not.toMatch(hidden);
        expect(JSON.parse(json)).toEqual({ [text]: [text] });
      }),
    );
  });
});

describe('what is shown', () => {
  test('holds nothing of others but visible characters, whichever way it gets there', () => {
    fc.assert(
      fc.property(hostileText, (text) => {
        const shown = [
          line`${text} and ${color.bold(text)}${line`${text}`}`,
          color.dim(line`${text}${color.green(text)}`),
          padded(text, 9),
          cutToWidth(line`${color.red(text)}`, 5),
          table([[text, color.cyan(text)]], [1]),
        ];
        for (const one of shown) expect(withoutOurColors(terminalText(one))).not.toMatch(hidden);
        expect(terminalText(lines([text, color.bold(text)])).split('\n')).toHaveLength(2);
        expect(
          terminalText(
            table([
              [text, text],
              ['a', text],
            ]),
          ).split('\n'),
        ).toHaveLength(2);
      }),
    );
  });

  test('of a text with lines, none passes for one of ours', () => {
    fc.assert(
      fc.property(hostileText, (text) => {
        for (const part of terminalText(quoted(text)).split('\n')) expect(part).toMatch(/^ {2}\| /);
        const [first, ...rest] = terminalText(message(plainStyle.red('error:'), text)).split('\n');
        expect(first).toMatch(/^error: /);
        for (const part of rest) expect(part).toMatch(/^( {2}|$)/);
      }),
    );
  });

  test('keeps the words and colours that are ours', () => {
    expect(terminalText(line`a\n${color.bold('b')} ${1}`)).toBe('a\n\u001b[1mb\u001b[22m 1');
    expect(terminalText(plainStyle.bold('b'))).toBe('b');
    expect(terminalText(message(color.red('error:'), 'first\nsecond\n  third\n'))).toBe(
      '\u001b[31merror:\u001b[39m first\n  second\n  third\n',
    );
  });
});

describe('table', () => {
  test('aligns by what is seen, not by colour sequences', () => {
    const green = (text: string) => `\u001b[32m${text}\u001b[39m`;
    const rows = [
      ['a', color.green('bb'), 1],
      ['ccc', 'd', 22],
    ];
    expect(terminalText(table(rows, [2]))).toBe(`a    ${green('bb')}   1\nccc  d   22`);
  });

  test('knows characters that take two cells, and those that take none', () => {
    expect(
      terminalText(
        table([
          ['名前', 'x'],
          ['e\u0301', 'y'],
          ['😀', 'z'],
        ]),
      ),
    ).toBe('名前  x\ne\u0301     y\n😀    z');
    expect(terminalText(cutToWidth('名前', 3))).toBe('名');
  });

  test('no rows, no text', () => {
    expect(terminalText(table([]))).toBe('');
    expect(visibleWidth(ours('\u001b[1mx\u001b[22m'))).toBe(1);
  });
});

describe('progress in words', () => {
  test.each([
    [{ done: 1204, total: undefined, unit: 'files' as const }, '1,204 files'],
    [{ done: 3, total: 12, unit: 'packages' as const }, '3 of 12 packages (25 %)'],
    [{ done: 110e6, total: 212e6, unit: 'bytes' as const }, '110 MB of 212 MB (51 %)'],
    [{ done: 5, total: 4, unit: 'packages' as const }, '5 of 4 packages (100 %)'],
    [{ done: 0, total: 0, unit: 'bytes' as const }, '0 B'],
  ])('%j', (progress, text) => {
    expect(progressText(progress)).toBe(text);
  });

  test('are shorter beside a bar', () => {
    expect(shortProgressText({ done: 110e6, total: 212e6, unit: 'bytes' })).toBe('51 % of 212 MB');
    expect(shortProgressText({ done: 31, total: 64, unit: 'packages' })).toBe('31 of 64 packages');
    expect(shortProgressText({ done: 1204, total: undefined, unit: 'files' })).toBe('1,204 files');
  });

  test('speed is told once there is enough to judge by', () => {
    const progress = { done: 46e6, total: 138e6, unit: 'bytes' as const };
    expect(rateText(progress, 900)).toBe('');
    expect(rateText(progress, 2000)).toBe('23.0 MB/s, 4.0 s left');
    expect(rateText({ ...progress, total: undefined }, 2000)).toBe('23.0 MB/s');
    expect(rateText({ ...progress, unit: 'files' }, 2000)).toBe('');
  });
});
