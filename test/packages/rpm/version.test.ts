import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { run } from '../../../src/exec/run.ts';
import { tools } from '../../../src/exec/tools.ts';
import { compareVersions, formatEvr, parseEvr } from '../../../src/packages/rpm/version.ts';

/** What rpm itself says of pairs, each in one call of the program. */
async function rpmSays(pairs: readonly (readonly [string, string])[]): Promise<number[]> {
  const list = pairs.map(([a, b]) => `{[[${a}]],[[${b}]]}`).join(',');
  const code = `local r = {} for _, p in ipairs({${list}}) do r[#r + 1] = rpm.vercmp(p[1], p[2]) end print(table.concat(r, ' '))`;
  const { stdout } = await run(tools.rpm, ['--eval', `%{lua:${code}}`]);
  return stdout.trim().split(' ').map(Number);
}

const character = fc.constantFrom(...'01239abZ.~^+_');
const part = fc.string({ unit: character, minLength: 1, maxLength: 6 });
const evr = fc
  .tuple(fc.option(fc.nat({ max: 3 }), { nil: undefined }), part, fc.option(part, { nil: undefined }))
  .map(
    ([epoch, version, release]) =>
      `${epoch === undefined ? '' : `${epoch}:`}${version}${release === undefined ? '' : `-${release}`}`,
  );

describe('versions of rpm packages', () => {
  test('are ordered as rpm orders them', async () => {
    const pairs = fc.sample(fc.tuple(evr, evr), { numRuns: 3000, seed: 4 });
    const expected = await rpmSays(pairs);
    expect(pairs.map(([a, b]) => Math.sign(compareVersions(a, b)))).toEqual(expected);
  });

  test.each([
    ['1.0', '1.0', 0],
    ['1:1.0-1', '2.0-1', 1],
    ['0:1.0-1', '1.0-1', 0],
    ['1.0~rc1-1', '1.0-1', -1],
    ['1.0^git1-1', '1.0-1', 1],
    ['1.0^git1-1', '1.0.1-1', -1],
    ['1.0-1.fc42', '1.0-1.fc43', -1],
    ['1.0010', '1.9', 1],
    ['1.0a', '1.0.1', -1],
    ['1_0', '1.0', 0],
    ['1.0', '1.0-1', -1],
  ])('%s against %s', (a, b, expected) => {
    expect(Math.sign(compareVersions(a, b))).toBe(expected);
    expect(Math.sign(compareVersions(b, a))).toBe(0 - expected);
  });

  test('are read and written as lockfiles have them', () => {
    expect(formatEvr(parseEvr('0:1.0-1.fc42'))).toBe('1.0-1.fc42');
    expect(formatEvr(parseEvr('2:1.0-1.fc42'))).toBe('2:1.0-1.fc42');
    expect(parseEvr('1.0-1-2')).toEqual({ epoch: '0', version: '1.0-1', release: '2' });
    fc.assert(
      fc.property(evr, (text) => {
        expect(compareVersions(formatEvr(parseEvr(text)), text)).toBe(0);
      }),
    );
  });
});
