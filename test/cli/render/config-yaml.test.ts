import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { configYaml } from '../../../src/cli/render/config-yaml.ts';
import { terminalText } from '../../../src/cli/render/shown.ts';
import type { Json } from '../../../src/lib/canonical-json.ts';

test('values are short, and their places stand behind them', () => {
  const value = {
    name: '05core',
    release: 41,
    text: '41',
    empty: [],
    flags: { on: true, none: null },
    list: ['a b', 'a: b', "it's", '/usr/bin/x', '~', 'no'],
    scripts: ['#!/bin/sh\nset -e\n\ntrue\n', 'one\ntwo'],
    maps: [{ name: 'x', deep: { a: 1 } }],
  };
  const origins = new Map([
    ['/release', 'manifest.yaml:1:2'],
    ['/list/0', 'manifest.yaml:3:4'],
    ['/scripts/0', 'a.yaml:5:6'],
    ['/maps/0', 'b.yaml:7:8'],
  ]);
  const text = terminalText(configYaml(value, origins));
  expect(text).toBe(`name: 05core
release: 41 # manifest.yaml:1:2
text: "41"
empty: []
flags:
  "on": true
  none: null
list:
  - a b # manifest.yaml:3:4
  - "a: b"
  - "it's"
  - /usr/bin/x
  - "~"
  - "no"
scripts:
  - | # a.yaml:5:6
    #!/bin/sh
    set -e

    true
  - |-
    one
    two
maps:
  # b.yaml:7:8
  - name: x
    deep:
      a: 1`);
  expect(parse(text)).toEqual(value);
});

test.each(['1.1', '1.2'] as const)('every short word is read as the text that it is by YAML %s', (version) => {
  const signs = [...'019_eExobynf.:+-~=/ '];
  const longer = (words: string[]) => words.flatMap((word) => signs.map((sign) => word + sign));
  const two = longer(signs);
  const words = [
    ...signs,
    ...two,
    ...longer(two),
    ...longer(longer(two)).filter((word) => /^[e01.][-+_.\de]+$/i.test(word)),
  ];
  const text = `${terminalText(configYaml({ words }))}\n`;
  expect((parse(text, { version, merge: false }) as { words: unknown[] }).words).toEqual(words);
});

test('a reader gets back what was written', () => {
  const word = fc.oneof(
    fc.stringMatching(/^[ -~\n]{0,12}$/),
    fc.constantFrom(
      '0x1f',
      '1e3',
      '.5',
      '-',
      '- a',
      '? a',
      'a #b',
      'null',
      'True',
      '1_000',
      '0o7',
      '~',
      '<<',
      '=',
      '12:30:45',
      '7g',
      '1g2',
    ),
  );
  const json = fc.letrec((tie) => ({
    value: fc.oneof({ maxDepth: 3 }, word, fc.integer(), fc.boolean(), fc.constant(null), tie('list'), tie('map')),
    list: fc.array(tie('value'), { maxLength: 4 }),
    map: fc.dictionary(word, tie('value'), { maxKeys: 4 }),
  })).map;
  fc.assert(
    fc.property(json as fc.Arbitrary<Record<string, Json>>, (value) => {
      fc.pre(Object.keys(value).length > 0);
      const plainValue: unknown = JSON.parse(JSON.stringify(value));
      for (const version of ['1.1', '1.2'] as const) {
        expect(parse(`${terminalText(configYaml(value))}\n`, { version, merge: false })).toEqual(plainValue);
      }
    }),
    { numRuns: 300 },
  );
});
