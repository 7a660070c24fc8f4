import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isTag } from '../../src/oci/tag.ts';
import { matchingTags, splitTagPattern } from '../../src/oci/tag-pattern.ts';

describe('splitTagPattern', () => {
  it.each([
    ['docker://registry.example.com:5000/os/a:testing-*', 'docker://registry.example.com:5000/os/a', 'testing-*'],
    ['docker://registry.example.com/os:*', 'docker://registry.example.com/os', '*'],
    ['oci:/srv/oci:13.?', 'oci:/srv/oci', '13.?'],
    ['oci-archive:os.tar:*-candidate', 'oci-archive:os.tar', '*-candidate'],
    ['testing*', undefined, 'testing*'],
  ])('splits %s', (text, place, pattern) => {
    expect(splitTagPattern(text)).toEqual({ place, pattern });
  });

  it.each(['docker://registry.example.com/os:testing', 'testing', 'oci:dir', 'oci:/srv/a*b/oci', 'oci:di*r'])(
    'finds no pattern in %s',
    (text) => {
      expect(splitTagPattern(text)).toBeUndefined();
    },
  );

  it('refuses what no tag can look like', () => {
    expect(() => splitTagPattern('docker://registry.example.com/os:[ab]*')).toThrow(
      expect.objectContaining({
        code: 'TAG_PATTERN_INVALID',
        exitStatus: 2,
        message: 'reference "docker://registry.example.com/os:[ab]*": "[ab]*" is not a pattern for tags',
        hint: 'use letters, digits, "_", ".", "-", and "*" and "?" for what may be anything',
      }),
    );
  });
});

describe('matchingTags', () => {
  const tags = ['13.1', '13x1', 'testing', 'testing-candidate', `sha256-${'0'.repeat(64)}.sig`, 'sha256-notes'];

  it.each([
    ['testing*', ['testing', 'testing-candidate']],
    ['testing-*', ['testing-candidate']],
    ['13.?', ['13.1']],
    ['*.1', ['13.1']],
    ['sha256-*', ['sha256-notes']],
    ['*', ['13.1', '13x1', 'testing', 'testing-candidate', 'sha256-notes']],
  ])('knows what %s stands for', (pattern, expected) => {
    expect(matchingTags(pattern, tags)).toEqual(expected);
  });

  it('finds every tag that it was made of', () => {
    const tag = fc.string({ minLength: 1, maxLength: 20 }).filter((text) => isTag(text));
    fc.assert(
      fc.property(tag, fc.nat(), fc.nat(), (name, from, length) => {
        const begin = from % name.length;
        const end = Math.min(name.length, begin + (length % name.length) + 1);
        expect(matchingTags(`${name.slice(0, begin)}*${name.slice(end)}`, [name])).toEqual([name]);
        expect(matchingTags(`${name.slice(0, begin)}?${name.slice(begin + 1)}`, [name])).toEqual([name]);
      }),
    );
  });
});
