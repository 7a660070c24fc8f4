import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parse, stringify } from 'yaml';
import { parseYaml, yamlPart } from '../../../src/lib/document/yaml.ts';

const text = `a:
  - one
  - b: two
c: &shared
  d: 1
e: *shared
`;

describe('positions', () => {
  const file = parseYaml(text, 'f.yaml');
  test.each([
    [[], 1, 1],
    [['a'], 2, 3],
    [['a', 0], 2, 5],
    [['a', 1, 'b'], 3, 8],
    [['c', 'd'], 5, 6],
    // Below an alias the anchor's node is the place; the alias itself stands where it stands.
    [['e'], 6, 4],
    [['e', 'd'], 5, 6],
    // What is not there has the place of its nearest parent's key.
    [['a', 9], 1, 1],
    [['c', 'x', 'y'], 4, 1],
  ])('value at %j', (path, line, column) => {
    expect(file.valuePosition(path)).toEqual({ file: 'f.yaml', line, column });
  });

  test('of keys', () => {
    expect(file.keyPosition(['c', 'd'])).toEqual({ file: 'f.yaml', line: 5, column: 3 });
    expect(file.keyPosition(['e'])).toEqual({ file: 'f.yaml', line: 6, column: 1 });
  });

  test('of a part count in the whole file', () => {
    const part = yamlPart(file, ['c'], { d: 1 });
    expect(part.keyPosition(['d'])).toEqual({ file: 'f.yaml', line: 5, column: 3 });
  });
});

test('an empty file is an empty map', () => {
  expect(parseYaml('# nothing\n', 'f').value).toEqual({});
});

test.each([
  ['a: [1, 2', 1, 9],
  ['a: 1\na: 2\n', 2, 1],
  ['a: 1\n\tb: 2\n', 2, 1],
  ['a: *nowhere\n', 1, 4],
  ['a: &b\n  - c: *b\n', 2, 8],
])('%j is refused at its place', (content, line, column) => {
  expect(() => parseYaml(content, 'f.yaml')).toThrowError(
    expect.objectContaining({
      code: 'CONFIG_SYNTAX',
      exitStatus: 2,
      message: expect.stringMatching(/^this is not valid YAML: /),
      where: { file: 'f.yaml', line, column },
    }),
  );
});

test('an alias bomb is refused', () => {
  const levels = ['a: &a [x, x, x, x, x, x, x, x, x, x]'];
  for (const [name, before] of ['ba', 'cb', 'dc', 'ed', 'fe', 'gf'].map((pair) => [pair[0], pair[1]])) {
    levels.push(`${name}: &${name} [${Array(10).fill(`*${before}`).join(', ')}]`);
  }
  expect(() => parseYaml(levels.join('\n'), 'f.yaml')).toThrowError(expect.objectContaining({ code: 'CONFIG_SYNTAX' }));
});

test('an anchor may be used as often as one likes', () => {
  const { value } = parseYaml(`a: &a {x: 1}\nb: [${Array(5000).fill('*a').join(', ')}]`, 'f.yaml');
  expect(value).toEqual({ a: { x: 1 }, b: Array(5000).fill({ x: 1 }) });
});

test.each([
  ['lists', '['.repeat(200_000)],
  ['maps', '{a: '.repeat(200_000)],
])('%s in each other without end are a syntax error', (_, text) => {
  expect(() => parseYaml(text, 'f.yaml')).toThrowError(
    expect.objectContaining({
      code: 'CONFIG_SYNTAX',
      message: 'this is not valid YAML: it is nested far too deeply',
      where: { file: 'f.yaml' },
    }),
  );
});

test('a large file of many keys, packages and aliases is read', () => {
  const keys = Array.from({ length: 30_000 }, (_, index) => `k${index}: *a`);
  const { value } = parseYaml(`a: &a 1\n${keys.join('\n')}`, 'f.yaml');
  expect(Object.keys(value as object)).toHaveLength(30_001);
});

test('the library’s own conversion gives the same data', () => {
  const text = 'a: &x [1, two, null, 3.5, true]\n? 12\n: *x\n? ~\n: {b: !!str 5}\n__proto__: c\nd: |\n  text\n';
  expect(parseYaml(text, 'f.yaml').value).toEqual(parse(text));
});

test('any text gives a value or a syntax error', () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom(...'ab:-[]{}&*#|>\'"\n\t !,?%@`') }), (content) => {
      try {
        const file = parseYaml(content, 'f');
        expect(file.valuePosition(['a', 0]).line).toBeGreaterThan(0);
      } catch (error) {
        expect(error).toMatchObject({ code: 'CONFIG_SYNTAX' });
      }
    }),
    { numRuns: 500 },
  );
});

test('the place of every value holds that value', () => {
  const key = fc.stringMatching(/^[a-z]{1,8}$/);
  const leaf = fc.stringMatching(/^[a-z]{1,8}$/);
  fc.assert(
    fc.property(fc.dictionary(key, fc.oneof(leaf, fc.array(leaf, { minLength: 1 }))), (value) => {
      const content = stringify(value);
      const lines = content.split('\n');
      const file = parseYaml(content, 'f');
      const at = (path: PropertyKey[]) => {
        const { line = 0, column = 0 } = file.valuePosition(path);
        return lines[line - 1]?.slice(column - 1);
      };
      for (const [name, member] of Object.entries(value)) {
        if (typeof member === 'string') expect(at([name])).toMatch(new RegExp(`^"?${member}"?$`));
        else
          for (const [index, item] of member.entries()) expect(at([name, index])).toMatch(new RegExp(`^"?${item}"?$`));
      }
    }),
  );
});
