import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { jsonErrorPosition } from '../../../src/lib/document/json-position.ts';

describe('jsonErrorPosition', () => {
  const cases: [text: string, position: [line: number, column: number] | undefined][] = [
    ['{}', undefined],
    [' {"a": [1, -0.5e+3, true, null, "\\u00e9\\n"]} \n', undefined],
    ['', [1, 1]],
    ['{"a": 1,}', [1, 9]],
    ['{\n  "a": 1\n  "b": 2\n}', [3, 3]],
    ["{'a': 1}", [1, 2]],
    ['{"a" 1}', [1, 6]],
    ['[1, 2', [1, 6]],
    ['[1}', [1, 3]],
    ['{"a": 1} x', [1, 10]],
    ['{} {}', [1, 4]],
    ['"a\nb"', [1, 1]],
    ['[01]', [1, 3]],
    ['[,1]', [1, 2]],
  ];
  it.each(cases)('%j: %j', (text, position) => {
    expect(jsonErrorPosition(text)).toEqual(position && { line: position[0], column: position[1] });
  });

  it('finds its way through a string of many megabytes', () => {
    const long = 'a'.repeat(20 * 1024 * 1024);
    expect(jsonErrorPosition(`["${long}"`)).toEqual({ line: 1, column: long.length + 4 });
    expect(jsonErrorPosition(`["${long}`)).toEqual({ line: 1, column: 2 });
  });

  it('knows JSON from other text just as JSON.parse does', () => {
    const damaged = fc
      .tuple(fc.json(), fc.nat(), fc.constantFrom('', ',', '}', ']', '"', ':', '0', '-', ' ', '\\', 'x', '{', '\u0001'))
      .map(([text, at, insert]) => {
        const position = at % (text.length + 1);
        return text.slice(0, position) + insert + text.slice(insert === '' ? position + 1 : position);
      });
    fc.assert(
      fc.property(damaged, (text) => {
        expect(jsonErrorPosition(text) === undefined).toBe(isJson(text));
      }),
    );
  });
});

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
