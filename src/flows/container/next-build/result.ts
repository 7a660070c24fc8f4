import { labelNames } from '../../../contract/labels.ts';
import type { Digest } from '../../../lib/digest.ts';
import type { Image } from '../../../oci/image.ts';
import { labelOf } from '../../../oci/image.ts';
import type { EncapsulatedImage } from '../../../ostree/encapsulate/types.ts';
import type { PushedBuild } from './push.ts';

/** What a build tells: for people and for `--json`. Sizes are in bytes. */
export interface BuildResult {
  unchanged: boolean;
  version: string;
  digest: Digest;
  /** A reference to it, by digest: in `oci/`, or where the previous container lies if that is up to date. */
  reference: string;
  /** Hex checksum of the ostree commit. */
  commit: string;
  layers: { total: number; new: number; reused: number };
  /** Compressed size of all layers. */
  size: number;
  /** What a host that runs the previous build downloads; `undefined` without a previous build. */
  updateSize: number | undefined;
  /** Where it went; `undefined` if nobody asked. */
  pushed: PushedBuild | undefined;
}

/** What is known before the build is brought anywhere. */
export type LocalResult = Omit<BuildResult, 'pushed' | 'reference'>;

/** The result of a build that was not needed. */
export function unchangedResult(previous: Image): LocalResult {
  const { layers } = previous.manifest;
  return {
    unchanged: true,
    version: labelOf(previous, labelNames.version) ?? '',
    digest: previous.descriptor.digest,
    commit: labelOf(previous, labelNames.commit) ?? '',
    layers: { total: layers.length, new: 0, reused: layers.length },
    size: sum(layers.map(({ size }) => size)),
    updateSize: 0,
  };
}

/** The result of a build that made a new container. */
export function builtResult(image: EncapsulatedImage, version: string, previous: Image | undefined): LocalResult {
  const reused = image.layers.filter((layer) => layer.reused).length;
  const known = new Set(previous?.manifest.layers.map(({ digest }) => digest));
  const descriptors = image.layers.map(({ descriptor }) => descriptor);
  return {
    unchanged: false,
    version,
    digest: image.descriptor.digest,
    commit: image.config.config?.Labels?.[labelNames.commit] ?? '',
    layers: { total: descriptors.length, new: descriptors.length - reused, reused },
    size: sum(descriptors.map(({ size }) => size)),
    updateSize:
      previous === undefined
        ? undefined
        : sum(descriptors.filter(({ digest }) => !known.has(digest)).map(({ size }) => size)),
  };
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
