import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { printable, printableLine } from '../../../src/cli/render/printable.ts';
import { progressText, rateText, shortProgressText } from '../../../src/cli/render/progress.ts';
import { table, visibleWidth } from '../../../src/cli/render/table.ts';

const hostile = fc.string({
  unit: fc.constantFrom('a', 'ü', '\u001b', '[', '3', '1', 'm', 'J', '\r', '\n', '\u009b', '\0'),
});

describe('printable', () => {
  test('lets no control character through but newline and tab', () => {
    fc.assert(fc.property(hostile, (text) => !/[^\P{Cc}\n\t]/u.test(printable(text, false))));
  });

  test('with colour, lets colour sequences through and nothing else', () => {
    fc.assert(
      fc.property(hostile, (text) => {
        const rest = printable(text, true).replace(/\p{Cc}\[[0-9;]*m/gu, '');
        return !/[^\P{Cc}\n\t]/u.test(rest);
      }),
    );
  });

  test('a line stays one line', () => {
    fc.assert(fc.property(hostile, (text) => !printableLine(text).includes('\n')));
  });
});

describe('table', () => {
  test('aligns by what is seen, not by colour sequences', () => {
    const green = (text: string) => `\u001b[32m${text}\u001b[39m`;
    expect(
      table(
        [
          ['a', green('bb'), '1'],
          ['ccc', 'd', '22'],
        ],
        [2],
      ),
    ).toBe(`a    ${green('bb')}   1\nccc  d   22`);
  });

  test('no rows, no text', () => {
    expect(table([])).toBe('');
    expect(visibleWidth('\u001b[1mx\u001b[22m')).toBe(1);
  });
});

describe('progress in words', () => {
  test.each([
    [{ done: 1204, total: undefined, unit: 'files' as const }, '1,204 files'],
    [{ done: 3, total: 12, unit: 'packages' as const }, '3 of 12 packages (25 %)'],
    [{ done: 110e6, total: 212e6, unit: 'bytes' as const }, '110 MB of 212 MB (51 %)'],
    [{ done: 5, total: 4, unit: 'layers' as const }, '5 of 4 layers (100 %)'],
    [{ done: 0, total: 0, unit: 'bytes' as const }, '0 B'],
  ])('%j', (progress, text) => {
    expect(progressText(progress)).toBe(text);
  });

  test('are shorter beside a bar', () => {
    expect(shortProgressText({ done: 110e6, total: 212e6, unit: 'bytes' })).toBe('51 % of 212 MB');
    expect(shortProgressText({ done: 31, total: 64, unit: 'layers' })).toBe('31 of 64 layers');
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
