import { expect, test } from 'vitest';
import { parseYaml } from '../../../src/lib/document/yaml.ts';
import { yaml11Scalar } from '../../../src/lib/document/yaml-1.1.ts';

const read = (text: string) => parseYaml(`- ${text}\n`, 'a.yaml', { scalarValue: yaml11Scalar }).value;

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
  expect(parseYaml('on: 1\n010: 2\n', 'a.yaml', { scalarValue: yaml11Scalar }).value).toEqual({ true: 1, 8: 2 });
});
