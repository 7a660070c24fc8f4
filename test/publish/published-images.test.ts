import { expect, it } from 'vitest';
import { formatPublishedImages, parsePublishedImages } from '../../src/publish/published-images.ts';

const sha256 = 'a'.repeat(64);
const images = {
  name: 'example',
  stream: 'stable',
  version: '13.0.0',
  architecture: 'x86_64',
  container: { image: 'quay.io/example/os', digest: `sha256:${sha256}` as const, 'ostree-commit': 'b'.repeat(64) },
  images: [
    {
      platform: 'qemu',
      format: 'qcow2.xz',
      'disk-size': 10_737_418_240,
      files: [{ role: 'disk' as const, name: 'example-13.0.0-qemu.x86_64.qcow2.xz', size: 10, sha256 }],
    },
  ],
  generator: 'cosa 1.0.0',
};

function parse(change: object) {
  return parsePublishedImages(JSON.stringify({ 'schema-version': '1.0.0', ...images, ...change }), 'images.json');
}

it('is read as it was written, with what others have added', () => {
  const text = Buffer.from(formatPublishedImages(images)).toString();
  expect(parsePublishedImages(text, 'x')).toEqual({ 'schema-version': '1.0.0', ...images });
  expect(parse({ 'schema-version': '1.7.0', note: { of: 'theirs' } })).toMatchObject({ note: { of: 'theirs' } });
});

it.each([
  [
    { 'schema-version': '2.0.0' },
    'PUBLISHED_NEWER',
    'images.json has the format 2.0.0, which this version does not know',
  ],
  [{ 'schema-version': 'one' }, 'PUBLISHED_INVALID', 'images.json: schema-version: expected three numbers'],
  [{ version: '../x' }, 'PUBLISHED_INVALID', 'images.json: version: expected a file name'],
  [{ images: [{ ...images.images[0], files: [] }] }, 'PUBLISHED_INVALID', /^images\.json: images\.0\.files: /],
  [
    { container: { ...images.container, digest: 'sha256:x' } },
    'PUBLISHED_INVALID',
    'images.json: container.digest: expected sha256: and 64 hexadecimal digits',
  ],
])('refuses %j', (change, code, message) => {
  expect(() => parse(change)).toThrow(
    expect.objectContaining({
      code,
      exitStatus: 4,
      message: typeof message === 'string' ? message : (expect.stringMatching(message) as string),
    }),
  );
});

it('refuses what is no JSON, and does not quote it', () => {
  expect(() => parsePublishedImages('<html>secret', 'images.json')).toThrow(
    expect.objectContaining({ code: 'PUBLISHED_INVALID', message: 'images.json: it is not JSON' }),
  );
});
