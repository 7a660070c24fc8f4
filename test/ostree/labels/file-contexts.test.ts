import { describe, expect, it } from 'vitest';
import { type ContextRule, parseFileContexts } from '../../../src/ostree/labels/file-contexts.ts';

const file = '/usr/etc/selinux/pond/contexts/files/file_contexts';
const parse = (text: string) => parseFileContexts(Buffer.from(text, 'latin1'), file);
const shown = ({ kind, context, match }: ContextRule) => [
  kind,
  context,
  'path' in match ? match.path : `${match.prefix}…`,
];

describe('parseFileContexts', () => {
  it('tells paths from patterns, by what libselinux takes for text', () => {
    const rules = parse(
      [
        '# comment',
        '',
        ' /usr(/.*)?\tsystem_u:object_r:usr_t:s0',
        '/etc/a\\.conf -- system_u:object_r:etc_t:s0',
        '/a\\d -d x:y:z',
        '/b] -l x:y:z',
        '/dev/x -b x:y:b',
        '/dev/x -c x:y:c',
        '/x -p x:y:p',
        '/x -s x:y:s more is not read',
        '/tmp/.* <<none>>',
        '/one|/other x:y:z',
        '/a/b/c/d/(one)|/other x:y:z',
      ].join('\n'),
    );
    expect(rules.map(shown)).toEqual([
      [undefined, 'system_u:object_r:usr_t:s0', '/usr…'],
      ['file', 'system_u:object_r:etc_t:s0', '/etc/a.conf'],
      ['directory', 'x:y:z', '/a…'],
      ['symlink', 'x:y:z', '/b]…'],
      ['block', 'x:y:b', '/dev/x'],
      ['character', 'x:y:c', '/dev/x'],
      ['fifo', 'x:y:p', '/x'],
      ['socket', 'x:y:s', '/x'],
      [undefined, undefined, '/tmp/…'],
      [undefined, 'x:y:z', '…'],
      [undefined, 'x:y:z', '/a/b/c/…'],
    ]);
  });

  it.each([
    ['/a', `line 1 of ${file} has no context for /a`],
    ['/a -x x:y:z', `line 1 of ${file} has the unknown file type -x`],
    ['\n/ä x:y:z', `line 2 of ${file} has characters that are not ASCII`],
    ['/a x:y:\x80', `line 1 of ${file} has characters that are not ASCII`],
    [`/a ${'x'.repeat(1025)}`, `line 1 of ${file} has a context of 1025 characters`],
    ['/a( x:y:z', `line 1 of ${file} has a pattern that cannot be used, /a(: this group has no ")"`],
    ['/a(*F) x:y:z', `line 1 of ${file} has a pattern that cannot be used, /a(*F): verbs, (*…), are not known here`],
    [
      `/${'a?'.repeat(2100)} x:y:z`,
      `line 1 of ${file} has a pattern that cannot be used, /${'a?'.repeat(2100)}: it has 4201 characters; 4095 are accepted`,
    ],
    ['/\x1b[2J(x x:y:z', `line 1 of ${file} has a pattern that cannot be used, /\\x1b[2J(x: this class has no "]"`],
  ])('refuses %j', (text, message) => {
    expect(() => parse(text)).toThrow(expect.objectContaining({ code: 'SELINUX_POLICY', message }) as Error);
  });

  it('bounds what a hostile policy may have', () => {
    expect(() => parseFileContexts(Buffer.alloc((8 << 20) + 1), file)).toThrow(
      `${file} has 8388609 bytes; 8388608 are accepted`,
    );
    expect(() => parse('/a x\n'.repeat(100_001))).toThrow(`line 100001 of ${file} is one of more than 100000`);
  });
});
