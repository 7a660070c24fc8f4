import { describe, expect, test } from 'vitest';
import { parseMetalink, parseMirrorlist } from '../../../src/packages/rpm/metalink.ts';

const hex = (digit: string) => digit.repeat(64);

describe('metalinks', () => {
  test('of version 3 give mirrors by preference, and what the index may be', () => {
    const text = `<?xml version="1.0" encoding="utf-8"?>
<metalink version="3.0" xmlns="http://www.metalinker.org/" xmlns:mm0="http://fedorahosted.org/mirrormanager">
 <files><file name="repomd.xml">
  <mm0:timestamp>1764000000</mm0:timestamp>
  <verification><hash type="md5">x</hash><hash type="sha256">${hex('a')}</hash></verification>
  <mm0:alternates><mm0:alternate><verification><hash type="sha256">${hex('B')}</hash></verification></mm0:alternate></mm0:alternates>
  <resources maxconnections="1">
   <url protocol="http" preference="90">http://two.example.com/f/repodata/repomd.xml</url>
   <url protocol="https" preference="100">https://one.example.com/f/repodata/repomd.xml</url>
   <url protocol="rsync" preference="99">rsync://three.example.com/f/repodata/repomd.xml</url>
   <url protocol="file" preference="98">file:///etc/repodata/repomd.xml</url>
   <url protocol="https" preference="97">https://four.example.com/other.xml</url>
  </resources>
 </file></files>
</metalink>`;
    expect(parseMetalink(text)).toEqual({
      mirrors: ['https://one.example.com/f/', 'http://two.example.com/f/'],
      digests: [
        { algorithm: 'sha256', hex: hex('a') },
        { algorithm: 'sha256', hex: hex('b') },
      ],
    });
  });

  test('of version 4 have priorities, the lower the better', () => {
    const text = `<metalink xmlns="urn:ietf:params:xml:ns:metalink"><file name="repomd.xml"><hash type="sha-256">${hex('c')}</hash>
      <url priority="2">http://b.example.com/repodata/repomd.xml</url><url priority="1">http://a.example.com/repodata/repomd.xml</url></file></metalink>`;
    expect(parseMetalink(text)).toEqual({
      mirrors: ['http://a.example.com/', 'http://b.example.com/'],
      digests: [{ algorithm: 'sha256', hex: hex('c') }],
    });
  });

  test('of a stranger cannot make many requests', () => {
    const urls = Array.from({ length: 1000 }, (_, index) => `<url>http://m${index}/repodata/repomd.xml</url>`);
    const text = `<metalink><files><file name="repomd.xml"><resources>${urls.join('')}</resources></file></files></metalink>`;
    expect(parseMetalink(text).mirrors).toHaveLength(200);
  });

  test.each([
    ['<html></html>', 'it is <html>, and no <metalink>'],
    ['<metalink>', '<metalink> is not closed'],
    ['<!DOCTYPE lolz [<!ENTITY a "b">]><metalink/>', 'what stands at character 1 is no element'],
  ])('%s is none', (text, message) => {
    expect(() => parseMetalink(text)).toThrow(message);
  });
});

test('lists of mirrors have an address a line', () => {
  const text =
    '# a comment\nhttp://a.example.com/x/\nhttps://b.example.com/y\nftp://c.example.com/\n/etc/\n\nhttp://a.example.com/x\n';
  expect(parseMirrorlist(text)).toEqual(['http://a.example.com/x/', 'https://b.example.com/y/']);
});
