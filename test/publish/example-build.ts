import { sha256Hex } from '../../src/lib/digest.ts';
import type { PublishedBuild } from '../../src/publish/metadata/merge-release.ts';
import type { PublishedFile, PublishedImages } from '../../src/publish/published-images.ts';

export interface ExampleBuild {
  name?: string;
  stream?: string;
  version?: string;
  architecture?: string;
  /** Platform and format; all unless given. */
  images?: readonly (readonly [string, string])[];
}

const usualImages = [
  ['live-iso', 'iso'],
  ['live-pxe', 'pxe'],
  ['metal', 'raw.xz'],
  ['metal4k', 'raw.xz'],
  ['qemu', 'qcow2.xz'],
] as const;

/** The content of a published file: a few bytes that its name decides. */
export function exampleContent(name: string): Buffer {
  return Buffer.from(`content of ${name}\n`.repeat(20));
}

/** `images.json` of a build of an example, as it is after its reading. */
export function examplePublishedImages(build: ExampleBuild = {}): PublishedImages {
  const { name = 'example', stream = 'stable', version = '13.0.0', architecture = 'x86_64' } = build;
  const file = (platform: string, role: PublishedFile['role'], ending: string): PublishedFile => {
    const fileName = `${name}-${version}-${platform}.${architecture}${ending}`;
    const content = exampleContent(fileName);
    return {
      role,
      name: fileName,
      size: content.length,
      sha256: sha256Hex(content),
      ...(ending.endsWith('.xz') ? { 'uncompressed-size': 1, 'uncompressed-sha256': sha256Hex('x') } : {}),
      signature: `${fileName}.sig`,
    };
  };
  return {
    'schema-version': '1.0.0',
    name,
    stream,
    version,
    architecture,
    container: {
      image: 'registry.example.com/os/example',
      digest: `sha256:${sha256Hex(`${version} ${architecture}`)}`,
      'ostree-commit': sha256Hex(`commit ${version} ${architecture}`),
    },
    images: (build.images ?? usualImages).map(([platform, format]) => ({
      platform,
      format,
      files:
        format === 'pxe'
          ? [
              file('live-kernel', 'kernel', ''),
              file('live-initramfs', 'initramfs', '.img'),
              file('live-rootfs', 'rootfs', '.img'),
            ]
          : [file(platform, 'disk', `.${format}`)],
    })),
    generator: 'cosa 1.0.0',
  };
}

/** The same with its container in a registry. */
export function exampleBuild(build: ExampleBuild = {}): PublishedBuild {
  const images = examplePublishedImages(build);
  const { image = '', digest } = images.container;
  return { images, container: { image: `${image}:${images.version}`, 'digest-ref': `${image}@${digest}` } };
}
