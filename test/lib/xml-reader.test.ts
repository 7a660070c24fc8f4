import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { escapeXml } from '../../src/lib/xml.ts';
import { childrenNamed, childText, InvalidXmlError, parseXml } from '../../src/lib/xml-reader.ts';

describe('reading XML', () => {
  test('gives elements without the prefix of their namespace, attributes and text', () => {
    const root = parseXml(
      '<?xml version="1.0"?>\n<!-- a comment --><a xmlns:b="c"><b:x k="1 &amp; 2" l=\'&#x41;\'/> t&lt;<![CDATA[<raw>]]><y>u</y></a>\n',
    );
    expect(root.name).toBe('a');
    expect(root.text).toBe('t<<raw>');
    expect(childrenNamed(root, 'x')[0]?.attributes).toEqual(
      new Map([
        ['k', '1 & 2'],
        ['l', 'A'],
      ]),
    );
    expect(childText(root, 'y')).toBe('u');
    expect(childText(root, 'z')).toBeUndefined();
  });

  test('gives back whatever text was escaped', () => {
    const text = fc.string({ unit: 'binary' }).filter((value) => value === value.trim());
    fc.assert(
      fc.property(text, text, (attribute, content) => {
        const written = `<a k="${escapeXml(attribute)}">${escapeXml(content)}</a>`;
        const root = parseXml(written);
        const back = (value: string) => parseXml(`<a>${escapeXml(value)}</a>`).text;
        expect(escapeXml(root.attributes.get('k') ?? '')).toBe(escapeXml(attribute));
        expect(root.text).toBe(back(content));
      }),
      { numRuns: 300 },
    );
  });

  test('ends in a tree or in its own error, whatever stands there', () => {
    const piece = fc.constantFrom(
      '<a>',
      '</a>',
      '<b c="d"/>',
      '<!--',
      '-->',
      '<![CDATA[',
      ']]>',
      '&',
      '&lt;',
      'x',
      '"',
      '<?',
      '?>',
      '<!DOCTYPE a>',
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
        try {
          parseXml(pieces.join(''));
        } catch (error) {
          expect(error).toBeInstanceOf(InvalidXmlError);
        }
      }),
      { numRuns: 1000 },
    );
  });

  test.each([
    ['', 'it is not one element'],
    ['<a/><b/>', 'it is not one element'],
    ['text<a/>', 'it is not one element'],
    ['<a><b></a></b>', '</a> closes nothing'],
    ['<a>', '<a> is not closed'],
    ['<a k="1" k="2"/>', 'an element has k twice'],
    ['<a>&nbsp;</a>', '&nbsp; stands for nothing'],
    ['<!DOCTYPE a [<!ENTITY x "y">]><a>&x;</a>', 'what stands at character 1 is no element'],
    ['<a>'.repeat(40), 'its elements are deeper than 32'],
    [`<a>${'<b/>'.repeat(100_001)}</a>`, 'it has more than 100000 elements'],
    ['x'.repeat((8 << 20) + 1), 'it has more than 8388608 characters'],
  ])('refuses %#', (text, message) => {
    expect(() => parseXml(text)).toThrow(message);
  });
});
