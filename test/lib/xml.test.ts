import fc from 'fast-check';
import { expect, it } from 'vitest';
import { escapeXml, xml } from '../../src/lib/xml.ts';

it.each([
  ['markup', `<a b="c" d='e'>&</a>`, '&lt;a b=&quot;c&quot; d=&apos;e&apos;&gt;&amp;&lt;/a&gt;'],
  ['white space, which an attribute would lose', 'a\tb\r\nc', 'a&#9;b&#13;&#10;c'],
  ['characters that XML does not have', 'a\0b\u001bc\uffffd\ud800e', 'a\ufffdb\ufffdc\ufffdd\ufffde'],
  ['other languages', 'Größe 大 😀', 'Größe 大 😀'],
])('escapes %s', (_, text, expected) => {
  expect(escapeXml(text)).toBe(expected);
});

it('escapes every value of a template, and nothing else of it', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (value) => {
      const escaped = escapeXml(value);
      expect(xml`<a b="${value}">${value}${1}</a>`).toBe(`<a b="${escaped}">${escaped}1</a>`);
      expect(escaped).not.toMatch(/[<>"']/);
    }),
  );
});
