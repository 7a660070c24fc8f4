import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { siteAddress, webAddress } from '../../../src/publish/site/markup/address.ts';
import { consoleText } from '../../../src/publish/site/markup/console-text.ts';
import { html, htmlText, preformatted } from '../../../src/publish/site/markup/html.ts';

describe('html', () => {
  it('escapes texts in elements and attributes', () => {
    const hostile = `"><script>alert('1')</script>&amp;`;
    expect(htmlText(html`<p title="${hostile}">${hostile}</p>`)).toBe(
      '<p title="&quot;&gt;&lt;script&gt;alert(&#39;1&#39;)&lt;/script&gt;&amp;amp;">' +
        '&quot;&gt;&lt;script&gt;alert(&#39;1&#39;)&lt;/script&gt;&amp;amp;</p>',
    );
  });

  it('shows what is hidden, and what turns a text around', () => {
    expect(htmlText(html`<b>${'a\u202eb\u0000\u200b\n'}</b>`)).toBe('<b>a\\u{202e}b\\x00\\u{200b}\\n</b>');
  });

  it('takes templates, lists, numbers and nothing', () => {
    expect(htmlText(html`<ul>${[1, undefined, html`<li>${'<'}</li>`]}</ul>`)).toBe('<ul>1<li>&lt;</li></ul>');
  });

  it.each([
    ['an attribute without quotes', () => html`<a class=${'x'}>`],
    ['an attribute between single quotes', () => html`<a class='${'x'}'>`],
    ['the name of an element', () => html`<${'x'}>`],
    ['the name of an attribute', () => html`<a ${'x'}>`],
    ['an event', () => html`<a onclick="${'x'}">`],
    ['a style', () => html`<a style="color: ${'x'}">`],
    ['a script', () => html`<script>${'x'}</script>`],
    ['a style sheet', () => html`<style>a { ${'x'} }</style>`],
    ['a comment', () => html`<!-- ${'x'} -->`],
    ['an address that is a text', () => html`<a href="${'javascript:alert(1)'}">`],
    ['an address behind another attribute', () => html`<a class="${'x'}" href="${'x'}">`],
    ['an address with something before it', () => html`<a href="builds/${'x'}">`],
  ])('refuses a value as %s', (_where, template) => {
    expect(template).toThrow(/^(a value cannot|only an address can) stand behind/);
  });

  it('lets no text out of its element or attribute', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const page = htmlText(html`<i title="${text}">${text}</i>${preformatted(text)}`);
        const [, attribute = '', element = '', lines = ''] =
          /^<i title="([^"<>]*)">([^<>"]*)<\/i>([^<>"]*)$/.exec(page) ?? [];
        expect(readEntities(attribute)).toBe(readEntities(element));
        expect(lines.replaceAll('\t', '').split('\n').length).toBe(text.split('\n').length);
        expect(Buffer.from(page).toString()).toBe(page);
      }),
    );
  });
});

function readEntities(text: string): string {
  return text
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&quot;', '"')
    .replaceAll('&#39;', "'")
    .replaceAll('&amp;', '&');
}

describe('addresses', () => {
  it.each([
    ['builds/1.0+a b.html', 1, '../builds/1.0%2Ba%20b.html'],
    ['index.html', 0, 'index.html'],
    ['builds/"><x>.html', 0, 'builds/%22%3E%3Cx%3E.html'],
  ])('of the site: %s', (path, depth, expected) => {
    expect(htmlText(html`<a href="${siteAddress(path, depth)}"></a>`)).toBe(`<a href="${expected}"></a>`);
  });

  it.each([
    'javascript:alert(1)',
    'JaVaScRiPt:alert(1)',
    ' https://example.com',
    'data:text/html,x',
    'file:///etc/passwd',
    'https://user:secret@example.com/',
    'https://example.com/a b',
    'https://exa mple.com',
    'https://',
    `https://example.com/${'a'.repeat(3000)}`,
    '//example.com',
  ])('elsewhere: not %s', (text) => {
    expect(webAddress(text)).toBeUndefined();
  });

  it('elsewhere: of HTTP, escaped', () => {
    const address = webAddress(`https://example.com/a?b='"<&c`);
    expect(address && htmlText(html`<a href="${address}"></a>`)).toBe(
      '<a href="https://example.com/a?b=%27%22%3C&amp;c"></a>',
    );
  });
});

describe('consoleText', () => {
  it.each([
    ['colours', '\u001b[0;1;31m[FAILED]\u001b[0m x', '[FAILED] x'],
    ['titles', '\u001b]0;title\u0007x', 'x'],
    ['cursor movements', 'a\u001b[2J\u001b[1;1Hb', 'ab'],
    ['what was written over', '10 %\r50 %\r100 %\r\nnext', '100 %\nnext'],
    ['ends', 'a\n\n', 'a'],
  ])('leaves out %s', (_what, text, expected) => {
    expect(consoleText(text)).toBe(expected);
  });
});
