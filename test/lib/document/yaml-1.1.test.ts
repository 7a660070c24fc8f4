import { expect, test } from 'vitest';
import { parseYaml } from '../../../src/lib/document/yaml.ts';
import { asPyYaml } from '../../../src/lib/document/yaml-1.1.ts';

const read = (text: string) => parseYaml(`- ${text}\n`, 'a.yaml', asPyYaml).value;

// What PyYAML 6's safe_load says.
test.each<[text: string, value: unknown]>([
  ['yes', true],
  ['No', false],
  ['ON', true],
  ['off', false],
  ['True', true],
  ['tRue', 'tRue'],
  ['y', 'y'],
  ['010', 8],
  ['-010', -8],
  ['00', 0],
  ['08', '08'],
  ['0o17', '0o17'],
  ['0x1F', 31],
  ['0x', '0x'],
  ['0b11', 3],
  ['1_000', 1000],
  ['1_', 1],
  ['1e3', '1e3'],
  ['1e+3', '1e+3'],
  ['1.5e3', '1.5e3'],
  ['1.5e+3', 1500],
  ['1__0.5', 10.5],
  ['.5', 0.5],
  ['+.5', '+.5'],
  ['5.', 5],
  ['+12', 12],
  ['-0', 0],
  ['1:30', 90],
  ['-1:30', -90],
  ['01:30', '01:30'],
  ['1:60', '1:60'],
  ['09:30.5', 570.5],
  ['~', null],
  ['null', null],
  ['"yes"', 'yes'],
  ["'010'", '010'],
  ['!!str yes', 'yes'],
])('%s is read as PyYAML does', (text, value) => {
  expect(read(text)).toEqual([value]);
});

test('a key is read as a value, and written as JSON has it', () => {
  expect(parseYaml('on: 1\n010: 2\n', 'a.yaml', asPyYaml).value).toEqual({ true: 1, 8: 2 });
});

// What PyYAML 6's safe_load says.
test.each<[text: string, value: unknown]>([
  ['a: &a {x: 1, y: 2}\nb: {<<: *a, y: 3}\n', { x: 1, y: 3 }],
  ['a: &a {x: 1, y: 2}\nb: {y: 3, <<: *a}\n', { x: 1, y: 3 }],
  ['a: &a {x: 1}\nc: &c {x: 2, z: [4]}\nb: {<<: [*a, *c]}\n', { x: 1, z: [4] }],
  ['a: &a {x: 1}\nc: &c {x: 2}\nb: {<<: *a, <<: *c}\n', { x: 2 }],
  ['a: &a {x: 1}\nc: &c {<<: *a, y: 2}\nb: {<<: *c}\n', { x: 1, y: 2 }],
  ['b: {<<: {x: 1}}\n', { x: 1 }],
  ['b: {<<: []}\n', {}],
  ['b: {"<<": {x: 1}}\n', { '<<': { x: 1 } }],
  ['b: {!!str <<: {x: 1}}\n', { '<<': { x: 1 } }],
])('maps are merged as PyYAML does: %j', (text, value) => {
  expect((parseYaml(text, 'a.yaml', asPyYaml).value as { b: unknown }).b).toEqual(value);
});

test.each(['<<: 1', '<<: [{}, 1]', '<<: [[]]', '<<:'])('what is no map is not merged: %s', (text) => {
  expect(() => parseYaml(`a: 1\n${text}\n`, 'a.yaml', asPyYaml)).toThrow(
    expect.objectContaining({
      message: 'this is not valid YAML: "<<" takes a map, or a list of maps',
      where: { file: 'a.yaml', line: 2, column: 1 },
    }) as Error,
  );
});

test('maps that are merged many times over are bounded', () => {
  const lines = Array.from(
    { length: 24 },
    (_, index) => `a${index + 1}: &a${index + 1} {l: {<<: *a${index}}, r: {<<: *a${index}}}`,
  );
  expect(() => parseYaml(`a0: &a0 {x: 1}\n${lines.join('\n')}\n`, 'a.yaml', asPyYaml)).toThrow(/far more of this file/);
});
