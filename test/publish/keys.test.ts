import fc from 'fast-check';
import { expect, it } from 'vitest';
import {
  buildFileKey,
  buildsPrefix,
  imagesKey,
  isKey,
  parseImagesKey,
  releaseIndexKey,
  releaseKey,
  streamKey,
  versionPrefix,
} from '../../src/publish/keys.ts';

const build = { stream: 'stable', version: '41.20260101.3.0', architecture: 'x86_64' };

it('are those of Fedora CoreOS', () => {
  expect(streamKey('stable')).toBe('streams/stable.json');
  expect(releaseIndexKey('stable')).toBe('prod/streams/stable/releases.json');
  expect(buildsPrefix('stable')).toBe('prod/streams/stable/builds/');
  expect(versionPrefix(build)).toBe('prod/streams/stable/builds/41.20260101.3.0/');
  expect(releaseKey(build)).toBe('prod/streams/stable/builds/41.20260101.3.0/release.json');
  expect(buildFileKey(build, 'a.iso')).toBe('prod/streams/stable/builds/41.20260101.3.0/x86_64/a.iso');
  expect(imagesKey(build)).toBe('prod/streams/stable/builds/41.20260101.3.0/x86_64/images.json');
});

it.each(['', '..', '.', '../x', 'a/b', '-x', '.x', 'a b', 'a\u202eb'])('are not made of the stream %j', (stream) => {
  expect(() => streamKey(stream)).toThrow(expect.objectContaining({ code: 'STORE_KEY', exitStatus: 4 }));
  expect(() => imagesKey({ ...build, version: stream })).toThrow(expect.objectContaining({ code: 'STORE_KEY' }));
});

it('are bounded', () => {
  const long = 'a'.repeat(250);
  expect(isKey(Array(32).fill('a').join('/'))).toBe(true);
  expect(isKey(Array(33).fill('a').join('/'))).toBe(false);
  expect(isKey(Array(4).fill(long).join('/'))).toBe(true);
  expect(isKey(Array(5).fill(long).join('/'))).toBe(false);
});

it('tell of which build an images.json is, and no other key does', () => {
  const part = fc.stringMatching(/^[A-Za-z0-9_][A-Za-z0-9._+~-]{0,20}$/);
  fc.assert(
    fc.property(part, part, part, (stream, version, architecture) => {
      expect(parseImagesKey(imagesKey({ stream, version, architecture }))).toEqual({ stream, version, architecture });
    }),
    { numRuns: 100 },
  );
  expect(parseImagesKey(releaseKey(build))).toBeUndefined();
  expect(parseImagesKey('prod/streams/../builds/1/x86_64/images.json')).toBeUndefined();
  expect(parseImagesKey(`x/${imagesKey(build)}`)).toBeUndefined();
});
