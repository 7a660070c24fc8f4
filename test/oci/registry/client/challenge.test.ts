import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Challenge, parseChallenges } from '../../../../src/oci/registry/client/challenge.ts';

function parsed(header: string): [string, Record<string, string>][] {
  return parseChallenges(header).map(({ scheme, parameters }) => [scheme, Object.fromEntries(parameters)]);
}

test.each<[string, [string, Record<string, string>][]]>([
  ['', []],
  ['Basic realm="Registry"', [['basic', { realm: 'Registry' }]]],
  ['Negotiate', [['negotiate', {}]]],
  [
    'Bearer realm="https://auth.test/token",service="registry.test",scope="repository:os/example:pull,push"',
    [
      [
        'bearer',
        { realm: 'https://auth.test/token', service: 'registry.test', scope: 'repository:os/example:pull,push' },
      ],
    ],
  ],
  ['BEARER Realm = "a" , SERVICE=b', [['bearer', { realm: 'a', service: 'b' }]]],
  [
    'Negotiate, Basic realm="a", Bearer realm="b"',
    [
      ['negotiate', {}],
      ['basic', { realm: 'a' }],
      ['bearer', { realm: 'b' }],
    ],
  ],
  [
    'Negotiate YWJj+/==, Basic realm="a"',
    [
      ['negotiate', {}],
      ['basic', { realm: 'a' }],
    ],
  ],
  ['Bearer realm="with \\"quotes\\", and a \\\\"', [['bearer', { realm: 'with "quotes", and a \\' }]]],
  ['Bearer realm="first", realm="second"', [['bearer', { realm: 'first' }]]],
  [',, Basic realm="a",,', [['basic', { realm: 'a' }]]],
  [
    'Basic realm="a", Bearer realm="not closed',
    [
      ['basic', { realm: 'a' }],
      ['bearer', {}],
    ],
  ],
  ['"nonsense" Basic realm="a"', []],
])('reads %j', (header, expected) => {
  expect(parsed(header)).toEqual(expected);
});

const token = fc.stringMatching(/^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,12}$/);
const value = fc.string({ unit: fc.integer({ min: 0x20, max: 0x7e }).map((code) => String.fromCharCode(code)) });
const challenge = fc.record({
  scheme: token.map((text) => text.toLowerCase()),
  parameters: fc.dictionary(
    token.map((text) => text.toLowerCase()),
    value,
    { minKeys: 1, noNullPrototype: true },
  ),
});

test('reads any challenges that are written as RFC 9110 has it', () => {
  const quote = (text: string) => `"${text.replace(/["\\]/g, '\\$&')}"`;
  fc.assert(
    fc.property(fc.array(challenge, { maxLength: 4 }), (challenges) => {
      const header = challenges
        .map(({ scheme, parameters }) => {
          const list = Object.entries(parameters).map(([name, text]) => `${name}=${quote(text)}`);
          return `${scheme} ${list.join(', ')}`;
        })
        .join(', ');
      expect(parsed(header)).toEqual(challenges.map((one) => [one.scheme, one.parameters]));
    }),
  );
});

test('ends with any header, and finds nothing that is not in it', () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom('a', 'B', '=', '"', '\\', ',', ' ', '\t', '\n', '/') }), (header) => {
      const found: readonly Challenge[] = parseChallenges(header);
      for (const { scheme } of found) expect(header.toLowerCase()).toContain(scheme);
    }),
  );
});
