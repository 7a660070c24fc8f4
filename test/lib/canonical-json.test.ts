import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { canonicalJson, type Json, prettyJson } from '../../src/lib/canonical-json.ts';

describe('canonicalJson', () => {
  it('sorts keys by bytes and leaves undefined out', () => {
    expect(canonicalJson({ b: 1, a: [{ d: undefined, c: null }], é: 2, Z: 3 })).toBe(
      '{"Z":3,"a":[{"c":null}],"b":1,"é":2}',
    );
  });

  it('keeps a key named __proto__ a key', () => {
    expect(canonicalJson(JSON.parse('{"__proto__":{"x":1}}') as Json)).toBe('{"__proto__":{"x":1}}');
  });

  it('means the same as JSON.stringify', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(JSON.parse(canonicalJson(value as Json))).toEqual(JSON.parse(JSON.stringify(value)));
        expect(JSON.parse(prettyJson(value as Json))).toEqual(JSON.parse(JSON.stringify(value)));
      }),
    );
  });

  it('does not depend on the order of insertion', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.integer()), (object) => {
        const reversed = Object.fromEntries(Object.entries(object).reverse());
        expect(canonicalJson(reversed)).toBe(canonicalJson(object));
      }),
    );
  });
});
