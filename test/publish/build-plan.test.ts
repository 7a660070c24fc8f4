import { expect, it } from 'vitest';
import { mergeBuild, planBuild } from '../../src/publish/build-plan.ts';
import type { BuildToPublish } from '../../src/publish/build-to-publish.ts';
import { formatPublishedImages, parsePublishedImages } from '../../src/publish/published-images.ts';

const digest = `sha256:${'1'.repeat(64)}` as const;

function buildOf(...platforms: string[]): BuildToPublish {
  return {
    name: { stream: 'stable', version: '1', architecture: 'x86_64' },
    system: 'example',
    container: { digest, 'ostree-commit': 'c' },
    images: platforms.map((platform) => ({
      image: {
        platform,
        format: 'raw',
        files: [{ role: 'disk', name: `${platform}.raw`, size: 1, sha256: 'a'.repeat(64) }],
      },
      open: () => () => (async function* () {})(),
    })),
    generator: 'cosa 1',
  };
}

const merged = (build: BuildToPublish, before?: ReturnType<typeof mergeBuild>, signed: readonly string[] = []) =>
  mergeBuild(build, before, new Map(signed.map((name) => [name, `${name}.sig`])), 'there');
const names = (build: BuildToPublish, before?: ReturnType<typeof mergeBuild>, isSigned = false) =>
  planBuild(build, before, isSigned, 'there').map(({ file, isNew }) => `${isNew ? 'publish' : 'sign'} ${file.name}`);

it('adds to what is there, in one order, and keeps what it does not know', () => {
  const first = merged(buildOf('qemu'));
  const more = { ...first, 'schema-version': '1.3.0', note: 'of others' };
  const both = merged(buildOf('metal', 'aws'), more);
  expect(both).toMatchObject({ 'schema-version': '1.3.0', note: 'of others' });
  expect(both.images.map(({ platform }) => platform)).toEqual(['aws', 'metal', 'qemu']);
  expect(merged(buildOf('qemu', 'metal', 'aws'), both)).toEqual(both);
  const text = Buffer.from(formatPublishedImages(both)).toString();
  expect(parsePublishedImages(text, 'x')).toEqual(both);
});

it('has published what is missing, and signed what is not', () => {
  expect(names(buildOf('qemu', 'metal'))).toEqual(['publish qemu.raw', 'publish metal.raw']);
  const before = merged(buildOf('qemu'), undefined, ['qemu.raw']);
  expect(names(buildOf('qemu', 'metal'), before, true)).toEqual(['publish metal.raw']);
  expect(names(buildOf('qemu'), merged(buildOf('qemu')), true)).toEqual(['sign qemu.raw']);
  expect(names(buildOf('qemu'), merged(buildOf('qemu')))).toEqual([]);
});

it('keeps signatures that others have made', () => {
  const before = merged(buildOf('qemu'), undefined, ['qemu.raw']);
  expect(merged(buildOf('qemu', 'metal'), before).images[1]?.files[0]?.signature).toBe('qemu.raw.sig');
});

it('learns where the container is, and does not forget it', () => {
  const before = merged(buildOf('qemu'));
  const pushed = { ...buildOf('metal'), container: { digest, 'ostree-commit': 'c', image: 'quay.io/os' } };
  const after = merged(pushed, before);
  expect(after.container.image).toBe('quay.io/os');
  expect(merged(buildOf('aws'), after).container.image).toBe('quay.io/os');
});

it.each([
  [{ system: 'other' }, 'there: it is published with the name example, and not other'],
  [
    { container: { digest: `sha256:${'2'.repeat(64)}` as const, 'ostree-commit': 'c' } },
    `there: it is published with the container ${digest}, and not sha256:${'2'.repeat(64)}`,
  ],
])('refuses %j', (change, message) => {
  const before = merged(buildOf('qemu'));
  expect(() => names({ ...buildOf('qemu'), ...change }, before)).toThrow(
    expect.objectContaining({ code: 'PUBLISHED_DIFFERS', exitStatus: 4, message }),
  );
});

it('refuses other files of one image', () => {
  const before = merged(buildOf('qemu'));
  const [image] = buildOf('qemu').images;
  if (image === undefined) throw new Error('it has one');
  const other = (file: object) => ({
    ...buildOf(),
    images: [{ ...image, image: { ...image.image, files: image.image.files.map((one) => ({ ...one, ...file })) } }],
  });
  for (const [file, reason] of [
    [{ size: 2 }, /qemu\.raw is published with the checksum/],
    [{ name: 'x.raw' }, /its image for qemu \(raw\) has other files/],
    [{ role: 'kernel' }, /its image for qemu \(raw\) has other files/],
  ] as const) {
    expect(() => names(other(file), before)).toThrow(reason);
  }
});
