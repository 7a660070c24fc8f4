import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isTag, matchingTags } from '../../src/oci/tag.ts';

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
