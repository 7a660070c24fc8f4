import { Ajv } from 'ajv';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type LegacyBuild, legacyMeta, mergeMeta, parseLegacyMeta } from '../../../src/publish/legacy/meta.ts';
import { upstreamMetaSchema } from './meta-schema.ts';

const validate = new Ajv({ strict: false }).compile(upstreamMetaSchema);

const digest = `sha256:${'d1'.repeat(32)}` as const;

const build: LegacyBuild = {
  name: 'debian-coreos',
  id: '13.20260101.0',
  architecture: 'x86_64',
  commit: 'c0'.repeat(32),
  timestamp: '2026-01-01T02:03:04Z',
  labels: { 'com.coreos.stream': 'stable', 'coreos-assembler.image-config-checksum': '1c'.repeat(32) },
  config: { origin: 'https://git.example.com/config.git', commit: 'ab'.repeat(20), dirty: true },
  description: 'An example',
  digest,
  registry: { image: 'registry.example.com/os', listDigest: undefined, tags: ['stable', '13.20260101.0'] },
  images: {
    ostree: { path: 'os.ociarchive', sha256: 'a1'.repeat(32), size: 10, 'skip-compression': true },
    'oci-manifest': { path: 'os-manifest.json', sha256: 'd1'.repeat(32), size: 2, 'skip-compression': true },
    qemu: {
      path: 'os-qemu.qcow2.xz',
      sha256: 'b2'.repeat(32),
      size: 5,
      'uncompressed-sha256': 'b3'.repeat(32),
      'uncompressed-size': 50,
    },
  },
};

describe('legacyMeta', () => {
  it("is what upstream's schema asks for, with the digest that release tooling reads", () => {
    const meta = legacyMeta(build);
    expect(validate(meta), JSON.stringify(validate.errors)).toBe(true);
    expect(meta).toMatchObject({
      buildid: '13.20260101.0',
      'ostree-timestamp': '2026-01-01T02:03:04Z',
      'coreos-assembler.container-config-git': { commit: 'ab'.repeat(20), dirty: 'true' },
      'coreos-assembler.image-config-checksum': '1c'.repeat(32),
      'base-oscontainer': { image: 'registry.example.com/os', digest, tags: ['stable', '13.20260101.0'] },
    });
  });

  it('leaves out what the container does not say', () => {
    const meta = legacyMeta({ ...build, labels: {}, config: undefined, description: '', registry: undefined });
    expect(validate(meta), JSON.stringify(validate.errors)).toBe(true);
    expect(Object.keys(meta)).toEqual([
      'buildid',
      'name',
      'ostree-commit',
      'ostree-version',
      'ostree-timestamp',
      'coreos-assembler.basearch',
      'coreos-assembler.build-timestamp',
      'coreos-assembler.oci-imported',
      'coreos-assembler.oci-imported-labels',
      'images',
    ]);
  });
});

describe('mergeMeta', () => {
  const made = legacyMeta(build);

  it('changes nothing the second time', () => {
    const present = parseLegacyMeta(JSON.stringify(made), 'meta.json');
    expect(mergeMeta(present, made, 'meta.json')).toBe(present);
  });

  it('keeps all that others have put there', () => {
    const theirs = { amis: [{ name: 'us-east-1', hvm: 'ami-1', snapshot: 's' }], pkgdiff: [['bash', 1]] };
    const present = parseLegacyMeta(
      JSON.stringify({
        ...made,
        ...theirs,
        images: {
          aws: { path: 'a.vmdk', sha256: 'cc'.repeat(32), 'cloud-note': 1 },
          ostree: { ...build.images.ostree, extra: true },
        },
        'base-oscontainer': { image: 'registry.example.com/os', digest, tags: ['next'], comment: 'theirs' },
      }),
      'meta.json',
    );
    const merged = mergeMeta(present, made, 'meta.json');
    expect(validate(merged), JSON.stringify(validate.errors)).toBe(true);
    expect(merged).toMatchObject({
      ...theirs,
      images: { aws: { 'cloud-note': 1 }, ostree: { extra: true }, qemu: build.images.qemu },
      'base-oscontainer': { comment: 'theirs', tags: ['next', 'stable', '13.20260101.0'] },
    });
    expect(mergeMeta(merged, made, 'meta.json')).toBe(merged);
  });

  it('notes another registry beside the first one, once', () => {
    const mirror = legacyMeta({ ...build, registry: { image: 'mirror.example.com/os', tags: [] } });
    const merged = mergeMeta(made, mirror, 'meta.json');
    expect(merged['base-oscontainer']).toMatchObject({
      image: 'registry.example.com/os',
      'additional-images': [{ image: 'mirror.example.com/os', digest, tags: [] }],
    });
    expect(mergeMeta(merged, mirror, 'meta.json')).toBe(merged);
    expect(mergeMeta(merged, made, 'meta.json')).toBe(merged);
  });

  it('takes the compressed image for the one that was there uncompressed', () => {
    const raw = { path: 'os-qemu.qcow2', sha256: 'b3'.repeat(32), size: 50 };
    const before = legacyMeta({ ...build, images: { ...build.images, qemu: raw } });
    expect(mergeMeta(before, made, 'meta.json').images?.qemu).toEqual(build.images.qemu);
  });

  const other = 'ee'.repeat(32);
  const refused: readonly [what: string, present: object, message: string][] = [
    ['version', { buildid: '12' }, 'meta.json is of another build: buildid is 12, not 13.20260101.0'],
    [
      'commit',
      { 'ostree-commit': other },
      `meta.json is of another build: ostree-commit is ${other}, not ${build.commit}`,
    ],
    [
      'container',
      { images: { ...build.images, 'oci-manifest': { path: 'm', sha256: other } } },
      `meta.json is of another build: the digest of the container is ${other}, not ${'d1'.repeat(32)}`,
    ],
    [
      'container in a registry',
      { images: {}, 'base-oscontainer': { image: 'r', digest: `sha256:${other}` } },
      `meta.json is of another build: the digest of the container is ${other}, not ${'d1'.repeat(32)}`,
    ],
    [
      'file of one name',
      { images: { qemu: { path: 'os-qemu.qcow2.xz', sha256: other } } },
      `meta.json: os-qemu.qcow2.xz has the checksum ${other} there, not ${'b2'.repeat(32)}`,
    ],
  ];
  it.each(refused)('refuses another %s', (_what, present, message) => {
    const there = parseLegacyMeta(JSON.stringify({ ...made, ...present }), 'meta.json');
    expect(() => mergeMeta(there, made, 'meta.json')).toThrow(
      expect.objectContaining({ code: 'LEGACY_BUILD_DIFFERS', exitStatus: 4, message }),
    );
  });

  it('loses no image and no unknown key, whoever is first', () => {
    const image = fc.record({ path: fc.stringMatching(/^[a-d]\.img$/), sha256: fc.constant('ab'.repeat(32)) });
    const images = fc.dictionary(fc.constantFrom('qemu', 'metal', 'aws', 'gcp', 'theirs'), image, { maxKeys: 5 });
    fc.assert(
      fc.property(images, images, (first, second) => {
        const of = (added: typeof first) => legacyMeta({ ...build, images: { ...build.images, ...added } });
        const merged = mergeMeta(of(first), of(second), 'meta.json');
        expect(Object.keys(merged.images ?? {}).sort()).toEqual(
          [...new Set([...Object.keys(build.images), ...Object.keys(first), ...Object.keys(second)])].sort(),
        );
        expect(mergeMeta(merged, of(second), 'meta.json')).toBe(merged);
      }),
      { numRuns: 100 },
    );
  });
});

describe('parseLegacyMeta', () => {
  const good = { buildid: '1', name: 'os', 'ostree-commit': 'c0' };
  const bad: readonly [value: unknown, message: string][] = [
    [{ name: 'os' }, 'buildid: Invalid input: expected string, received undefined'],
    [
      { ...good, images: { ostree: { path: '../../../etc/passwd', sha256: 'aa'.repeat(32) } } },
      'images.ostree.path: is no file name',
    ],
    [
      { ...good, images: { ostree: { path: 'a\u001b[2J', sha256: 'aa'.repeat(32) } } },
      'images.ostree.path: is no file name',
    ],
    [{ ...good, images: { ostree: { path: 'a', sha256: 'short' } } }, 'images.ostree.sha256: is no checksum of sha256'],
    [
      { ...good, images: { ostree: { path: 'a', sha256: 'aa'.repeat(32), size: -1 } } },
      'images.ostree.size: Too small: expected number to be >=0',
    ],
    [{ ...good, 'base-oscontainer': { image: 'r', digest: 'latest' } }, 'base-oscontainer.digest: is no digest'],
  ];
  it.each(bad)('refuses %j', (value, reason) => {
    expect(() => parseLegacyMeta(JSON.stringify(value), 'https://x/meta.json')).toThrow(
      expect.objectContaining({
        code: 'LEGACY_RECORD_INVALID',
        exitStatus: 4,
        message: `https://x/meta.json is no record of a build: ${reason}`,
      }),
    );
  });
});
