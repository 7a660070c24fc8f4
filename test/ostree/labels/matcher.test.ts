import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type FileKind, parseFileContexts } from '../../../src/ostree/labels/file-contexts.ts';
import { type Matcher, matcherOf } from '../../../src/ostree/labels/matcher.ts';
import { parseSubstitutions } from '../../../src/ostree/labels/substitutions.ts';

const bytes = (text: string) => Buffer.from(text);

function matcher(contexts: string, subs = '', dist = ''): Matcher {
  return matcherOf({
    rules: parseFileContexts(bytes(contexts), 'file_contexts'),
    substitutions: [parseSubstitutions(bytes(subs), 'subs'), parseSubstitutions(bytes(dist), 'subs_dist')],
  });
}

describe('a matcher', () => {
  it('takes a path before all patterns, of patterns the last one, and of each what fits the kind', () => {
    const contextOf = matcher(`
      /usr/bin/one  u:r:literal
      /usr/bin/one  -d  u:r:directory
      /.*           u:r:all
      /usr(/.*)?    u:r:usr
      /usr/bin/.*   -- u:r:program
      /usr/bin/x.*  <<none>>
      /usr/.*/two   -l u:r:link
    `);
    const seen = (
      [
        ['/usr/bin/one', 'file'],
        ['/usr/bin/one', 'directory'],
        ['/usr/bin/two', 'file'],
        ['/usr/bin/two', 'symlink'],
        ['/usr/bin/xyz', 'file'],
        ['/usr/bin/xyz/two', 'symlink'],
        ['/usr', 'directory'],
        ['/etc', 'directory'],
        ['relative', 'file'],
      ] as const
    ).map(([path, kind]) => contextOf(path, kind));
    expect(seen).toEqual([
      'u:r:literal',
      'u:r:directory',
      'u:r:program',
      'u:r:link',
      undefined,
      'u:r:link',
      'u:r:usr',
      'u:r:all',
      undefined,
    ]);
  });

  it('substitutes directories: those of the machine first, each once, the last line that fits', () => {
    const contextOf = matcher(
      '/(.*)? u:r:root\n/home(/.*)? u:r:home\n/usr/lib(/.*)? u:r:lib\n/x(/.*)? u:r:x\n',
      '# comment\n/var/home /home\n/a /x\n/a /b\n/lone\n',
      '/b /usr/lib\n/home /x\n/top /\n',
    );
    const at = (path: string) => contextOf(path, 'file');
    expect(['/var/home/core', '/var/homeless', '/a/y', '/home', '/top/home', '/top', '//x//y/'].map(at)).toEqual([
      'u:r:x',
      'u:r:root',
      'u:r:lib',
      'u:r:x',
      'u:r:home',
      'u:r:root',
      'u:r:x',
    ]);
  });

  it('refuses more substitutions than a path can be compared with', () => {
    expect(() => parseSubstitutions(bytes('/a /b\n'.repeat(1001)), '/subs')).toThrow(
      '/subs has 1001 equivalent directories; 1000 are accepted',
    );
    expect(() => parseSubstitutions(Buffer.alloc(1048577), '/subs')).toThrow(
      '/subs has 1048577 bytes; 1048576 are accepted',
    );
  });

  it('ends, with an error, where patterns take too long', () => {
    const slow = Array.from({ length: 100 }, (_, index) => `/((a|b|.)*(a|.){200}){2}${index} u:r:t`).join('\n');
    const contextOf = matcher(slow);
    expect(() => {
      for (let index = 0; index < 100; index++) contextOf(`/${'ab'.repeat(2000)}${index}`, 'file');
    }).toThrow(
      expect.objectContaining({
        code: 'SELINUX_POLICY',
        message: "the SELinux policy's patterns take too long: matching takes too many steps",
      }) as Error,
    );
  });
});

describe('beside matchpathcon', () => {
  let directory: string;
  beforeAll(() => {
    directory = mkdtempSync(join(tmpdir(), 'cosa-labels-'));
  });
  afterAll(() => rmSync(directory, { recursive: true, force: true }));

  const kinds = [
    ['file', 'file'],
    ['directory', 'dir'],
    ['symlink', 'lnk_file'],
    ['socket', 'sock_file'],
  ] as const satisfies readonly (readonly [FileKind, string])[];

  const name = fc.constantFrom('a', 'b', 'ab', 'a.b', 'A', 'ä');
  const path = fc.array(name, { minLength: 1, maxLength: 4 }).map((names) => `/${names.join('/')}`);
  const part = fc.constantFrom(
    'a',
    'b',
    '[^/]+',
    '.*',
    'a?',
    '(a|b)',
    '\\.b',
    '[[:upper:]]',
    '(/.*)?',
    'a{1,2}',
    '\\w+',
    // What no automaton can do.
    '(a|b)\\.?\\1?',
    '(?!a)[^/]+',
    '(?>a|ab)',
    'a*+.',
    '(?i:a)',
  );
  const pattern = fc.array(part, { minLength: 1, maxLength: 4 }).map((parts) => `/${parts.join('/')}`);
  const rule = fc.tuple(pattern, fc.constantFrom('', '', '--', '-d', '-l', '-s'), fc.nat(9));
  const substitution = fc.tuple(fc.constantFrom('/a', '/b', '/a/b'), fc.constantFrom('/b', '/a/a', '/ab'));

  it('finds the same contexts in policies of all kinds', () => {
    fc.assert(
      fc.property(
        fc.array(rule, { minLength: 1, maxLength: 12 }),
        fc.uniqueArray(substitution, { maxLength: 3, selector: ([from]) => from }),
        fc.uniqueArray(path, { minLength: 20, maxLength: 60 }),
        (rules, substitutions, paths) => {
          // Two lines with one pattern for one kind are an error of the policy, not a question.
          const unique = new Map(
            rules.map(([source, type, context]) => [source, `${source} ${type} u:r:t${context}:s0`]),
          );
          const contexts = `${[...unique.values()].join('\n')}\n`;
          const subs = substitutions.map(([from, to]) => `${from} ${to}\n`).join('');
          const spec = join(directory, 'file_contexts');
          writeFileSync(spec, contexts);
          writeFileSync(`${spec}.subs`, subs);
          const contextOf = matcher(contexts, subs);
          for (const [kind, type] of kinds) {
            const args = ['-n', '-m', type, '-f', spec, ...paths];
            const expected = execFileSync('matchpathcon', args, { encoding: 'utf8' }).trim().split('\n');
            const found = paths.map((each) => contextOf(Buffer.from(each).toString('latin1'), kind) ?? '<<none>>');
            expect(found).toEqual(expected);
          }
        },
      ),
      { numRuns: 20 },
    );
  });
});
