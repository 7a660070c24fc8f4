import { expect, test } from 'vitest';
import { formatRepomd, parseRepomd } from '../../../src/packages/rpm/repomd.ts';

const hex = 'a'.repeat(64);

function data(change: Readonly<Record<string, string>> = {}): string {
  const {
    type = 'primary',
    href = 'repodata/p.xml.gz',
    checksum = `<checksum type="sha256">${hex}</checksum>`,
    size = '<size>5</size>',
    open = '<open-size>9</open-size>',
  } = change;
  return `<data type="${type}">${checksum}<location href="${href}"/><timestamp>1764000001</timestamp>${size}${open}</data>`;
}

const repomd = (...parts: string[]) => `<repomd><revision>1764000000</revision>${parts.join('')}</repomd>`;

test('the index of indexes tells of each file how it is verified', () => {
  const text = repomd(
    data(),
    data({ type: 'filelists', href: 'repodata/f.xml.zst' }),
    data({ type: 'updateinfo', href: '../x' }),
  );
  expect(parseRepomd(text)).toEqual({
    timestamp: 1764000001,
    files: [
      { type: 'primary', path: 'repodata/p.xml.gz', size: 5, openSize: 9, digest: { algorithm: 'sha256', hex } },
      { type: 'filelists', path: 'repodata/f.xml.zst', size: 5, openSize: 9, digest: { algorithm: 'sha256', hex } },
    ],
  });
});

test('what is written for the solver says the same', () => {
  const { files, timestamp } = parseRepomd(repomd(data()));
  const written = formatRepomd(
    files.map((file) => ({ ...file, name: 'p.xml.gz' })),
    timestamp,
  );
  expect(parseRepomd(written)).toEqual({ files, timestamp });
});

test.each([
  ['no XML', 'text', 'it is not one element'],
  ['another document', '<html/>', 'it is <html>, and no <repomd>'],
  ['no list of packages', repomd(data({ type: 'filelists' })), 'it names no list of packages'],
  [
    'a path that leaves',
    repomd(data({ href: '../../etc/passwd' })),
    '"../../etc/passwd" is not a path below the repository',
  ],
  ['an absolute path', repomd(data({ href: '/etc/passwd' })), '"/etc/passwd" is not a path below the repository'],
  [
    'an address',
    repomd(data({ href: 'file:///etc/passwd' })),
    '"file:///etc/passwd" is not a path below the repository',
  ],
  [
    'a weak checksum',
    repomd(data({ checksum: '<checksum type="sha">aa</checksum>' })),
    'it names repodata/p.xml.gz by sha, which proves nothing',
  ],
  ['no checksum', repomd(data({ checksum: '' })), 'it names repodata/p.xml.gz by no checksum, which proves nothing'],
  ['no size', repomd(data({ size: '' })), 'it does not say how large repodata/p.xml.gz is'],
  ['far too many bytes', repomd(data({ size: '<size>9999999999</size>' })), 'repodata/p.xml.gz is far too large'],
  ['a bomb', repomd(data({ open: '<open-size>99999999999</open-size>' })), 'repodata/p.xml.gz is far too large'],
])('refuses %s', (_, text, message) => {
  expect(() => parseRepomd(text)).toThrow(message);
});
